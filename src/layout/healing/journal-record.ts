// The text of the journal: lines of JSON, appended only. A line that does not parse (a crash while it was written) is no record.
import type { VersionLabel } from '../../storage/object-store.ts';
import { type Delta, digestOfKey, type EntryKey, type IndexedEntry, noDelta } from '../index/entry-key.ts';
import type { SteppedWork } from '../pacing/steps.ts';

export type VersionAuthor = 'commit' | 'delete' | 'heal' | 'foreign' | 'snapshot';

/** One version of index.json, written before the version is visible; so it may never have come to be. */
export interface JournalRecord {
  readonly author: VersionAuthor;
  /** The version it was made from; undefined when there was no file. */
  readonly base: VersionLabel | undefined;
  readonly label: VersionLabel | undefined;
  readonly atMs: number;
  /** The process that wrote the record. */
  readonly process: string;
  /** From the base to this version. A snapshot's entries stand on the line before it. */
  readonly delta: Delta;
  /** From this version to WANT, when somebody else wrote it. */
  readonly owed: Delta;
  /** Versions that were recorded and then not published. */
  readonly voids: readonly VersionLabel[];
}

/** Where something stands in the journal. */
export interface Span {
  readonly at: number;
  readonly length: number;
}

export type JournalLine =
  | { readonly kind: 'manifest'; readonly digest: string; readonly span: Span }
  | { readonly kind: 'entries'; readonly span: Span }
  | { readonly kind: 'record'; readonly record: JournalRecord; readonly span: Span };

// Every piece starts a line of its own, also after one that a crash cut short.
const prefixes = { header: '{"journal":"', manifest: '{"manifest":"', entries: '{"entries":', record: '{"author":"' };
const headerEnd = '"}';
const absentSeparator = '","absent":"';
const base64Separator = '","base64":"';
const manifestEnd = '"}';

/** Identifies the file: another id means that it was trimmed or started anew, and is to be read from its beginning. */
export function printHeader(id: string): string {
  return `${prefixes.header}${id}${headerEnd}\n`;
}

/** The id of the journal that starts with these bytes; '' when a crash cut its first line short. */
export function readHeader(bytes: Buffer): string {
  const [line = ''] = bytes.toString('latin1').split('\n', 1);
  return line.startsWith(prefixes.header) ? line.slice(prefixes.header.length, -headerEnd.length) : '';
}

/** `absent` are digests that it refers to and that the repository did not hold when it was acknowledged. */
export function printManifest(digest: string, bytes: Uint8Array, absent: readonly string[] = []): string {
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  const missing = absent.length === 0 ? '' : `${absentSeparator}${absent.join(' ')}`;
  return `\n${prefixes.manifest}${digest}${missing}${base64Separator}${base64}${manifestEnd}\n`;
}

/** In pieces, which together are one line: of a hundred thousand entries, 30 MB. */
export function* printedEntries(entries: Iterable<IndexedEntry>): SteppedWork<readonly Buffer[]> {
  const pieces: Buffer[] = [];
  let run = `\n${prefixes.entries}[`;
  let separator = '';
  for (const { key, line } of entries) {
    run += `${separator}${JSON.stringify([key, line])}`;
    separator = ',';
    if (run.length < printedCharacters) continue;
    pieces.push(Buffer.from(run));
    run = '';
    yield;
  }
  pieces.push(Buffer.from(`${run}]}\n`));
  return pieces;
}

export function printRecord(record: JournalRecord): string {
  const { author, base, label, atMs, process, delta, owed, voids } = record;
  return `\n${JSON.stringify({
    author,
    base,
    label,
    at: atMs,
    process,
    added: delta.added.map(({ key, line }) => [key, line]),
    removed: delta.removed,
    ...(owed.added.length + owed.removed.length === 0
      ? {}
      : { owed: { added: owed.added.map(({ key, line }) => [key, line]), removed: owed.removed } }),
    ...(voids.length === 0 ? {} : { voids }),
  })}\n`;
}

/** Yields the whole lines of a piece of the journal that starts at `offset`; ends where the last whole line ends. */
export function* journalLines(bytes: Buffer, offset: number): Generator<JournalLine> {
  let start = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
    const span = { at: offset + start, length: end - start };
    const line = end > start ? parseLine(bytes.subarray(start, end), span) : undefined;
    if (line !== undefined) yield line;
    start = end + 1;
  }
}

