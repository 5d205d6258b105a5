// What is kept of a history, and for how long. Pure: the clock of whoever asks may have jumped, so ages are told from the file as well.
import { eachInSteps, finished, type SteppedWork } from '../pacing/steps.ts';
import { type HistoryRecord, printRecord } from './history-record.ts';
import { type KnownTag, type TagMove, tagKey } from './tag-move.ts';

const dayMs = 24 * 60 * 60 * 1000;

export const historyLimits = {
  /** Moves of one tag. */
  mostOfATag: 100,
  longestMs: 365 * dayMs,
  /** Of all moves of a layout, about: some fifty thousand. */
  mostBytes: 16 * 1024 * 1024,
  /** A smaller file is not gone through for what may go. */
  floorBytes: 1024 * 1024,
} as const;

/** However long nothing was written, or a clock jumped: from one record to the next no more time counts. */
const longestStepMs = 30 * dayMs;

/**
 * How long ago each of some times was that follow each other, in ms. A clock that jumped by years, in between or just now, makes nothing
 * old: of a step back nothing counts, of a step forward a month.
 */
export function agesOf(times: readonly number[], nowMs: number): readonly number[] {
  const ages: number[] = new Array<number>(times.length);
  let age = 0;
  let after = nowMs;
  for (let at = times.length - 1; at >= 0; at -= 1) {
    const time = times[at] ?? after;
    age += Math.min(Math.max(after - time, 0), longestStepMs);
    ages[at] = age;
    after = time;
  }
  return ages;
}

/** The records that stay, in the same order. What a tag means stays known without its moves. */
export function trimmed(records: readonly HistoryRecord[], nowMs: number): readonly HistoryRecord[] {
  return finished(trimming(records, nowMs));
}

/** The same in steps: there may be a hundred thousand. */
export function* trimming(records: readonly HistoryRecord[], nowMs: number): SteppedWork<readonly HistoryRecord[]> {
  const times: number[] = [];
  yield* eachInSteps(records, (record) => times.push(timeOf(record)));
  const ages = agesOf(times, nowMs);
  yield;
  const kept = new Set<HistoryRecord>();
  const countOf = new Map<string, number>();
  let bytes = 0;
  for (let at = records.length - 1; at >= 0; at -= 1) {
    const record = records[at];
    if (record === undefined || (ages[at] ?? 0) > historyLimits.longestMs) continue;
    if (record.kind !== 'move' && record.kind !== 'removed') continue;
    bytes += printRecord(record).length;
    yield;
    if (bytes > historyLimits.mostBytes) break;
    if (record.kind === 'move') {
      const key = tagKey(record.move);
      const count = (countOf.get(key) ?? 0) + 1;
      countOf.set(key, count);
      if (count > historyLimits.mostOfATag) continue;
    }
    kept.add(record);
  }
  const stay: HistoryRecord[] = yield* knownBefore(records, kept);
  yield* eachInSteps(records, (record) => {
    if (kept.has(record)) stay.push(record);
  });
  const seen = records.findLast(({ kind }) => kind === 'seen');
  if (seen !== undefined) stay.push(seen);
  return stay;
}

/** What tags meant before their first move that stays: of those that have none, what they mean. */
function* knownBefore(
  records: readonly HistoryRecord[],
  kept: ReadonlySet<HistoryRecord>,
): SteppedWork<HistoryRecord[]> {
  const known = new Map<string, KnownTag>();
  const moved = new Set<string>();
  yield* eachInSteps(records, (record) => {
    if (record.kind === 'known') known.set(tagKey(record.known), record.known);
    if (record.kind !== 'move') return;
    const { move } = record;
    const key = tagKey(move);
    if (moved.has(key)) return;
    if (kept.has(record)) moved.add(key);
    else if (move.to === undefined) known.delete(key);
    else known.set(key, knownBy(move, move.to));
  });
  const stay: HistoryRecord[] = [];
  yield* eachInSteps(known.values(), (each) => stay.push({ kind: 'known', known: each }));
  return stay;
}

function knownBy({ tag, path, atMs }: TagMove, is: KnownTag['is']): KnownTag {
  return { tag, path, is, sinceMs: atMs };
}

function timeOf(record: HistoryRecord): number {
  if (record.kind === 'move') return record.move.atMs;
  if (record.kind === 'removed') return record.removed.atMs;
  return record.kind === 'seen' ? record.seen.atMs : record.known.sinceMs;
}
