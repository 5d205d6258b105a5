// How late the event loop is: what every request waits for that comes meanwhile.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Family, gaugeOf } from './family.ts';

const resolutionMs = 20;
/** Whoever reads more often than that reads of the same time. */
const shortestTimeMs = 10_000;

export class EventLoopDelay {
  readonly #monitor = monitorEventLoopDelay({ resolution: resolutionMs });
  #sinceMs = performance.now();

  constructor() {
    this.#monitor.enable();
  }

  /** Since the last reading, or the one before where that is moments ago. */
  families(): readonly Family[] {
    const help = 'How late the event loop was since the last scrape: median, 99 of a hundred, and the longest.';
    const values = [0.5, 0.99, 1].map((quantile) => ({ labels: { quantile }, value: this.#secondsOf(quantile) }));
    const nowMs = performance.now();
    if (nowMs - this.#sinceMs >= shortestTimeMs) {
      this.#monitor.reset();
      this.#sinceMs = nowMs;
    }
    return [gaugeOf('moorage_event_loop_delay_seconds', help, values, 'max')];
  }

  close(): void {
    this.#monitor.disable();
  }

  /** Node measures from one look to the next, which is the time between them as well. */
  #secondsOf(quantile: number): number {
    const nanoseconds = quantile === 1 ? this.#monitor.max : this.#monitor.percentile(quantile * 100);
    return Math.max(0, nanoseconds / 1e9 - resolutionMs / 1000);
  }
}