function parseLine(bytes: Buffer, span: Span): JournalLine | undefined {
  const startsWith = (prefix: string) => bytes.toString('latin1', 0, prefix.length) === prefix;
  if (startsWith(prefixes.record)) {
    const record = parseRecord(bytes);
    return record && { kind: 'record', record, span };
  }
  if (startsWith(prefixes.manifest)) {
    const end = bytes.indexOf('"', prefixes.manifest.length);
    return { kind: 'manifest', digest: bytes.toString('latin1', prefixes.manifest.length, end), span };
  }
  if (startsWith(prefixes.entries)) return { kind: 'entries', span };
  return undefined;
}

/** The bytes of a manifest line; undefined when it is none. */
export function parseManifest(line: Buffer): Buffer | undefined {
  const at = line.indexOf(base64Separator);
  if (at < 0) return undefined;
  return Buffer.from(line.toString('latin1', at + base64Separator.length, line.length - manifestEnd.length), 'base64');
}

/** What it referred to and the repository did not hold then. */
export function parseAbsent(line: Buffer): readonly string[] {
  const at = line.indexOf(absentSeparator);
  const end = line.indexOf(base64Separator);
  if (at < 0 || end < at) return [];
  return line.toString('latin1', at + absentSeparator.length, end).split(' ');
}

/** The entries of a snapshot, by their keys; undefined when the line was damaged. Each step parses some hundred of them. */
export function* parsedEntries(line: Buffer): SteppedWork<Map<EntryKey, IndexedEntry> | undefined> {
  const entries = new Map<EntryKey, IndexedEntry>();
  const [open, close] = [`${prefixes.entries}[`, ']}'];
  if (line.toString('latin1', 0, open.length) !== open) return undefined;
  const end = line.length - close.length;
  if (line.toString('latin1', end) !== close) return undefined;
  for (let start = open.length; start < end; ) {
    // A quote within a string has a backslash before it: this can stand between two entries only.
    const next = line.indexOf(betweenEntries, start + pieceCharacters) + 1;
    const stop = next > 0 && next < end ? line.indexOf(',', next) : end;
    const run = entriesOf(parseJson(Buffer.concat([bracket, line.subarray(start, stop), closingBracket])));
    if (run === undefined) return undefined;
    for (const entry of run) entries.set(entry.key, entry);
    start = stop + 1;
    yield;
  }
  return entries;
}

/** Parsed in one step; written in one. */
const pieceCharacters = 64 * 1024;
const printedCharacters = 512 * 1024;
const betweenEntries = '"],["';
const [bracket, closingBracket] = [Buffer.from('['), Buffer.from(']')];

function parseRecord(line: Buffer): JournalRecord | undefined {
  const json = parseJson(line);
  if (!isObject(json)) return undefined;
  const { author, base, label, at, process, voids = [] } = json;
  const delta = deltaOf(json);
  const owed = json.owed === undefined ? noDelta : deltaOf(json.owed);
  if (!isAuthor(author) || !isLabel(base) || !isLabel(label) || typeof at !== 'number') return undefined;
  if (delta === undefined || owed === undefined || !Array.isArray(voids) || !voids.every(isText)) return undefined;
  return {
    author,
    base,
    label,
    atMs: at,
    process: typeof process === 'string' ? process : '',
    delta,
    owed,
    voids: voids as VersionLabel[],
  };
}

function parseJson(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'));
  } catch {
    // A line that a crash cut short is no record: the version it announced is judged like one we never saw.
    return undefined;
  }
}

function deltaOf(json: unknown): Delta | undefined {
  if (!isObject(json) || !Array.isArray(json.removed) || !json.removed.every(isText)) return undefined;
  const added = entriesOf(json.added);
  return added && { added, removed: json.removed as EntryKey[] };
}

function entriesOf(json: unknown): readonly IndexedEntry[] | undefined {
  if (!Array.isArray(json)) return undefined;
  const entries: IndexedEntry[] = [];
  for (const pair of json) {
    const [key, line]: unknown[] = Array.isArray(pair) ? pair : [];
    if (!isText(key) || !isText(line)) return undefined;
    entries.push({ key: key as EntryKey, digest: digestOfKey(key as EntryKey), line });
  }
  return entries;
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function isText(json: unknown): json is string {
  return typeof json === 'string';
}

function isLabel(json: unknown): json is VersionLabel | undefined {
  return json === undefined || isText(json);
}

const authors: readonly unknown[] = ['commit', 'delete', 'heal', 'foreign', 'snapshot'] satisfies VersionAuthor[];

function isAuthor(json: unknown): json is VersionAuthor {
  return authors.includes(json);
}
