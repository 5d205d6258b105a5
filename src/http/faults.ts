// What is done to requests on purpose, by a program that tests its own client: late answers, other answers, connections that break off, wrong bytes.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { RegistryError } from '../oci/error-code.ts';
import type { BlobContent, PassingCheck } from '../registry/blobs.ts';
import type { BlobSender, ByteSpan } from './blob-sender.ts';

/** What is done to one request; several at once. */
export interface RequestFault {
  /** Nothing happens for so long. */
  readonly delayMs?: number | undefined;
  /** Answered instead of what would be done, in the envelope of errors. */
  readonly status?: number | undefined;
  /** The connection breaks off after so many bytes of the answer's body; with 0 there is no answer. */
  readonly cutAfterBytes?: number | undefined;
  /** The same of the request's body. */
  readonly cutRequestAfterBytes?: number | undefined;
  /** This byte of the answer's body arrives as another one. */
  readonly corruptByteAt?: number | undefined;
}

export interface FaultedRequest {
  readonly method: string;
  /** The pattern that matched; undefined when none did. */
  readonly route: string | undefined;
  readonly repository: string | undefined;
  readonly reference: string | undefined;
}

export interface Faults {
  /** Asked once for each request, before anything is done with it. */
  hit(request: FaultedRequest): RequestFault | undefined;
}

const altered = new WeakSet<ServerResponse>();

export function injectFaults(app: FastifyInstance, faults: Faults): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { name, reference, digest, tag } = request.params as Readonly<Record<string, string | undefined>>;
    const { url: route } = request.routeOptions;
    const fault = faults.hit({
      method: request.method,
      route,
      repository: name,
      reference: reference ?? digest ?? tag,
    });
    if (fault === undefined) return done();
    const { delayMs = 0, status, cutAfterBytes, cutRequestAfterBytes, corruptByteAt } = fault;
    if (cutRequestAfterBytes !== undefined) cutRequest(request.raw, cutRequestAfterBytes);
    if (cutAfterBytes !== undefined || corruptByteAt !== undefined)
      alterAnswer(reply.raw, cutAfterBytes, corruptByteAt);
    const goOn = () => {
      if (cutAfterBytes === 0) request.raw.socket.destroy();
      else if (status === undefined) done();
      else done(new RegistryError(codeOf(status), { status, message: 'a fault that was asked for' }));
    };
    if (delayMs === 0) goOn();
    else setTimeout(goOn, delayMs).unref();
  });
}

function codeOf(status: number) {
  if (status === 401) return 'UNAUTHORIZED';
  if (status === 403) return 'DENIED';
  if (status === 429) return 'TOOMANYREQUESTS';
  if (status === 503) return 'UNAVAILABLE';
  return status >= 500 ? 'UNKNOWN' : 'UNSUPPORTED';
}

/** Node's parser hands each piece of a body to `push`. */
function cutRequest(request: IncomingMessage, after: number): void {
  const push = request.push.bind(request);
  let received = 0;
  let isCut = false;
  request.push = (chunk: Uint8Array | null, ...rest: []) => {
    // Not even that it ended there.
    if (isCut) return true;
    const bytes = chunk?.byteLength ?? 0;
    if (chunk === null || received + bytes < after) {
      received += bytes;
      return push(chunk, ...rest);
    }
    isCut = true;
    setImmediate(() => request.socket.destroy());
    return push(chunk.subarray(0, after - received));
  };
}

function alterAnswer(response: ServerResponse, cutAfter = Number.POSITIVE_INFINITY, corruptAt = -1): void {
  altered.add(response);
  const [write, end] = [response.write.bind(response), response.end.bind(response)];
  let sent = 0;
  const take = (chunk: unknown): Buffer => {
    const isText = typeof chunk === 'string';
    const bytes = Buffer.from(chunk instanceof Uint8Array || isText ? (chunk as Uint8Array) : '');
    const flipped = bytes[corruptAt - sent];
    if (flipped !== undefined) bytes[corruptAt - sent] = flipped ^ 0xff;
    const kept = bytes.subarray(0, Math.max(0, cutAfter - sent));
    sent += bytes.byteLength;
    return kept;
  };
  const breakOff = () => response.socket?.destroy();
  response.write = (chunk: unknown, ...rest: unknown[]) => {
    const kept = take(chunk);
    if (sent < cutAfter) return write(kept, ...(rest as []));
    write(kept, breakOff);
    return false;
  };
  response.end = (chunk?: unknown, ...rest: unknown[]) => {
    const kept = take(chunk);
    if (sent <= cutAfter) return end(kept, ...(rest as []));
    write(kept, breakOff);
    return response;
  };
}

/** Answers that are altered go through `write`, which a kernel's way to send a file does not. */
export class AlterableSender implements BlobSender {
  readonly #fast: BlobSender;
  readonly #plain: BlobSender;

  constructor(fast: BlobSender, plain: BlobSender) {
    this.#fast = fast;
    this.#plain = plain;
  }

  send(response: ServerResponse, content: BlobContent, span: ByteSpan, check?: PassingCheck): Promise<boolean> {
    return (altered.has(response) ? this.#plain : this.#fast).send(response, content, span, check);
  }
}
