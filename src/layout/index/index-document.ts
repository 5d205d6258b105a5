// index.json as a document: lossless parse and print. We write one descriptor a line, so that a rewrite copies the bytes of
// every unchanged line and a re-read parses only what differs; what another tool wrote in its own form is parsed whole.
import { isUtf8 } from 'node:buffer';
import { mediaTypes } from '../../oci/media-type.ts';
import { commonPrefixLength, commonSuffixLength } from './common-bytes.ts';
import { type IndexEntry, parseIndexEntry } from './index-entry.ts';
import { maxIndexEntries } from './index-limits.ts';
import { elementsOf, JsonSpanError, membersOf, printMember, TooManyElementsError } from './json-span.ts';

/** index.json cannot be understood as it is: half written, or not an index. It is never replaced then. */
export class IndexUnreadableError extends Error {
  override readonly name = 'IndexUnreadableError';
}

/** It is whole, and of another kind: the file of a web project that lies among the repositories. */
export class ForeignIndexError extends IndexUnreadableError {}

export interface IndexDocument {
  /** The text before the first entry, ending in `[`. */
  readonly head: string;
  readonly entries: readonly IndexEntry[];
  /** The text after the last entry, starting with `]`. */
  readonly tail: string;
  /** What it was parsed from or printed to. */
  readonly bytes: Buffer;
  /** True when `bytes` are head, entries and tail on lines of their own. */
  readonly inOurForm: boolean;
}

/** A layout that nobody has written yet: `mediaType` at the top is what every reader accepts (docs/layouts.md#a-new-index). */
export const emptyIndexDocument: IndexDocument = {
  head: `{"schemaVersion":2,"mediaType":"${mediaTypes.imageIndex}","manifests":[`,
  entries: [],
  tail: ']}',
  bytes: Buffer.alloc(0),
  inOurForm: false,
};

/** Throws IndexUnreadableError. Entries of `known` whose bytes stand in `bytes` as well are shared, not parsed again. */
export function parseIndexDocument(bytes: Buffer, known: IndexDocument | undefined): IndexDocument {
  if (known !== undefined && known.bytes.length > 0 && known.bytes.equals(bytes)) return known;
  try {
    return (known?.inOurForm ? parseDifference(bytes, known) : undefined) ?? parseWhole(bytes);
  } catch (cause) {
    if (cause instanceof JsonSpanError || cause instanceof SyntaxError) {
      throw new IndexUnreadableError('index.json is not a complete image index', { cause });
    }
    if (cause instanceof TooManyElementsError) {
      throw new IndexUnreadableError(`index.json lists more than ${maxIndexEntries} entries`, { cause });
    }
    throw cause;
  }
}

function parseWhole(bytes: Buffer): IndexDocument {
  // Decoding would replace what is not UTF-8 (RFC 8259, 8.1), and our next write would then change another program's bytes.
  if (!isUtf8(bytes)) throw new JsonSpanError('not UTF-8');
  const members = membersOf(bytes.toString('utf8'));
  // Of several members of one name every JSON reader takes the last.
  const at = members.findLastIndex((member) => member.name === 'manifests');
  const before = members.slice(0, at < 0 ? members.length : at);
  const after = at < 0 ? [] : members.slice(at + 1);
  for (const member of [...before, ...after]) JSON.parse(member.text);
  if (!hasIndexMember(members.map(({ name }) => name))) throw new ForeignIndexError('index.json is not an image index');
  // `manifests` null or absent is an empty index (zot writes null).
  const manifests = members[at]?.text ?? 'null';
  const entries = (manifests === 'null' ? [] : elementsOf(manifests, maxIndexEntries)).map(parseIndexEntry);
  const head = `{${before.map((member) => `${printMember(member)},`).join('')}"manifests":[`;
  const tail = `]${after.map((member) => `,${printMember(member)}`).join('')}}`;
  const inOurForm = printIndexDocument({ head, entries, tail }, undefined).bytes.equals(bytes);
  return { head, entries, tail, bytes, inOurForm };
}

const indexMembers: ReadonlySet<string> = new Set(['schemaVersion', 'mediaType', 'manifests']);

/** No image index has members and none of these: an index.json of a web project, which we must not write into. */
export function hasIndexMember(names: readonly string[]): boolean {
  return names.length === 0 || names.some((name) => indexMembers.has(name));
}

const carriageReturn = 0x0d;
/** Beyond, nothing is gained by looking for what is the same. */
const maxChangedBytes = 32 * 1024 * 1024;

