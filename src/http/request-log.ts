// What the HTTP layer tells a log: a line for each request, and errors that no client may see. The log itself is elsewhere.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RepositoryName } from '../oci/reference.ts';

export interface RequestLine {
  readonly method: string;
  /** The pattern that matched, e.g. `/v2/:name/manifests/:reference`; `-` when none did. */
  readonly route: string;
  readonly repository: RepositoryName | undefined;
  /** 499 when the client was gone before there was an answer. */
  readonly status: number;
  readonly durationMs: number;
  /** Of the content that was transferred: the request's body for pushes, else the answer's. */
  readonly bytes: number;
}

export interface RequestLog {
  request(line: RequestLine): void;
}

export interface FailureLog {
  /** An error that the client was told nothing of, or that broke an answer off. */
  failure(error: unknown, request: { readonly method: string; readonly url: string }): void;
}

const clientGone = 499;
const pushMethods: ReadonlySet<string> = new Set(['POST', 'PATCH', 'PUT']);

/** One line a request, written when the answer has left or the connection is gone. Without a log there is no hook. */
export function logRequests(app: FastifyInstance, log: RequestLog): void {
  app.addHook('onRequest', (request, reply, done) => {
    logAnswer(request, reply, log);
    done();
  });
}

/** Also for what is refused before any hook runs. */
export function logAnswer(request: FastifyRequest, reply: FastifyReply, log: RequestLog): void {
  const startedAt = performance.now();
  const received = request.socket.bytesRead;
  reply.raw.once('close', () => log.request(lineOf(request, reply, startedAt, received)));
}

function lineOf(request: FastifyRequest, reply: FastifyReply, startedAt: number, receivedBefore: number): RequestLine {
  return {
    method: request.method,
    route: request.routeOptions.url ?? '-',
    repository: request.repositoryName,
    status: reply.raw.headersSent ? reply.raw.statusCode : clientGone,
    durationMs: performance.now() - startedAt,
    bytes: pushMethods.has(request.method) ? bodyBytesOf(request, receivedBefore) : reply.bodyBytes,
  };
}

/** What the headers say, or for a streamed body what came over the connection meanwhile, which is a little more. */
function bodyBytesOf(request: FastifyRequest, receivedBefore: number): number {
  const declared = request.headers['content-length'];
  if (declared !== undefined) return Number(declared);
  return request.headers['transfer-encoding'] === undefined ? 0 : request.socket.bytesRead - receivedBefore;
}
