// The time, with an offset that a test moves: what waits for a real file system goes on, what waits for a minute need not.
import type { Clock } from '../../src/storage/clock.ts';

export class TestClock implements Clock {
  #offsetMs = 0;

  now(): number {
    return Date.now() + this.#offsetMs;
  }

  advance(ms: number): void {
    this.#offsetMs += ms;
  }
}
