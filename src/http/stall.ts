// Stalled connections. Node closes one on which no byte moved for the server's timeout, in either direction; that is right
// for a client that stopped sending or reading, and wrong while the server itself works on a complete request.
import type { Socket } from 'node:net';
import type { FastifyInstance, onRequestHookHandler } from 'fastify';

/**
 * For requests that change something, since their handling may take longer than the timeout: committing a large upload, or
 * mounting one across file systems, moves no byte on the connection. Pulls keep Node's own behaviour.
 */
export function keepWhileWorking(app: FastifyInstance): void {
  const watchTimeout: onRequestHookHandler = ({ raw: request }, { raw: response }, done) => {
    response.on('timeout', (socket: Socket) => {
      const isBodyAwaited = !request.complete && request.readableLength === 0;
      const isAnswerUnread = socket.writableLength > 0;
      if (isBodyAwaited || isAnswerUnread) socket.destroy();
      else socket.setTimeout(socket.timeout ?? 0);
    });
    done();
  };
  app.addHook('onRoute', (route) => {
    if (route.method === 'GET' || route.method === 'HEAD') return;
    route.onRequest = [...[route.onRequest ?? []].flat(), watchTimeout];
  });
}
