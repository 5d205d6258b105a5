// Answering before the request's body was read. A client that still sends must be able to read the refusal, and nobody may
// make us read without end: the rest is drained for so many bytes and so long, then the connection closes.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';

const drainBytes = 16 * 1024 * 1024;
const drainMs = 2_000;

export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

export function hasUnreadBody(request: IncomingMessage): boolean {
  return hasBody(request) && !request.readableEnded && !request.destroyed;
}

/** True when the answer must say that the connection closes: there is more than we drain, or it is unknown whether there is. */
export function mustClose(request: FastifyRequest): boolean {
  const length = request.headers['content-length'];
  return length === undefined || Number(length) > drainBytes || isContinueAwaited(request);
}

/**
 * Ends an answer whose head and body are written once the client has sent the rest of its body, or had enough time to read
 * the answer. Beyond the bytes that are drained nothing is read any more, but the connection stays for that time: closing it
 * with unread bytes resets it, and a reset takes an answer with it that the client has not read yet.
 */
export function endAfterBody(request: IncomingMessage, response: ServerResponse): void {
  let left = drainBytes;
  const onData = (chunk: Uint8Array) => {
    left -= chunk.byteLength;
    if (left < 0) request.off('data', onData).pause();
  };
  const end = () => {
    clearTimeout(timer);
    request.off('data', onData).off('end', end).off('close', end);
    response.end();
  };
  const timer = setTimeout(() => {
    end();
    request.socket.destroySoon();
  }, drainMs);
  request.on('data', onData).on('end', end).on('close', end);
  request.resume();
}

/** The client waits to be told to send its body (`Expect: 100-continue`). */
function isContinueAwaited(request: FastifyRequest): boolean {
  return request.headers.expect !== undefined && request.raw.httpVersionMinor === 1 && !request.isContinued;
}

/** To be called when a body is about to be read, so that a refused request is never told to send it. */
export function expectBody(request: FastifyRequest, reply: FastifyReply): void {
  if (!isContinueAwaited(request)) return;
  request.isContinued = true;
  reply.raw.writeContinue();
}
