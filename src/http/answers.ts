// How answers leave: the head as one flat list, always with a literal Content-Length, and errors in the spec's envelope.
// The reply is taken from Fastify (hijack) for this last step, because its own costs more than the rest of a hot request.
import type { FastifyReply } from 'fastify';
import type { BlobContent, PassingCheck } from '../registry/blobs.ts';
import { type BlobSender, type ByteSpan, readFully, smallBlobBytes } from './blob-sender.ts';
import type { CrossOrigin } from './cross-origin.ts';
import { envelopeOf, errorResponseOf } from './error-response.ts';
import { apiVersion, browserHeaders, type HeaderList, headerNames, pageHeaders, warningHeader } from './headers.ts';
import { type MultipartBody, sendRanges } from './multipart-ranges.ts';
import { clientGone, type FailureLog, pathOf } from './request-log.ts';
import { endMetering } from './request-metering.ts';
import type { RouteMethods } from './route-methods.ts';
import type { ServerState } from './server-state.ts';
import { timingHeader } from './server-timing.ts';
import { endAfterBody, hasUnreadBody, mustClose } from './unread-body.ts';

/** What to send of which blob, and how. */
export interface BlobPart extends ByteSpan {
  readonly sender: BlobSender;
  readonly content: BlobContent;
  /** Of a whole blob that is hashed while it is sent; none so small that it is sent in one piece. */
  readonly check: PassingCheck | undefined;
}

/** Ranges of a blob, laid out as the body of one answer. */
export interface BlobRanges {
  readonly sender: BlobSender;
  readonly content: BlobContent;
  readonly body: MultipartBody;
}

export interface AnswersOptions {
  readonly warning: string | undefined;
  readonly crossOrigin: CrossOrigin;
  readonly failures: FailureLog;
  readonly methods: RouteMethods;
  readonly state: ServerState;
}

const nothing = new Uint8Array();
const closeConnection: HeaderList = ['Connection', 'close'];
const jsonType: HeaderList = ['Content-Type', 'application/json'];

export class Answers {
  #common: HeaderList = [];
  /** Of our own page, which may do more than what somebody pushed. */
  #ofPage: HeaderList = [];
  readonly #crossOrigin: CrossOrigin;
  readonly #failures: FailureLog;
  readonly #methods: RouteMethods;
  readonly #state: ServerState;

  constructor({ warning, crossOrigin, failures, methods, state }: AnswersOptions) {
    this.follow({ warning });
    this.#crossOrigin = crossOrigin;
    this.#failures = failures;
    this.#methods = methods;
    this.#state = state;
  }

  /** From now on answers bear this warning, or none. */
  follow({ warning }: Pick<AnswersOptions, 'warning'>): void {
    const warned = warning === undefined ? [] : [headerNames.warning, warningHeader(warning)];
    const said = [headerNames.apiVersion, apiVersion, ...warned];
    this.#common = [...said, ...browserHeaders];
    this.#ofPage = [...said, ...pageHeaders];
  }

  /** A whole body; to HEAD the same without the bytes. */
  bytes(reply: FastifyReply, status: number, headers: HeaderList, body: Uint8Array): void {
    this.#send(reply, status, [...headers, 'Content-Length', String(body.byteLength)], body);
  }

  /** A part of our own page: it may run the scripts that come with it. */
  page(reply: FastifyReply, headers: HeaderList, body: Uint8Array): void {
    this.#send(reply, 200, [...headers, 'Content-Length', String(body.byteLength)], body, this.#ofPage);
  }

  /** Always as bytes, so that nobody appends a charset. */
  json(reply: FastifyReply, status: number, headers: HeaderList, value: unknown): void {
    this.bytes(reply, status, [...jsonType, ...headers], Buffer.from(JSON.stringify(value)));
  }

  empty(reply: FastifyReply, status: number, headers: HeaderList): void {
    // RFC 9110, 8.6: no Content-Length on 204, and on 304 only that of the 200 it stands for.
    const noLength = status === 204 || status === 304;
    this.#send(reply, status, noLength ? headers : [...headers, 'Content-Length', '0'], nothing);
  }

  /** The answer to HEAD for a body of `length` bytes that nobody opened. */
  head(reply: FastifyReply, headers: HeaderList, length: number): void {
    this.#send(reply, 200, [...headers, 'Content-Length', String(length)], nothing);
  }

