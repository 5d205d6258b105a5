// How old a file is: from one place, since clocks jump (docs/collection.md#time).
import type { ObjectInfo } from '../../storage/object-store.ts';
import { type ClockRecord, correctedStamp } from './clock-record.ts';

export type Stamps = Pick<ObjectInfo, 'modifiedAtMs' | 'changedAtMs'>;

/** What is written while a run looks is ahead of the moment in which it began. */
const toleranceMs = 60_000;

export class Ages {
  readonly #record: ClockRecord;
  readonly #passedMs: () => number;
  /** The latest stamp that was ahead of the clock; undefined when none was. */
  readonly #ahead: { ms: number | undefined };

  /** `passedMs`: how long ago the record was made. */
  constructor(record: ClockRecord, passedMs: () => number, ahead: { ms: number | undefined } = { ms: undefined }) {
    this.#record = record;
    this.#passedMs = passedMs;
    this.#ahead = ahead;
  }

  get aheadMs(): number | undefined {
    return this.#ahead.ms;
  }

  /** Ages at this one moment, to compare: of what is looked at one after the other the last would seem the oldest. */
  atOnce(): Ages {
    const passedMs = this.#passedMs();
    return new Ages(this.#record, () => passedMs, this.#ahead);
  }

  /**
   * Milliseconds since the file last changed in any way: cp -a and rsync -a keep the time of modification, and links move that of change. Anybody
   * can set the former to the year 2099.
   */
  ageOf({ modifiedAtMs, changedAtMs }: Stamps): number {
    const isSet = modifiedAtMs > this.#nowMs() + toleranceMs;
    return this.since(isSet ? changedAtMs : Math.max(modifiedAtMs, changedAtMs));
  }

  /** Milliseconds since a moment that was written down. */
  since(atMs: number): number {
    const nowMs = this.#nowMs();
    const stampMs = correctedStamp(this.#record, atMs);
    if (stampMs <= nowMs + toleranceMs) return Math.max(0, nowMs - stampMs);
    // Of a clock that was set back since: as old as that is known, so that nothing waits until the clock is there again.
    this.#ahead.ms = Math.max(this.#ahead.ms ?? atMs, atMs);
    const { ahead } = this.#record;
    if (ahead === undefined || atMs > ahead.upToMs) return 0;
    return Math.max(0, nowMs - correctedStamp(this.#record, ahead.atMs));
  }

  #nowMs(): number {
    return this.#record.wallMs + this.#passedMs();
  }
}
