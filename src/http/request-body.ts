// Request bodies: a stream for uploads, or a buffer that is never larger than its limit.
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import { RegistryError } from '../oci/error-code.ts';
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

/** The whole body. Refuses what is larger with MANIFEST_INVALID (413): by its declared length before a byte is read, else at the limit. */
export async function bufferedBody(request: FastifyRequest, reply: FastifyReply, limit: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  const body = streamedBody(request, reply);
  return body === undefined ? Buffer.alloc(0) : collect(body, limit);
}

function collect(body: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      body.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
      act();
    };
    const onData = (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size > limit) settle(() => reject(tooLarge(limit)));
      else chunks.push(chunk);
    };
    const onEnd = () => settle(() => resolve(Buffer.concat(chunks, size)));
    const onError = (error: Error) => settle(() => reject(error));
    const onClose = () => settle(() => reject(new Error('the connection closed within the body')));
    body.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
  });
}

function tooLarge(limit: number): RegistryError {
  return new RegistryError('MANIFEST_INVALID', {
    status: 413,
    message: 'manifest too large',
    detail: `at most ${limit} bytes`,
  });
}