  /** Part of a blob: small ones in one piece, large ones through the sender. */
  async blob(reply: FastifyReply, status: number, headers: HeaderList, part: BlobPart): Promise<void> {
    const { sender, content, first, length, check } = part;
    if (length <= smallBlobBytes) return this.bytes(reply, status, headers, await bytesOf(content, { first, length }));
    await this.#stream(reply, status, headers, length, () => sender.send(reply.raw, content, { first, length }, check));
  }

  /** Several ranges of a blob in one answer (RFC 9110, 14.6). */
  async ranges(reply: FastifyReply, headers: HeaderList, { sender, content, body }: BlobRanges): Promise<void> {
    const list = [...headers, 'Content-Type', body.contentType];
    await this.#stream(reply, 206, list, body.length, () => sendRanges(reply.raw, sender, content, body));
  }

  /** The head of an answer that ends when whoever gets its raw half ends it, or the client leaves. */
  begin(reply: FastifyReply, headers: HeaderList): FastifyReply['raw'] {
    this.#writeHead(reply, 200, headers, false);
    reply.raw.once('close', () => endMetering(reply, 200));
    return reply.raw;
  }

  /** `send` writes the body and tells whether the client has taken it. */
  async #stream(
    reply: FastifyReply,
    status: number,
    headers: HeaderList,
    length: number,
    send: () => Promise<boolean>,
  ): Promise<void> {
    reply.bodyBytes = length;
    this.#writeHead(reply, status, [...headers, 'Content-Length', String(length)], false);
    try {
      if (await send()) reply.raw.end();
    } catch (error) {
      // The head is gone: a connection that breaks off is the only way left to say that the content is not complete.
      reply.raw.destroy();
      this.failure(reply, error);
    }
    endMetering(reply, status);
  }

  error(reply: FastifyReply, error: unknown): void {
    const { request } = reply;
    // Nobody is left to answer: the error is the broken connection itself, and what was durable stays.
    if (request.socket.destroyed) {
      endMetering(reply, clientGone);
      return;
    }
    const { status, headers, entries } = errorResponseOf(error, request);
    if (status >= 500) this.failure(reply, error);
    const list = [...jsonType, ...Object.entries(headers).flat()];
    if (status === 405 && headers.Allow === undefined) {
      list.push('Allow', this.#methods.allowed(request.routeOptions.url ?? '', request.method));
    }
    this.bytes(reply, status, list, envelopeOf(entries));
  }

  /** For the log alone. */
  failure({ request }: FastifyReply, error: unknown): void {
    this.#failures.failure(error, { method: request.method, path: pathOf(request.originalUrl) });
  }

  #send(
    reply: FastifyReply,
    status: number,
    headers: HeaderList,
    content: Uint8Array,
    common: HeaderList = this.#common,
  ): void {
    const { raw } = reply;
    // Node would leave it out by itself, and an answer to `inject` would not.
    const body = reply.request.method === 'HEAD' ? nothing : content;
    reply.bodyBytes = body.byteLength;
    const unread = hasUnreadBody(reply.request.raw);
    // RFC 9110, 15.5.9: what a client still sends after it took too long is not waited for.
    const isLast = unread && (status === 408 || mustClose(reply.request));
    this.#writeHead(reply, status, headers, isLast, common);
    if (unread) {
      raw.flushHeaders();
      if (body.byteLength > 0) raw.write(body);
      endAfterBody(reply.request.raw, raw);
    } else raw.end(body);
    endMetering(reply, status);
  }

  /** Hijacks only when the head went out: an invalid header value throws, and the error must still find its way to an answer. */
  #writeHead(
    reply: FastifyReply,
    status: number,
    headers: HeaderList,
    isLast: boolean,
    common: HeaderList = this.#common,
  ): void {
    const closing = isLast || this.#state.isStopping ? closeConnection : [];
    const { namespace, timing, raw } = reply.request;
    const shared = this.#crossOrigin.headersFor(raw.headers.origin);
    const mirrored = namespace === undefined ? [] : [headerNames.namespace, namespace];
    const timed = timing === undefined ? [] : timingHeader(timing);
    reply.raw.writeHead(status, [...common, ...headers, ...mirrored, ...timed, ...shared, ...closing]);
    reply.hijack();
  }
}

function bytesOf(content: BlobContent, { first, length }: ByteSpan): Uint8Array | Promise<Uint8Array> {
  return content.inMemory?.subarray(first, first + length) ?? readSpan(content, first, length);
}

async function readSpan(content: BlobContent, first: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(length);
  await readFully(content, bytes, first);
  return bytes;
}
