// Stalled connections. Node closes one on which no byte moved for the server's timeout, in either direction; that is right
// for a client that stopped sending or reading, and wrong while the server itself works on a complete request.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** For requests whose handling may take longer than the timeout: committing a large upload moves no byte on the connection. */
export function keepWhileWorking(request: IncomingMessage, response: ServerResponse): void {
  response.on('timeout', (socket: Socket) => {
    const isBodyAwaited = !request.complete && request.readableLength === 0;
    const isAnswerUnread = socket.writableLength > 0;
    if (isBodyAwaited || isAnswerUnread) socket.destroy();
    else socket.setTimeout(socket.timeout ?? 0);
  });
}
