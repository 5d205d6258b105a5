// Request bodies as they come: a stream for uploads. Those that are held whole are in buffered-bodies.ts.
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import { expectBody, hasBody } from './unread-body.ts';

/**
 * Fastify would refuse a Content-Type that is none with 415. For blobs it does not matter, and for manifests the registry says
 * what is wrong with it, so Fastify does not get to see it; it stays in `request.raw.headers`.
 */
export function acceptAnyContentType(app: FastifyInstance): void {
  const hideContentType: onRequestHookHandler = (request, _reply, done) => {
    request.headers = { 'content-type': undefined };
    done();
  };
  app.addHook('onRoute', (route) => {
    if (route.method === 'GET' || route.method === 'HEAD') return;
    route.onRequest = [...[route.onRequest ?? []].flat(), hideContentType];
  });
}

/** The body as it comes; undefined when there is none. From here on the client is told to send it. */
export function streamedBody(request: FastifyRequest, reply: FastifyReply): IncomingMessage | undefined {
  if (!hasBody(request.raw)) return undefined;
  expectBody(request, reply);
  return request.raw;
}

/**
 * True where each piece of the body has memory of its own, which nobody else looks at: what a connection of HTTP/1.1 brought. What a program hands
 * over itself (`inject`) is the program's, and pieces of HTTP/2 are parts of what was read for all streams.
 */
export function hasOwnBytes({ socket, httpVersionMajor }: IncomingMessage): boolean {
  return socket instanceof Socket && httpVersionMajor === 1;
}
