// index.json as programs of all kinds write it: on one line, indented, with members that nobody knows.
import { isAscii, isUtf8 } from 'node:buffer';
import type { SteppedWork } from '../pacing/steps.ts';
import { type AroundEntries, ForeignIndexError, IndexDocument } from './index-document.ts';
import { type IndexEntry, parseIndexEntry } from './index-entry.ts';
import { maxIndexEntries } from './index-limits.ts';
import { type IndexSegment, inRuns, printedSegment } from './index-segment.ts';
import { elementsOf, type JsonMember, JsonSpanError, membersIn, printMember } from './json-span.ts';

/** There are more entries than this process has memory for. */
export class TooManyEntriesError extends Error {
  override readonly name = 'TooManyEntriesError';
}

/**
 * Throws JsonSpanError and SyntaxError for what is no index, ForeignIndexError, TooManyEntriesError. Entries whose text stands in `known` as well
 * are shared, and so are segments of them: most programs print anew what they do not change.
 */
export function* documentInText(bytes: Buffer, known: IndexDocument | undefined): SteppedWork<IndexDocument> {
  // Decoding would replace what is not UTF-8 (RFC 8259, 8.1), and our next write would then change another program's bytes.
  if (!isUtf8(bytes)) throw new JsonSpanError('not UTF-8');
  yield;
  // What is ASCII is decoded in a third of the time.
  const encoding = isAscii(bytes) ? 'latin1' : 'utf8';
  yield;
  const text = bytes.toString(encoding);
  yield;
  const members = yield* membersIn(text);
  const { manifests, ...around } = indexOf(members);
  if (!hasIndexMember(members.map(({ name }) => name))) throw new ForeignIndexError('index.json is not an image index');
  const shared = yield* knownEntries(known?.segments ?? []);
  const entries: IndexEntry[] = [];
  // `manifests` null or absent is an empty index (zot writes null).
  for (const line of manifests === 'null' ? [] : elementsOf(manifests)) {
    assertAdmitted(entries.length);
    entries.push(shared.get(line) ?? parseIndexEntry(line));
    // An entry that is listed twice is two entries.
    shared.delete(line);
    yield;
  }
  return new IndexDocument(around, yield* segmentsLike(known?.segments ?? [], entries), bytes);
}

/** By their text. */
function* knownEntries(segments: readonly IndexSegment[]): SteppedWork<Map<string, IndexEntry>> {
  const byLine = new Map<string, IndexEntry>();
  for (const { entries } of segments) {
    for (const entry of entries) byLine.set(entry.line, entry);
    yield;
  }
  return byLine;
}

/** The entries in segments: those of `known` that are among them as they are, and new ones of what is in between. */
function* segmentsLike(
  known: readonly IndexSegment[],
  entries: readonly IndexEntry[],
): SteppedWork<readonly IndexSegment[]> {
  const startingWith = new Map(known.map((segment) => [segment.entries[0], segment]));
  const segments: IndexSegment[] = [];
  let start = 0;
  for (let at = 0; at < entries.length; ) {
    const segment = startingWith.get(entries[at]);
    if (segment === undefined || segment.entries.some((entry, offset) => entry !== entries[at + offset])) {
      at += 1;
      continue;
    }
    segments.push(...(yield* printedSegments(entries.slice(start, at))), segment);
    at += segment.entries.length;
    start = at;
    yield;
  }
  return [...segments, ...(yield* printedSegments(entries.slice(start)))];
}

function* printedSegments(entries: readonly IndexEntry[]): SteppedWork<readonly IndexSegment[]> {
  const segments: IndexSegment[] = [];
  for (const run of inRuns(entries)) {
    segments.push(printedSegment(run));
    yield;
  }
  return segments;
}

/** The text of its manifests, and what stands around them in our form. Throws SyntaxError where another member is no JSON. */
export function indexOf(members: readonly JsonMember[]): AroundEntries & { readonly manifests: string } {
  // Of several members of one name every JSON reader takes the last.
  const at = members.findLastIndex((member) => member.name === 'manifests');
  const before = members.slice(0, at < 0 ? members.length : at);
  const after = at < 0 ? [] : members.slice(at + 1);
  for (const member of [...before, ...after]) JSON.parse(member.text);
  return {
    head: `{${before.map((member) => `${printMember(member)},`).join('')}"manifests":[`,
    tail: `]${after.map((member) => `,${printMember(member)}`).join('')}}`,
    manifests: members[at]?.text ?? 'null',
  };
}

/** Throws TooManyEntriesError where so many are the most there may be. */
export function assertAdmitted(entries: number): void {
  if (entries >= maxIndexEntries) throw new TooManyEntriesError(`more than ${maxIndexEntries} entries`);
}

const indexMembers: ReadonlySet<string> = new Set(['schemaVersion', 'mediaType', 'manifests']);

/** No image index has members and none of these: an index.json of a web project, which we must not write into. */
export function hasIndexMember(names: readonly string[]): boolean {
  return names.length === 0 || names.some((name) => indexMembers.has(name));
}
