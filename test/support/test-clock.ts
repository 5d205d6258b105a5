// The time, with an offset that a test moves: what waits for a real file system goes on, what waits for a minute need not.
import type { Clock } from '../../src/storage/clock.ts';

export class TestClock implements Clock {
  #offsetMs = 0;
  #stepMs = 0;

  now(): number {
    return Date.now() + this.#offsetMs + this.#stepMs;
  }

  elapsed(): number {
    return performance.now() + this.#offsetMs;
  }

  /** Sets the machine's clock, as NTP does: no time passes. */
  step(ms: number): void {
    this.#stepMs += ms;
  }

  advance(ms: number): void {
    this.#offsetMs += ms;
  }
}
