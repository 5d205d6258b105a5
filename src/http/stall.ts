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
    // There it is a matter of each stream (http2-sessions.ts).
    if (request.httpVersionMajor === 2) return done();
    response.on('timeout', (socket: Socket) => {
      const isBodyAwaited = !request.complete && request.readableLength === 0;
      if (isStalled(isBodyAwaited, socket.writableLength)) socket.destroy();
      else socket.setTimeout(socket.timeout ?? 0);
    });
    done();
  };
  app.addHook('onRoute', (route) => {
    if (route.method === 'GET' || route.method === 'HEAD') return;
    route.onRequest = [...[route.onRequest ?? []].flat(), watchTimeout];
  });
}

/** The client is the one to move: it owes us of its body, or has not taken what was written to it. */
export function isStalled(isBodyAwaited: boolean, unsentBytes: number): boolean {
  return isBodyAwaited || unsentBytes > 0;
}
