// The time as far as this process has seen it pass: a clock may be years off when a process starts, or jump, and whoever deletes what is old
// must not believe it.
import type { Clock } from '../../storage/clock.ts';

export class TrustedTime {
  readonly #clock: Clock;
  readonly #beganMs: number;
  readonly #beganElapsedMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#beganMs = clock.now();
    this.#beganElapsedMs = clock.elapsed();
  }

  /** For so long it was watched, in milliseconds. */
  get watchedMs(): number {
    return this.#clock.elapsed() - this.#beganElapsedMs;
  }

  /** Ages of moments that were written down, none older than it may be. */
  get ages(): { since(atMs: number): number } {
    const nowMs = Math.min(this.#clock.now(), this.#beganMs + this.watchedMs);
    return { since: (atMs) => nowMs - atMs };
  }
}
