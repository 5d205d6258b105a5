// Lines on their way to a descriptor. A reader that stands still costs lines, which are counted, never the server: nothing here waits.
import { writeSync } from 'node:fs';
import { isError } from '../oci/is-error.ts';
import { unblockedDescriptor } from './unblocked-descriptor.ts';

export interface LineOutputOptions {
  readonly fileDescriptor: number;
  /** Lines are gathered up to so many characters; 0: each is written at once. */
  readonly batchLength: number;
  /** Called when there is room again after `lines` were lost, and expected to write about it. */
  readonly onLost: (lines: number) => void;
}

const batchMs = 100;
/** Characters that wait for a reader: about 20,000 lines. */
const mostWaiting = 4 * 1024 * 1024;
/** A reader that only fell behind is offered the next piece soon. */
const firstRetryMs = 5;
/** Or when so many characters more wait: one vain attempt costs little beside so many lines. */
const retryLength = 16 * 1024;
/** At the end, a reader has so long to take what waits. */
const lastWaitMs = 1_000;

const nothing = Buffer.alloc(0);

export class LineOutput {
  readonly #descriptor: number;
  readonly #batchLength: number;
  readonly #onLost: (lines: number) => void;
  /** As soon as so much waits. */
  #sendAt: number;
  /** What a write took only in part. */
  #begun: Buffer = nothing;
  #waiting = '';
  #lost = 0;
  #timer: NodeJS.Timeout | undefined;
  /** While the reader stands still. */
  #retryMs: number | undefined;

  constructor({ fileDescriptor, batchLength, onLost }: LineOutputOptions) {
    this.#descriptor = unblockedDescriptor(fileDescriptor);
    this.#batchLength = batchLength;
    this.#sendAt = batchLength;
    this.#onLost = onLost;
  }

  /** Whole lines. */
  write(lines: string): void {
    if (this.#waiting.length > mostWaiting) {
      this.#lost += linesIn(lines);
      return;
    }
    this.#waiting += lines;
    if (this.#waiting.length >= this.#sendAt) this.#send();
    else this.#timer ??= setTimeout(() => this.#onTimer(), batchMs).unref();
  }

  /** To be called before the process ends: writes what waits, and gives a reader that stands still a moment for it. */
  flush(): void {
    const until = Date.now() + lastWaitMs;
    this.#send();
    while (this.#retryMs !== undefined && Date.now() < until) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, firstRetryMs);
      this.#send();
    }
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#send();
  }

  #send(): void {
    const outcome = this.#writeAll();
    if (outcome === 'full') {
      this.#retryLater();
      return;
    }
    this.#retryMs = undefined;
    this.#sendAt = this.#batchLength;
    if (outcome === 'failed') this.#dropAll();
    else if (this.#lost > 0) this.#tellLost();
  }

  #tellLost(): void {
    const lost = this.#lost;
    this.#lost = 0;
    this.#onLost(lost);
  }

  /** Its terminal or its reader is gone: that must not end the server, and there is nowhere left to say so. */
  #dropAll(): void {
    this.#lost += linesIn(this.#begun.toString('latin1')) + linesIn(this.#waiting);
    this.#begun = nothing;
    this.#waiting = '';
  }

  /** Unless it is `done`, the rest is still held. */
  #writeAll(): 'done' | 'full' | 'failed' {
    try {
      while (this.#begun.byteLength > 0 || this.#waiting !== '') {
        if (this.#begun.byteLength === 0) {
          this.#begun = Buffer.from(this.#waiting);
          this.#waiting = '';
        }
        this.#begun = this.#begun.subarray(writeSync(this.#descriptor, this.#begun));
        this.#retryMs = undefined;
      }
      return 'done';
    } catch (error) {
      return isFull(error) ? 'full' : 'failed';
    }
  }

  #retryLater(): void {
    this.#retryMs = this.#retryMs === undefined ? firstRetryMs : Math.min(this.#retryMs * 2, batchMs);
    this.#sendAt = this.#waiting.length + retryLength;
    this.#timer ??= setTimeout(() => this.#onTimer(), this.#retryMs).unref();
  }
}

function isFull(error: unknown): boolean {
  return isError(error) && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EWOULDBLOCK');
}

function linesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
