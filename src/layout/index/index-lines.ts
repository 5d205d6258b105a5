// index.json in our form, one descriptor a line: compared with the one that is known from both ends, and parsed where it differs.
import { isUtf8 } from 'node:buffer';
import type { SteppedWork } from '../pacing/steps.ts';
import { type AroundEntries, IndexDocument } from './index-document.ts';
import { type IndexEntry, parseIndexEntry } from './index-entry.ts';
import {
  type IndexSegment,
  inRuns,
  isTooLarge,
  lineSeparator,
  printedSegment,
  segmentsOf,
  separatorBytes,
} from './index-segment.ts';
import { assertAdmitted, indexOf } from './index-text.ts';
import { JsonSpanError, membersOf } from './json-span.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
/** Parsed in one step. */
const stepBytes = 64 * 1024;
/** What differs by no more lines is one segment with the lines beside it. */
const fewLines = 128;

/** Undefined when the file is not in our form; throws TooManyEntriesError. */
export function* documentInLines(
  bytes: Buffer,
  known: IndexDocument | undefined,
): SteppedWork<IndexDocument | undefined> {
  const found = linesIn(bytes);
  if (found === undefined) return undefined;
  yield;
  const { lines, ...around } = found;
  const before = known?.segments ?? [];
  const { first, last, start, end } = yield* sharedSegments(lines, before);
  const isSame = known !== undefined && first === before.length && start === end;
  if (isSame && known.inOurForm && known.head === around.head && known.tail === around.tail) return known;
  const changed = new ChangedLines(lines, before.slice(first, last), start, end);
  const shared = [before.slice(0, first), before.slice(last)] as const;
  const middle = yield* changed.segments(shared.flat().reduce((sum, { entries }) => sum + entries.length, 0));
  return middle && new IndexDocument(around, [...shared[0], ...middle, ...shared[1]], undefined);
}

/** The lines of the entries within a file, each of which ends with a separator: after the last one it is thought of as being there. */
class Lines {
  readonly start: number;
  readonly end: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /** Whether `known`, which are whole lines, stands there. */
  has(known: Buffer, at: number): boolean {
    const length = at + known.length === this.end ? known.length - separatorBytes : known.length;
    if (at < this.start || at + known.length > this.end) return false;
    return this.beginsAt(at) && this.#bytes.compare(known, 0, length, at, at + length) === 0;
  }

  /** Whether a line begins there. */
  beginsAt(at: number): boolean {
    return at === this.start || this.#bytes[at - 1] === lineFeed;
  }

  /** Where a line ends, the first one that does not end before `at`. */
  endAfter(at: number): number {
    const feed = this.#bytes.indexOf(lineFeed, at);
    return feed < 0 || feed + 1 > this.end - separatorBytes ? this.end : feed + 1;
  }

