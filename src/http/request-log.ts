// What the HTTP layer tells a log: a line for each request, and errors that no client may see. The log itself is elsewhere.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../auth/principal.ts';
import { printableText } from '../oci/printable-text.ts';
import type { RepositoryName } from '../oci/reference.ts';
import { bodyBytesOf } from './body-bytes.ts';
import { clientAddressOf } from './client-address.ts';

/** Text of clients is printable and bounded; nothing is taken from the query or from headers that may hold credentials. */
export interface RequestLine {
  /** Where the client is: a proxy's address where there is one that is not trusted. Undefined without a connection. */
  readonly client: string | undefined;
  /** Who it is, where that was asked; undefined for anonymous. */
  readonly user: string | undefined;
  readonly userAgent: string | undefined;
  readonly method: string;
  /** The pattern that matched, e.g. `/v2/:name/manifests/:reference`; `-` when none did. */
  readonly route: string;
  readonly repository: RepositoryName | undefined;
  /** The tag or digest that was asked for. */
  readonly reference: string | undefined;
  /** Of the URL, where neither a route nor a repository says what was asked for. */
  readonly path: string | undefined;
  /** 499 when the client was gone before there was an answer. */
  readonly status: number;
  readonly durationMs: number;
  /** Of the content that was transferred: the request's body for pushes, else the answer's. */
  readonly bytes: number;
}

export interface RequestLog {
  /** False while nobody wants a line for each request: then there is no cost either. */
  readonly isWanted: boolean;
  request(line: RequestLine): void;
}

export interface FailureLog {
  /** An error that the client was told nothing of, or that broke an answer off. */
  failure(error: unknown, request: { readonly method: string; readonly path: string }): void;
}

/** The status of a request whose client left before there was an answer. */
export const clientGone = 499;
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
  if (!log.isWanted) return;
  // A connection that is gone does not tell any more whose it was.
  const { bytesRead } = request.socket;
  const begun = { atMs: performance.now(), client: clientAddressOf(request), bytesRead };
  reply.raw.once('close', () => log.request(lineOf(request, reply, begun)));
}

/** What is known when a request comes. */
interface Begun extends Pick<RequestLine, 'client'> {
  readonly atMs: number;
  /** Of the connection, up to the request's body. */
  readonly bytesRead: number;
}

function lineOf(request: FastifyRequest, reply: FastifyReply, { client, atMs, bytesRead }: Begun): RequestLine {
  const { url: route = '-' } = request.routeOptions;
  const isNamed = route.includes(':name');
  const reference = isNamed ? referenceOf(request) : undefined;
  const { 'user-agent': userAgent } = request.headers;
  return {
    client,
    user: userOf(request),
    userAgent: userAgent === undefined ? undefined : shownText(userAgent),
    method: request.method,
    route,
    repository: request.repositoryName,
    reference: reference === undefined ? undefined : shownText(reference),
    path: route === '-' || (isNamed && request.repositoryName === undefined) ? pathOf(request.originalUrl) : undefined,
    status: reply.raw.headersSent ? reply.raw.statusCode : clientGone,
    durationMs: performance.now() - atMs,
    bytes: pushMethods.has(request.method) ? bodyBytesOf(request, bytesRead) : reply.bodyBytes,
  };
}

/** Nobody is known of a request that the gate did not get to, or did not let in. */
function userOf({ principal }: { readonly principal: Principal | undefined }): string | undefined {
  const name = principal?.name;
  return name === undefined ? undefined : shownText(name);
}

function referenceOf(request: FastifyRequest): string | undefined {
  const { reference, digest, tag } = request.params as Readonly<Record<string, string | undefined>>;
  return reference ?? digest ?? tag;
}

/** An absolute target may hold a password, and a query whatever clients put there. */
export function pathOf(target: string): string {
  const [path = ''] = target.replace(/^[a-z][\w+.-]*:\/\/[^/?#]*/i, '').split(/[?#]/, 1);
  return shownText(path);
}

const longestShown = 256;

/** Printable, and bounded. */
export function shownText(text: string): string {
  return text.length <= longestShown && /^[\x20-\x7e]*$/.test(text) ? text : printableText(text, longestShown);
}
