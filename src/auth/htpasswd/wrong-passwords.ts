// How guesses are slowed: by who is guessed, and from where, so that nobody can lock anybody else out.
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../storage/clock.ts';

const firstDelayMs = 250;
const longestDelayMs = 5_000;
const forgottenAfterMs = 15 * 60_000;
/** More pairs than that are not remembered; what their guesses take is bounded by the one thread that checks them. */
const maxPairs = 10_000;

/** How long the answer to a wrong password waits, by how many there were before. */
export function delayAfter(failures: number): number {
  return Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(failures, 10));
}

interface Failures {
  readonly count: number;
  readonly lastMs: number;
}

export class WrongPasswords {
  readonly #failures = new LRUCache<string, Failures>({ max: maxPairs });
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts one, and says how long its answer waits, in milliseconds. */
  count(pair: string): number {
    const nowMs = this.#clock.elapsed();
    const before = this.#failures.get(pair);
    const count = before === undefined || nowMs - before.lastMs > forgottenAfterMs ? 0 : before.count;
    this.#failures.set(pair, { count: count + 1, lastMs: nowMs });
    return delayAfter(count);
  }
}
