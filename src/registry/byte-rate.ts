// So many bytes a second on average, for work that nobody waits for.
import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../storage/clock.ts';

/** What was not used is saved up for so long: after a pause nothing comes in a burst. */
const savedMs = 1_000;

export class ByteRate {
  readonly #bytesPerSecond: () => number;
  readonly #clock: Clock;
  /** Up to this moment all that was taken is paid for. */
  #paidMs: number;

  /** `bytesPerSecond` may change at any time. */
  constructor(bytesPerSecond: () => number, clock: Clock) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#clock = clock;
    this.#paidMs = clock.elapsed();
  }

  /** Resolves when so many more bytes may be read. Throws the signal's reason once it is aborted. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const now = this.#clock.elapsed();
    const waitMs = this.#paidMs - now;
    this.#paidMs = Math.max(this.#paidMs, now - savedMs) + (bytes * 1_000) / this.#bytesPerSecond();
    if (waitMs <= 0) return;
    // Not kept alive by it: a process that ends does not wait for its scrub.
    await setTimeout(waitMs, undefined, { signal, ref: false }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw error;
    });
  }
}