  /** Of whole lines, with all their separators; a part of the file where that is possible. */
  slice(start: number, end: number): Buffer {
    if (end < this.end) return this.#bytes.subarray(start, end);
    return Buffer.concat([this.#bytes.subarray(start, end - separatorBytes), Buffer.from(lineSeparator)]);
  }
}

function linesIn(bytes: Buffer): (AroundEntries & { readonly lines: Lines }) | undefined {
  const headEnd = bytes.indexOf(lineFeed);
  if (headEnd < 0 || bytes.at(-1) !== lineFeed) return undefined;
  const tailStart = bytes.lastIndexOf(lineFeed, bytes.length - 2) + 1;
  const [headBytes, tailBytes] = [bytes.subarray(0, headEnd), bytes.subarray(tailStart, -1)];
  if (tailStart <= headEnd || !isUtf8(headBytes) || !isUtf8(tailBytes)) return undefined;
  const [head, tail] = [headBytes.toString('utf8'), tailBytes.toString('utf8')];
  if (!head.endsWith('[') || !tail.startsWith(']') || !isAround({ head, tail })) return undefined;
  const start = headEnd + 1;
  // Before the tail is a line feed, and no separator.
  return { head, tail, lines: new Lines(bytes, start, tailStart === start ? start : tailStart - 1 + separatorBytes) };
}

/** Whether we would print just that around these entries. */
function isAround({ head, tail }: AroundEntries): boolean {
  try {
    const index = indexOf(membersOf(`${head}${tail}`));
    return index.manifests === '[]' && index.head === head && index.tail === tail;
  } catch (error) {
    if (error instanceof JsonSpanError || error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Which of the segments are not shared, and where the lines between them stand. */
function* sharedSegments(lines: Lines, known: readonly IndexSegment[]) {
  let [first, last, start, end] = [0, known.length, lines.start, lines.end];
  for (const { bytes } of known) {
    if (!lines.has(bytes, start)) break;
    start += bytes.length;
    first += 1;
    yield;
  }
  for (const { bytes } of known.slice(first).reverse()) {
    if (end - bytes.length < start || !lines.has(bytes, end - bytes.length)) break;
    end -= bytes.length;
    last -= 1;
    yield;
  }
  return { first, last, start, end };
}

/** What differs, with the segments that it takes the place of. */
class ChangedLines {
  readonly #lines: Lines;
  readonly #known: readonly IndexSegment[];
  #start: number;
  #end: number;

  constructor(lines: Lines, known: readonly IndexSegment[], start: number, end: number) {
    this.#lines = lines;
    this.#known = known;
    this.#start = start;
    this.#end = end;
  }

  /** Undefined where a line is none of ours. `others`: how many entries there are besides. */
  *segments(others: number): SteppedWork<readonly IndexSegment[] | undefined> {
    const before = this.#sharedAtStart();
    const after = this.#sharedAtEnd(before.length);
    const parsed: IndexSegment[] = [];
    let count = others + before.length + after.length;
    while (this.#start < this.#end) {
      const end = Math.min(this.#lines.endAfter(this.#start + stepBytes), this.#end);
      const bytes = this.#lines.slice(this.#start, end);
      const entries = entriesIn(bytes, count);
      if (entries === undefined) return undefined;
      // Where nearly all is shared, the few new lines are not to keep the whole of another file in memory.
      parsed.push(...segmentsOf(entries, others > 0 ? Buffer.from(bytes) : bytes));
      count += entries.length;
      this.#start = end;
      yield;
    }
    const lines = parsed.flatMap(({ entries }) => entries);
    if (lines.length > fewLines) return [...printed(before), ...parsed, ...printed(after)];
    return printed([...before, ...lines, ...after]);
  }

  /** The first lines that are the same in the first segment. */
  #sharedAtStart(): readonly IndexEntry[] {
    const [segment] = this.#known;
    const shared: IndexEntry[] = [];
    let offset = 0;
    for (const entry of segment?.entries ?? []) {
      const line = segment?.bytes.subarray(offset, offset + entry.lineBytes + separatorBytes);
      if (line === undefined || this.#start + line.length > this.#end || !this.#lines.has(line, this.#start)) break;
      offset += line.length;
      this.#start += line.length;
      shared.push(entry);
    }
    return shared;
  }

  /** The last ones in the last segment, but for those that are shared already where it is the first one as well. */
  #sharedAtEnd(sharedAtStart: number): readonly IndexEntry[] {
    const segment = this.#known.at(-1);
    const entries = segment?.entries.slice(this.#known.length === 1 ? sharedAtStart : 0) ?? [];
    let offset = segment?.bytes.length ?? 0;
    let shared = entries.length;
    for (const entry of entries.toReversed()) {
      const line = segment?.bytes.subarray(offset - entry.lineBytes - separatorBytes, offset);
      if (line === undefined || this.#end - line.length < this.#start) break;
      if (!this.#lines.has(line, this.#end - line.length)) break;
      offset -= line.length;
      this.#end -= line.length;
      shared -= 1;
    }
    return entries.slice(shared);
  }
}

function printed(entries: readonly IndexEntry[]): readonly IndexSegment[] {
  if (entries.length === 0) return [];
  return isTooLarge(entries) ? Array.from(inRuns(entries), printedSegment) : [printedSegment(entries)];
}

/** Undefined where a line is not one JSON value, written as we separate them. `before`: how many entries there are besides. */
function entriesIn(bytes: Buffer, before: number): readonly IndexEntry[] | undefined {
  if (!isUtf8(bytes) || bytes.includes(carriageReturn)) return undefined;
  const entries: IndexEntry[] = [];
  const lines = bytes.toString('utf8').split('\n');
  lines.pop();
  for (const line of lines) {
    assertAdmitted(before + entries.length);
    const entry = isOurs(line) ? entryOn(line.slice(0, -1)) : undefined;
    if (entry === undefined) return undefined;
    entries.push(entry);
  }
  return entries;
}

/** Whether it ends as we separate lines, without a space around the value. */
function isOurs(line: string): boolean {
  return line.endsWith(',') && !isSpace(line.charCodeAt(0)) && !isSpace(line.charCodeAt(line.length - 2));
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Undefined when the line is no JSON of its own: the file may still be some, with a descriptor on several lines. */
function entryOn(line: string): IndexEntry | undefined {
  try {
    return parseIndexEntry(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
