// The time, with an offset that a test moves: what waits for a real file system goes on, what waits for a minute need not.
import type { Clock } from '../../src/storage/clock.ts';
import type { Uptime } from '../../src/storage/uptime.ts';

export class TestClock implements Clock {
  #offsetMs = 0;
  #stepMs = 0;
  #boot = 'boot';
  #bootedMs = 0;

  now(): number {
    return Date.now() + this.#offsetMs + this.#stepMs;
  }

  elapsed(): number {
    return performance.now() + this.#offsetMs;
  }

  uptime(): Uptime {
    return { boot: this.#boot, ms: this.elapsed() - this.#bootedMs };
  }

  /** Starts the machine again: it was off for so long, and its clock went on. */
  reboot(offMs = 0): void {
    this.#boot = `${this.#boot}+`;
    this.#offsetMs += offMs;
    this.#bootedMs = this.elapsed();
  }

  /** Sets the machine's clock, as NTP does: no time passes. */
  step(ms: number): void {
    this.#stepMs += ms;
  }

  advance(ms: number): void {
    this.#offsetMs += ms;
  }
}
