// A run of lines of index.json that documents share as long as nothing in it changes: an edit makes the few anew that it touches, and
// the bytes of the others are written as they are.
import type { IndexEntry } from './index-entry.ts';

/** Immutable. Never without entries. */
export interface IndexSegment {
  /** Unique in this process. */
  readonly id: number;
  readonly entries: readonly IndexEntry[];
  /** Each line with its separator, the last one too. */
  readonly bytes: Buffer;
  /** Of all its entries. */
  readonly lowestRank: number;
}

export const lineSeparator = ',\n';
export const separatorBytes = lineSeparator.length;

/** Beyond, a segment is cut: what a small edit copies is bounded by it. Larger only where one line is. */
const most = { entries: 512, bytes: 128 * 1024 };
/** What it is cut into, and what an index is read as. */
const usual = { entries: most.entries / 2, bytes: most.bytes / 2 };

let lastId = 0;

/** `bytes` are those of the entries, each with its separator. */
export function segmentOf(entries: readonly IndexEntry[], bytes: Buffer): IndexSegment {
  lastId += 1;
  let lowestRank = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    entry.segment = lastId;
    lowestRank = Math.min(lowestRank, entry.rank);
  }
  return { id: lastId, entries, bytes, lowestRank };
}

/** The same, cut where it would be too large for one. */
export function segmentsOf(entries: readonly IndexEntry[], bytes: Buffer): readonly IndexSegment[] {
  if (!isTooLarge(entries)) return [segmentOf(entries, bytes)];
  let end = 0;
  return Array.from(inRuns(entries), (run) => {
    const start = end;
    end += bytesOf(run);
    return segmentOf(run, bytes.subarray(start, end));
  });
}

export function printedSegment(entries: readonly IndexEntry[]): IndexSegment {
  return segmentOf(entries, Buffer.from(`${entries.map(({ line }) => line).join(lineSeparator)}${lineSeparator}`));
}

export function bytesOf(entries: readonly IndexEntry[]): number {
  return entries.reduce((sum, { lineBytes }) => sum + lineBytes + separatorBytes, 0);
}

export function isTooLarge(entries: readonly IndexEntry[]): boolean {
  return entries.length > most.entries || (entries.length > 1 && bytesOf(entries) > most.bytes);
}

/** Two neighbours that became so small are one: else an index from which nearly all was deleted would be many of one line. */
export function areSmall(one: readonly IndexEntry[], other: readonly IndexEntry[]): boolean {
  return one.length + other.length <= usual.entries / 2 && bytesOf(one) + bytesOf(other) <= usual.bytes;
}

/** The entries in runs of the usual size, in their order. */
export function* inRuns(entries: Iterable<IndexEntry>): Generator<readonly IndexEntry[]> {
  let run: IndexEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    run.push(entry);
    bytes += entry.lineBytes + separatorBytes;
    if (run.length < usual.entries && bytes < usual.bytes) continue;
    yield run;
    run = [];
    bytes = 0;
  }
  if (run.length > 0) yield run;
}
