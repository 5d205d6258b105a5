// The bytes of a member of an archive, wherever they are: in one run, or with holes between them.
import type { ArchiveFile } from './archive-file.ts';
import type { Piece, PlacedPiece } from './sparse-map.ts';
import type { Member } from './tar-contents.ts';

/** Fills `buffer` from `at` of the member, which must have as many bytes. Throws when the file ends before, and when it changed. */
export async function fillFromMember(
  file: ArchiveFile,
  { offset, pieces }: Member,
  buffer: Uint8Array,
  at: number,
): Promise<void> {
  if (pieces === undefined) return file.fill(buffer, offset + at);
  const end = at + buffer.byteLength;
  buffer.fill(0);
  for (const { from, until, stored } of overlapping(pieces, at, end)) {
    await file.fill(buffer.subarray(from - at, until - at), offset + stored);
  }
}

interface StoredPart {
  /** In the member. */
  readonly from: number;
  readonly until: number;
  /** Where `from` is, counted from the member's offset in the archive. */
  readonly stored: number;
}

/** Small beside the reads: a map has a line for each run of data of a file. */
function* overlapping(pieces: readonly PlacedPiece[], at: number, end: number): Generator<StoredPart> {
  for (let each = firstEndingAfter(pieces, at); each < pieces.length; each += 1) {
    const piece = pieces[each];
    if (piece === undefined || piece.at >= end) return;
    const from = Math.max(piece.at, at);
    yield { from, until: Math.min(piece.at + piece.length, end), stored: piece.stored + (from - piece.at) };
  }
}

function firstEndingAfter(pieces: readonly Piece[], at: number): number {
  let [low, high] = [0, pieces.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const piece = pieces[middle];
    if (piece !== undefined && piece.at + piece.length <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
