// Sparse members: the bytes that are in the archive, and the holes between them that read as zeros. GNU tar has four forms of the
// map (tar manual, "Storing Sparse Files"), and docker, podman and whoever archives a directory with --sparse write them.
import { blockBytes, numberIn, type SparseRecords, TarDamageError } from './tar-header.ts';

/** Bytes of a member that are in the archive, one after another from the member's offset on. */
export interface Piece {
  /** In the member. */
  readonly at: number;
  readonly length: number;
}

/** A piece, and how many bytes of the member are stored before it. */
export interface PlacedPiece extends Piece {
  readonly stored: number;
}

export interface SparseMap {
  /** Of the member, holes included. */
  readonly size: number;
  /** In order, none of them empty. */
  readonly pieces: readonly PlacedPiece[];
  /** Bytes of all pieces. */
  readonly stored: number;
}

const entryBytes = 24;
/** Of a map of the old form that goes on after the header. */
export const piecesInBlock = Math.floor(504 / entryBytes);

/** The old form: four entries in the header itself, 21 in each block that follows it. Throws TarDamageError. */
export function oldMap(header: Buffer, further: readonly Buffer[]): SparseMap {
  const entries = [...entriesIn(header, 386, 4), ...further.flatMap((block) => entriesIn(block, 0, piecesInBlock))];
  return sparseMap(numberIn(header, 483, 495, 'real size'), entries);
}

function entriesIn(block: Buffer, start: number, count: number): readonly Piece[] {
  const entries: Piece[] = [];
  for (let at = start; at < start + count * entryBytes; at += entryBytes) {
    // An empty entry ends the list.
    if (block[at] === 0 && block[at + 12] === 0) break;
    const half = at + entryBytes / 2;
    entries.push({ at: numberIn(block, at, half, 'map'), length: numberIn(block, half, at + entryBytes, 'map') });
  }
  return entries;
}

/** Forms 0.0 and 0.1, whose map stands in the records; undefined for 1.0, whose map precedes the bytes. Throws TarDamageError. */
export function mapInRecords({ records }: SparseRecords): SparseMap | undefined {
  if (lastOf(records, 'major') === '1') return undefined;
  const size = wholeNumber(lastOf(records, 'size') ?? lastOf(records, 'realsize'));
  const map = lastOf(records, 'map');
  if (map !== undefined) return sparseMap(size, pairs(map === '' ? [] : map.split(',')));
  const numbers = records.flatMap(([key, value]) => (key === 'offset' || key === 'numbytes' ? [value] : []));
  return sparseMap(size, pairs(numbers));
}

/** The name of form 0.1 and 1.0, whose header has another one. */
export function nameInRecords({ records }: SparseRecords): string | undefined {
  return lastOf(records, 'name');
}

export interface LeadingMap {
  readonly map: SparseMap;
  /** Bytes of the map, up to the next block. */
  readonly bytes: number;
}

/**
 * Form 1.0: `start` is the beginning of the content. Undefined where the map goes on beyond it. Throws TarDamageError.
 */
export function leadingMap(start: Buffer, { records }: SparseRecords): LeadingMap | undefined {
  const lines: string[] = [];
  let at = 0;
  for (let wanted = 1; lines.length < wanted; ) {
    const end = start.indexOf(0x0a, at);
    if (end < 0) return undefined;
    lines.push(start.toString('latin1', at, Math.min(end, at + 32)));
    at = end + 1;
    if (lines.length === 1) wanted = 1 + 2 * wholeNumber(lines[0]);
    // Each number takes two bytes at least.
    if (wanted > start.length) return undefined;
  }
  const map = sparseMap(wholeNumber(lastOf(records, 'realsize')), pairs(lines.slice(1)));
  return { map, bytes: Math.ceil(at / blockBytes) * blockBytes };
}

function lastOf(records: SparseRecords['records'], key: string): string | undefined {
  return records.findLast(([name]) => name === key)?.[1];
}

function pairs(numbers: readonly string[]): readonly Piece[] {
  const found: Piece[] = [];
  for (let at = 0; at < numbers.length; at += 2) {
    found.push({ at: wholeNumber(numbers[at]), length: wholeNumber(numbers[at + 1]) });
  }
  return found;
}

function sparseMap(size: number, entries: readonly Piece[]): SparseMap {
  let end = 0;
  let stored = 0;
  const pieces: PlacedPiece[] = [];
  for (const { at, length } of entries) {
    if (at < end || at + length > size) throw new TarDamageError('the map of a sparse member is out of order');
    end = at + length;
    if (length > 0) pieces.push({ at, length, stored });
    stored += length;
  }
  return { size, pieces, stored };
}

function wholeNumber(text: string | undefined): number {
  const value = text !== undefined && /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new TarDamageError('the map of a sparse member has a number that is none');
  return value;
}
