// Whether the journal of a repository can be read, for whoever verifies a directory: the journal itself passes over what it cannot read.
import { algorithmOf, digestOf, isDigest } from '../../oci/digest.ts';
import type { Key, ObjectReader } from '../../storage/object-store.ts';
import { Pace } from '../pacing/pace.ts';
import { pieceBytes, readSpan } from './journal-file.ts';
import { journalLines, parseManifest, readHeader } from './journal-record.ts';

export interface JournalCheck {
  /** Its first line says that it is one. */
  readonly hasHeader: boolean;
  /** Lines that are no record, or keep a manifest whose bytes are not those of its digest. */
  readonly damagedLines: number;
}

const newline = 10;
/** A manifest of 64 KiB as base64, or the entries of an index with a hundred thousand. */
const longestLineBytes = 256 * 1024 * 1024;

/** Undefined when there is none. Throws a StorageError for one that may not be read. */
export async function checkJournal(store: ObjectReader, key: Key): Promise<JournalCheck | undefined> {
  const journal = await store.open(key);
  if (journal === undefined) return undefined;
  try {
    const { size } = journal.info;
    const hasHeader = readHeader(await readSpan(journal, { at: 0, length: 256 })) !== '';
    const pace = new Pace();
    let damagedLines = 0;
    for (let at = 0, length = pieceBytes; at < size; ) {
      const bytes = await readSpan(journal, { at, length: Math.min(length, size - at) });
      const end = bytes.lastIndexOf(newline) + 1;
      const isLast = at + bytes.length >= size || bytes.length === 0;
      if (end > 0) damagedLines += damagedIn(bytes.subarray(0, end), at);
      if (end === 0 && (isLast || length > longestLineBytes)) return { hasHeader, damagedLines: damagedLines + 1 };
      at += end;
      length = end > 0 ? pieceBytes : length * 2;
      if (isLast) return { hasHeader, damagedLines: damagedLines + (at < size ? 1 : 0) };
      await pace.step();
    }
    return { hasHeader, damagedLines };
  } finally {
    await journal.close();
  }
}

/** Of whole lines; the header counts as one that is understood. */
function damagedIn(bytes: Buffer, offset: number): number {
  let understood = 0;
  for (const line of journalLines(bytes, offset)) {
    const { at, length } = line.span;
    const start = at - offset;
    if (line.kind !== 'manifest' || isWhole(line.digest, bytes.subarray(start, start + length))) understood += 1;
  }
  return linesIn(bytes) - understood - (offset === 0 && readHeader(bytes) !== '' ? 1 : 0);
}

function isWhole(digest: string, line: Buffer): boolean {
  const bytes = parseManifest(line);
  return bytes !== undefined && isDigest(digest) && digestOf(bytes, algorithmOf(digest)) === digest;
}

/** Without the empty ones, which come before each record. */
function linesIn(bytes: Buffer): number {
  let count = 0;
  let start = 0;
  for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
    if (end > start) count += 1;
    start = end + 1;
  }
  return count;
}
