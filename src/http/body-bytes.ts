// How long the body of a request is, or how much of it came.
import type { FastifyRequest } from 'fastify';
import { Http2Request } from './http2-messages.ts';

/** What the headers say, or for a streamed body what came over the connection meanwhile, which is a little more. */
export function bodyBytesOf(request: FastifyRequest, receivedBefore: number): number {
  const declared = request.headers['content-length'];
  if (request.raw instanceof Http2Request) return request.raw.receivedBytes;
  if (declared !== undefined) return Number(declared);
  return request.headers['transfer-encoding'] === undefined ? 0 : request.socket.bytesRead - receivedBefore;
}

/** Of the connection, when a request with a body begins; undefined for one without, as nearly all are. */
export function receivedBeforeBody({ raw }: FastifyRequest): number | undefined {
  const { headers } = raw;
  if (!('content-length' in headers || 'transfer-encoding' in headers)) return undefined;
  // Asked without a socket (`inject`) there is no such number.
  return raw.socket.bytesRead || 0;
}

/** What is declared counts where it was taken: who is refused may have said anything. */
export function takenBytesOf({ raw }: FastifyRequest, receivedBefore: number | undefined, isTaken: boolean): number {
  // Asked first, since it is nearly always so: a request of HTTP/2 may have a body without saying how long it is.
  if (receivedBefore === undefined && raw.httpVersionMajor === 1) return 0;
  if (raw instanceof Http2Request) return raw.receivedBytes;
  if (receivedBefore === undefined) return 0;
  const declared = Number(raw.headers['content-length']);
  if (isTaken && Number.isFinite(declared)) return declared;
  const arrived = (raw.socket.bytesRead || 0) - receivedBefore;
  return Number.isFinite(declared) ? Math.min(declared, arrived) : arrived;
}