/** Undefined when the difference is more than lines added, changed or removed in the middle. */
function parseDifference(bytes: Buffer, known: IndexDocument): IndexDocument | undefined {
  const prefix = commonPrefixLength(bytes, known.bytes);
  const suffix = commonSuffixLength(bytes, known.bytes, prefix);
  const tailStart = known.bytes.length - Buffer.byteLength(known.tail) - 1;
  let start = Buffer.byteLength(known.head) + 1;
  // The line break before the tail, or before the first shared line, must be common too: only then a line starts there.
  if (prefix < start || known.bytes.length - suffix > tailStart - 1) return undefined;
  let first = 0;
  for (let entry = known.entries[0]; entry && start + entry.lineBytes + 2 <= prefix; entry = known.entries[first]) {
    start += entry.lineBytes + 2;
    first += 1;
  }
  let end = tailStart;
  let last = known.entries.length;
  for (let entry = known.entries[last - 1]; entry && last > first; entry = known.entries[last - 1]) {
    const lineStart = end - entry.lineBytes - (end === tailStart ? 1 : 2);
    if (lineStart - 1 < known.bytes.length - suffix || lineStart < start) break;
    end = lineStart;
    last -= 1;
  }
  const changed = bytes.subarray(start, bytes.length - (known.bytes.length - end));
  if (changed.length > maxChangedBytes || !isUtf8(changed) || changed.includes(carriageReturn)) return undefined;
  const middle = parseLines(changed.toString('utf8'), last === known.entries.length);
  if (middle === undefined) return undefined;
  if (middle.length === 0 && last === known.entries.length && first > 0) return undefined;
  const entries = [...known.entries.slice(0, first), ...middle, ...known.entries.slice(last)];
  return { head: known.head, entries, tail: known.tail, bytes, inOurForm: true };
}

/** Undefined when the text is not whole lines, each a descriptor, separated as we separate them. */
function parseLines(text: string, endsTheArray: boolean): readonly IndexEntry[] | undefined {
  const lines = text.split('\n');
  if (lines.pop() !== '') return undefined;
  const entries: IndexEntry[] = [];
  for (const [at, line] of lines.entries()) {
    const isLast = endsTheArray && at === lines.length - 1;
    if (!line.startsWith('{') || !line.endsWith(isLast ? '}' : '},')) return undefined;
    const entry = entryOn(isLast ? line : line.slice(0, -1));
    if (entry === undefined) return undefined;
    entries.push(entry);
  }
  return entries;
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

/** An annotation of index.json itself. */
export function annotationOf({ head, tail }: IndexDocument, name: string): unknown {
  const { annotations } = JSON.parse(`${head}${tail}`) as { annotations?: unknown };
  return typeof annotations === 'object' && annotations !== null ? Reflect.get(annotations, name) : undefined;
}

/** The document that was known before, and which of its entries the new one has no longer. */
export interface PrintedBefore {
  readonly document: IndexDocument;
  readonly removed: ReadonlySet<IndexEntry>;
}

/** Prints in our form; runs of entries that stood next to each other in the document before are copied as bytes. */
export function printIndexDocument(
  content: Pick<IndexDocument, 'head' | 'entries' | 'tail'>,
  before: PrintedBefore | undefined,
): IndexDocument {
  const { head, entries, tail } = content;
  const pieces = before?.document.inOurForm
    ? copiedPieces(entries, before)
    : [Buffer.from(entries.map((each) => each.line).join(',\n'))];
  const parts: Buffer[] = [Buffer.from(`${head}\n`)];
  for (const [at, piece] of pieces.entries()) parts.push(at === 0 ? empty : separator, piece);
  parts.push(Buffer.from(entries.length === 0 ? `${tail}\n` : `\n${tail}\n`));
  return { head, entries, tail, bytes: Buffer.concat(parts), inOurForm: true };
}

const empty = Buffer.alloc(0);
const separator = Buffer.from(',\n');

function copiedPieces(entries: readonly IndexEntry[], { document, removed }: PrintedBefore): readonly Buffer[] {
  const pieces: Buffer[] = [];
  let offset = Buffer.byteLength(document.head) + 1;
  let runStart = offset;
  let at = 0;
  const endRun = () => {
    if (offset > runStart) pieces.push(document.bytes.subarray(runStart, offset - separator.length));
  };
  for (const old of document.entries) {
    while (!removed.has(old) && entries[at] !== old) {
      endRun();
      runStart = offset;
      pieces.push(Buffer.from(entries[at]?.line ?? ''));
      at += 1;
    }
    if (removed.has(old)) {
      endRun();
      offset += old.lineBytes + separator.length;
      runStart = offset;
    } else {
      offset += old.lineBytes + separator.length;
      at += 1;
    }
  }
  endRun();
  for (const added of entries.slice(at)) pieces.push(Buffer.from(added.line));
  return pieces;
}
