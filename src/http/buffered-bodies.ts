// Request bodies that are held whole: bounded each, all together, and in time.
import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, RegistryError } from '../oci/error-code.ts';
import { BodyBudget } from './body-budget.ts';
import { clientAddressOf } from './client-address.ts';
import { clientGone } from './client-gone.ts';
import { streamedBody } from './request-body.ts';
import { hasBody } from './unread-body.ts';

/** What the bodies are, for refusals. */
export interface BodyKind {
  readonly code: ErrorCode;
  /** `manifest` */
  readonly noun: string;
}

export interface BufferedBodiesOptions {
  readonly kind: BodyKind;
  /** Bytes of the largest body. */
  readonly limit: number;
  /** Bytes of all large ones that are held at a time; at least two of the largest are. */
  readonly memory: number;
  /** How long a body waits for its part of that. */
  readonly maxWaitMs: number;
  /** How long the smallest body may take; larger ones get more. */
  readonly timeoutMs: number;
}

/** What a body must come at, beyond the time that the smallest may take: a bad link carries this, and a client that trickles bytes does not. */
const slowestBytesPerMs = 16;
/** Nearly all manifests: these have memory of their own, so that large bodies never keep them waiting. */
const smallBytes = 64 * 1024;
const memoryOfSmall = 512 * smallBytes;

export class BufferedBodies {
  readonly #options: BufferedBodiesOptions;
  readonly #kind: BodyKind;
  #limit: number;
  readonly #timeoutMs: number;
  readonly #small: BodyBudget;
  #large: BodyBudget;

  constructor(options: BufferedBodiesOptions) {
    const { kind, limit, maxWaitMs, timeoutMs } = options;
    this.#options = options;
    this.#kind = kind;
    this.#limit = limit;
    this.#timeoutMs = timeoutMs;
    this.#small = new BodyBudget(memoryOfSmall, maxWaitMs, kind.noun);
    this.#large = this.#budgetOf(limit);
  }

  /** For bodies that begin from now on; those that have begun keep the memory that they got, and may grow as they could. */
  follow(limit: number): void {
    if (limit === this.#limit) return;
    this.#limit = limit;
    this.#large = this.#budgetOf(limit);
  }

  #budgetOf(limit: number): BodyBudget {
    const { kind, memory, maxWaitMs } = this.#options;
    return new BodyBudget(Math.max(memory, 2 * limit), maxWaitMs, kind.noun);
  }

  /**
   * Hands the whole body to `work`, which has it until it ends. Refuses with the code of its kind what is larger (413), by its declared
   * length before a byte is read, else at the limit, and what does not come in time (408); with UNAVAILABLE (503) what there is no
   * memory for now.
   */
  async with<Result>(
    request: FastifyRequest,
    reply: FastifyReply,
    work: (bytes: Buffer) => Promise<Result>,
  ): Promise<Result> {
    if (!hasBody(request.raw)) return work(Buffer.alloc(0));
    const length = request.headers['content-length'];
    const declared = length === undefined ? undefined : Number(length);
    if (declared !== undefined && declared > this.#limit) throw tooLarge(this.#kind, this.#limit);
    // One that does not say how large it is may become the largest.
    const size = declared ?? this.#limit;
    const address = clientAddressOf(request) ?? '';
    const budget = size <= smallBytes ? this.#small : this.#large;
    const giveBack = await budget.reserve({ address, size }, clientGone(reply));
    try {
      const kind = this.#kind;
      const body = streamedBody(request, reply);
      const timeoutMs = this.#timeoutMs + size / slowestBytesPerMs;
      return await work(
        body === undefined ? Buffer.alloc(0) : await collect(body, { kind, declared, size, timeoutMs }),
      );
    } finally {
      giveBack();
    }
  }
}

interface Expected {
  readonly kind: BodyKind;
  /** Undefined when the body does not say how large it is. */
  readonly declared: number | undefined;
  /** What there is room for. */
  readonly size: number;
  readonly timeoutMs: number;
}

/** Copied as it comes: each piece would keep the 64 KiB that it was received in, and a client may send a byte at a time. */
function collect(body: IncomingMessage, { kind, declared, size, timeoutMs }: Expected): Promise<Buffer> {
  let bytes = Buffer.allocUnsafeSlow(declared ?? Math.min(smallBytes, size));
  let length = 0;
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      clearTimeout(timer);
      body.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
      act();
    };
    const onData = (chunk: Buffer) => {
      const end = length + chunk.byteLength;
      if (end > size) return settle(() => reject(tooLarge(kind, size)));
      if (end > bytes.byteLength) bytes = grown(bytes, Math.min(size, Math.max(end, 2 * bytes.byteLength)));
      bytes.set(chunk, length);
      length = end;
    };
    const onEnd = () => settle(() => resolve(bytes.subarray(0, length)));
    const onError = (error: Error) => settle(() => reject(error));
    const onClose = () => settle(() => reject(closed()));
    const timer = setTimeout(() => settle(() => reject(tooSlow(kind, timeoutMs))), timeoutMs);
    body.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
  });
}

function grown(bytes: Buffer<ArrayBuffer>, size: number): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafeSlow(size);
  larger.set(bytes);
  return larger;
}

function closed(): Error {
  return new Error('the connection closed within the body');
}

function tooLarge({ code, noun }: BodyKind, limit: number): RegistryError {
  return new RegistryError(code, {
    status: 413,
    message: `${noun} too large`,
    detail: `at most ${limit} bytes`,
  });
}

function tooSlow({ code, noun }: BodyKind, timeoutMs: number): RegistryError {
  return new RegistryError(code, {
    status: 408,
    message: `${noun} incomplete`,
    detail: `it did not arrive within ${Math.round(timeoutMs / 1_000)} s`,
  });
}
