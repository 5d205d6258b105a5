// Small bodies, held in memory until all of them is there: they are hashed in one step and written once. All connections share what memory
// there is for it, and nobody has a share of it for long.
import type { Readable } from 'node:stream';

/** What is larger goes to a file as it comes. */
export const mostGatheredBytes = 256 * 1024;
/** For all processes of a server. */
const budgetBytes = 32 * 1024 * 1024;
/** Who has not sent it all by then goes on into a file. */
const patienceMs = 2_000;
const firstBytes = 16 * 1024;

export class GatherBudget {
  #left: number;

  constructor(bytes = budgetBytes) {
    this.#left = bytes;
  }

  /** The part of one of so many processes. */
  static ofOneOf(processes: number): GatherBudget {
    return new GatherBudget(Math.floor(budgetBytes / processes));
  }

  /** False when others have it. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}

export interface GatherOptions {
  /** Of the body, if that is known. */
  readonly length: number | undefined;
  readonly budget: GatherBudget;
  /** True when nobody is to begin. */
  readonly isAborted: boolean;
  /** Asked for where it is waited for the body. */
  readonly signal: () => AbortSignal;
  /** Throwing ends it. */
  readonly onChunk: (chunk: Uint8Array) => void;
  readonly patienceMs?: number;
}

/**
 * What `use` makes of the whole body, which has its share of the memory until then; undefined where it is too large or too slow, or others hold
 * the memory: then the body is as if nobody had read of it. Throws its error, that it ended too early, the reason of the signal, and what
 * `onChunk` and `use` throw.
 */
export async function gathered<Result>(
  body: Readable,
  options: GatherOptions,
  use: (bytes: Buffer) => Promise<Result>,
): Promise<Result | undefined> {
  const { length, budget } = options;
  const share = length ?? mostGatheredBytes;
  if (share > mostGatheredBytes || !budget.take(share)) return undefined;
  try {
    const bytes = await new Promise<Buffer | undefined>((resolve, reject) => {
      new Gathering(body, options, resolve, reject).start();
    });
    return bytes && (await use(bytes));
  } finally {
    budget.give(share);
  }
}

class Gathering {
  readonly #body: Readable;
  readonly #options: GatherOptions;
  readonly #resolve: (bytes: Buffer | undefined) => void;
  readonly #reject: (reason: unknown) => void;
  /** A body that comes in one piece is not copied. */
  #bytes: Buffer | undefined;
  #isCopied = false;
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  #signal: AbortSignal | undefined;

  constructor(
    body: Readable,
    options: GatherOptions,
    resolve: (bytes: Buffer | undefined) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#body = body;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(): void {
    this.#body.on('error', this.#fail);
    if (!this.#options.isAborted && this.#isAllHere()) this.#takeAll();
    else this.#wait(this.#options.signal());
  }

  /** As most small bodies are by the time that somebody reads them: they come in one packet with their head. */
  #isAllHere(): boolean {
    const { length } = this.#options;
    const isReceived = 'complete' in this.#body && this.#body.complete === true && !this.#body.destroyed;
    return isReceived && length !== undefined && length > 0 && this.#body.readableLength === length;
  }

  #takeAll(): void {
    this.#onData(this.#body.read() as Buffer);
    if (this.#size === this.#options.length) this.#onEnd();
  }

  #wait(signal: AbortSignal): void {
    const { patienceMs: waitMs = patienceMs } = this.#options;
    this.#signal = signal;
    if (signal.aborted) this.#reject(signal.reason);
    else if (this.#body.readableEnded) this.#onEnd();
    else if (this.#body.destroyed) this.#onClose();
    else {
      signal.addEventListener('abort', this.#onAbort);
      this.#timer = setTimeout(this.#spill, waitMs);
      this.#body.on('close', this.#onClose).on('end', this.#onEnd).on('data', this.#onData);
      this.#body.resume();
    }
  }

  readonly #onData = (chunk: Buffer): void => {
    try {
      this.#options.onChunk(chunk);
    } catch (reason) {
      this.#body.pause();
      this.#fail(reason);
      return;
    }
    this.#add(chunk);
    if (this.#size > mostGatheredBytes) this.#spill();
  };

  readonly #onEnd = (): void => {
    this.#stop();
    this.#resolve(this.#bytes?.subarray(0, this.#size) ?? Buffer.alloc(0));
  };

  readonly #onClose = (): void => this.#fail(this.#body.errored ?? new Error('the source closed before its end'));

  readonly #onAbort = (): void => {
    this.#body.pause();
    this.#fail(this.#signal?.reason);
  };

  readonly #fail = (reason: unknown): void => {
    this.#stop();
    this.#reject(reason);
  };

  /** Whoever reads it now gets all of it. */
  readonly #spill = (): void => {
    this.#stop();
    this.#body.pause();
    if (this.#bytes !== undefined) this.#body.unshift(this.#bytes.subarray(0, this.#size));
    this.#resolve(undefined);
  };

  /** Pieces are copied: each is a small window of a large buffer, which it would keep alive. */
  #add(chunk: Buffer): void {
    const size = this.#size + chunk.byteLength;
    if (this.#bytes === undefined && size === this.#options.length) this.#bytes = chunk;
    else {
      if (this.#bytes === undefined || !this.#isCopied || size > this.#bytes.byteLength) this.#grow(size);
      this.#bytes?.set(chunk, this.#size);
    }
    this.#size = size;
  }

  #grow(size: number): void {
    const { length } = this.#options;
    const roomy = Math.max(size, length ?? Math.max(firstBytes, 2 * (this.#bytes?.byteLength ?? 0)));
    const grown = Buffer.allocUnsafeSlow(roomy);
    if (this.#bytes !== undefined) grown.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = grown;
    this.#isCopied = true;
  }

  /** `error` keeps a listener: a body that fails later must not end the process. */
  #stop(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    if (this.#signal === undefined) return;
    this.#body.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
  }
}
