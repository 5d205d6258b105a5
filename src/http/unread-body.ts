// Answering before the request's body was read. A client that still sends must be able to read the refusal, and nobody may
// make us read without end: the rest is drained for so many bytes and so long, then the connection closes.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants } from 'node:http2';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Http2Request } from './http2-messages.ts';

const drainBytes = 16 * 1024 * 1024;
const drainMs = 2_000;

export function hasBody(request: IncomingMessage): boolean {
  const { headers } = request;
  const length = headers['content-length'];
  if (request instanceof Http2Request) return request.hasBody && length !== '0';
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
  if (request instanceof Http2Request) {
    // Its answer may end before its body does, and the client is then asked to send no more of it (RFC 9113, 8.1).
    response.end();
    drain(request, (isWhole) => {
      if (!isWhole) request.stream.close(constants.NGHTTP2_NO_ERROR);
    });
    return;
  }
  drain(request, (isWhole) => {
    response.end();
    if (!isWhole) request.socket.destroySoon();
  });
}

/** `ended` is told whether the client has sent all of it, or has gone; false when its time is over. */
function drain(request: IncomingMessage, ended: (isWhole: boolean) => void): void {
  let left = drainBytes;
  const onData = (chunk: Uint8Array) => {
    left -= chunk.byteLength;
    if (left < 0) request.off('data', onData).pause();
  };
  const onEnd = () => settle(true);
  const settle = (isWhole: boolean) => {
    clearTimeout(timer);
    request.off('data', onData).off('end', onEnd).off('close', onEnd);
    ended(isWhole);
  };
  const timer = setTimeout(() => settle(false), drainMs);
  request.on('data', onData).on('end', onEnd).on('close', onEnd);
  request.resume();
}

/** The client waits to be told to send its body (`Expect: 100-continue`). */
function isContinueAwaited(request: FastifyRequest): boolean {
  return request.headers.expect !== undefined && !isHttp10(request.raw) && !request.isContinued;
}

/** Clients of that time do not know of it, and a proxy may have passed it on (RFC 9110, 10.1.1). */
function isHttp10({ httpVersionMajor, httpVersionMinor }: IncomingMessage): boolean {
  return httpVersionMajor === 1 && httpVersionMinor === 0;
}

/** To be called when a body is about to be read, so that a refused request is never told to send it. */
export function expectBody(request: FastifyRequest, reply: FastifyReply): void {
  if (!isContinueAwaited(request)) return;
  request.isContinued = true;
  reply.raw.writeContinue();
}
