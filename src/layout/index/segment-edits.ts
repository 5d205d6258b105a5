// Edits of an index in segments: entries go, others are put where they belong. Visits no entry of a segment that nothing changes in.
import type { IndexEntry } from './index-entry.ts';
import {
  areSmall,
  bytesOf,
  type IndexSegment,
  inRuns,
  isTooLarge,
  lineSeparator,
  printedSegment,
  segmentOf,
  separatorBytes,
} from './index-segment.ts';

/** A segment in which something changed, before it is printed; nothing may be left in it. */
interface Changed {
  readonly id: undefined;
  /** Where lines of `entries` may be copied from. */
  readonly from: IndexSegment | undefined;
  readonly entries: readonly IndexEntry[];
  readonly lowestRank: number;
}

type Part = IndexSegment | Changed;

/**
 * The segments without `removed`, which are among them, and with `added`: what is there keeps its place, and each addition stands after
 * the last entry of its rank.
 */
export function editedSegments(
  segments: readonly IndexSegment[],
  removed: ReadonlySet<IndexEntry>,
  added: readonly IndexEntry[],
): readonly IndexSegment[] {
  const parts = without(segments, removed);
  for (const rank of new Set(added.map((entry) => entry.rank))) {
    place(
      parts,
      rank,
      added.filter((entry) => entry.rank === rank),
    );
  }
  return settled(parts, new Set(added));
}

function changed(from: IndexSegment | undefined, entries: readonly IndexEntry[]): Changed {
  const lowestRank = entries.reduce((lowest, { rank }) => Math.min(lowest, rank), Number.POSITIVE_INFINITY);
  return { id: undefined, from, entries, lowestRank };
}

function without(segments: readonly IndexSegment[], removed: ReadonlySet<IndexEntry>): Part[] {
  const parts: Part[] = [...segments];
  if (removed.size === 0) return parts;
  const touched = new Set(Array.from(removed, ({ segment }) => segment));
  let left = removed.size;
  const takeFrom = (at: number, segment: IndexSegment) => {
    const kept = segment.entries.filter((entry) => !removed.has(entry));
    left -= segment.entries.length - kept.length;
    if (kept.length < segment.entries.length) parts[at] = changed(segment, kept);
  };
  for (const [at, segment] of segments.entries()) if (touched.has(segment.id)) takeFrom(at, segment);
  // An edit that was not published in the end may have put them into a segment of its own: then they are looked for everywhere.
  if (left > 0) for (const [at, segment] of segments.entries()) if (parts[at] === segment) takeFrom(at, segment);
  return parts;
}

function place(parts: Part[], rank: number, added: readonly IndexEntry[]): void {
  const found = parts.findLastIndex(({ lowestRank }) => lowestRank <= rank);
  const at = Math.max(found, 0);
  const part = parts[at];
  const entries = part?.entries ?? [];
  const start = found < 0 ? 0 : entries.findLastIndex((entry) => entry.rank <= rank) + 1;
  const from = part?.id === undefined ? part?.from : part;
  parts[at] = changed(from, [...entries.slice(0, start), ...added, ...entries.slice(start)]);
}

/** Printed, what became too large cut, and what became small put together. */
function settled(parts: readonly Part[], added: ReadonlySet<IndexEntry>): readonly IndexSegment[] {
  const joined: Part[] = [];
  for (const part of parts) {
    if (part.entries.length === 0) continue;
    const last = joined.at(-1);
    const mayJoin = last !== undefined && (last.id === undefined || part.id === undefined);
    if (mayJoin && areSmall(last.entries, part.entries)) {
      joined[joined.length - 1] = changed(undefined, [...last.entries, ...part.entries]);
    } else joined.push(part);
  }
  return joined.flatMap((part) => (part.id === undefined ? printed(part, added) : [part]));
}

function printed({ from, entries }: Changed, added: ReadonlySet<IndexEntry>): readonly IndexSegment[] {
  if (from === undefined) return Array.from(inRuns(entries), printedSegment);
  const lines = new KnownLines(from, added);
  const runs = isTooLarge(entries) ? [...inRuns(entries)] : [entries];
  return runs.map((run) => segmentOf(run, lines.copied(run)));
}

/** The lines of a segment, copied from front to back. */
class KnownLines {
  readonly #from: IndexSegment;
  readonly #added: ReadonlySet<IndexEntry>;
  #next = 0;
  #offset = 0;

  constructor(from: IndexSegment, added: ReadonlySet<IndexEntry>) {
    this.#from = from;
    this.#added = added;
  }

  /** Entries that were not added are of the segment, and in its order. */
  copied(entries: readonly IndexEntry[]): Buffer {
    const bytes = Buffer.allocUnsafeSlow(bytesOf(entries));
    let end = 0;
    let run = { start: this.#offset, end: this.#offset };
    const copyRun = () => {
      end += this.#from.bytes.copy(bytes, end, run.start, run.end);
    };
    for (const entry of entries) {
      if (this.#added.has(entry)) {
        copyRun();
        run = { start: run.end, end: run.end };
        end += bytes.write(`${entry.line}${lineSeparator}`, end);
        continue;
      }
      const start = this.#find(entry);
      if (start !== run.end) {
        copyRun();
        run = { start, end: start };
      }
      run.end = this.#offset;
    }
    copyRun();
    return bytes;
  }

  /** Where the line of the entry begins. */
  #find(entry: IndexEntry): number {
    for (;;) {
      const known = this.#from.entries[this.#next];
      if (known === undefined) throw new Error('an entry is not in the segment that it is copied from');
      const start = this.#offset;
      this.#next += 1;
      this.#offset += known.lineBytes + separatorBytes;
      if (known === entry) return start;
    }
  }
}
