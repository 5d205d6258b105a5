// The clock of a root as collections know it: kept in a file, so that a jump between two processes is seen as well.

import { Ages } from '../layout/collection/ages.ts';
import {
  type ClockReading,
  type ClockRecord,
  firstRecord,
  nextRecord,
  withAhead,
} from '../layout/collection/clock-record.ts';
import { collectionKeys } from '../layout/files/keys.ts';
import type { Clock } from '../storage/clock.ts';
import type { ObjectReader, ObjectStore } from '../storage/object-store.ts';
import { readState, updateState } from './collection-files.ts';

export class CollectionClock {
  readonly #clock: Clock;
  /** What this process saw itself, where nothing is written down. */
  #seen: ClockRecord | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Looks at the clocks, and remembers them. The time is that of the file system, from which the stamps come: that of the process may be
   * another one, on a network share or under a program that fakes it.
   */
  async record(store: ObjectStore): Promise<ClockRecord> {
    const { changedAtMs } = await store.write(collectionKeys.now, Buffer.from('\n'));
    const reading = this.#reading(changedAtMs);
    return updateState(store, collectionKeys.clock, parseRecord, (before) => recordAfter(before, reading));
  }

  /** The same for whoever must not write. */
  async glance(reader: ObjectReader): Promise<ClockRecord> {
    const known = await readState(reader, collectionKeys.clock, parseRecord);
    const reading = this.#reading(this.#clock.now());
    this.#seen = recordAfter(this.#seen, reading);
    return known === undefined ? this.#seen : recordAfter(known, reading);
  }

  ages(record: ClockRecord): Ages {
    const sinceMs = this.#clock.elapsed();
    return new Ages(record, () => this.#clock.elapsed() - sinceMs);
  }

  /** What a run found that is ahead of the clock: the next one knows since when. */
  async note({ aheadMs }: Ages, record: ClockRecord, store: ObjectStore): Promise<void> {
    if (aheadMs === undefined || withAhead(record, aheadMs) === record) return;
    await updateState(store, collectionKeys.clock, parseRecord, (before) => withAhead(before ?? record, aheadMs));
  }

  #reading(wallMs: number): ClockReading {
    const { boot, ms: uptimeMs } = this.#clock.uptime();
    return { wallMs, boot, uptimeMs };
  }
}

function recordAfter(before: ClockRecord | undefined, reading: ClockReading): ClockRecord {
  return before === undefined ? firstRecord(reading) : nextRecord(before, reading);
}

/** Undefined for what is not whole: then nothing is known. */
function parseRecord(json: object): ClockRecord | undefined {
  const { wallMs, boot, uptimeMs, watchedFromMs, gapMs, jumps, ahead } = json as Partial<ClockRecord>;
  if (!areNumbers(wallMs, uptimeMs, watchedFromMs, gapMs) || typeof boot !== 'string') return undefined;
  const isWhole =
    Array.isArray(jumps) &&
    jumps.every((jump: Partial<ClockRecord['jumps'][number]> | null) => areNumbers(jump?.beforeMs, jump?.byMs)) &&
    (ahead === undefined || areNumbers(ahead?.upToMs, ahead?.atMs));
  return isWhole ? (json as ClockRecord) : undefined;
}

function areNumbers(...values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === 'number' && Number.isFinite(value));
}
