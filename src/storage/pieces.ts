// Bytes in several pieces, as a large object is made of what was there before: put together only where somebody must.
import type { Replacement } from './object-store.ts';

export type Pieces = readonly Uint8Array[];

export function piecesOf(bytes: Replacement['bytes']): Pieces {
  return bytes instanceof Uint8Array ? [bytes] : bytes;
}

export function lengthOf(pieces: Pieces): number {
  return pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** A copy of its own. */
export function joined(bytes: Replacement['bytes']): Uint8Array {
  return new Uint8Array(Buffer.concat(piecesOf(bytes)));
}

/** What is left once so many bytes of it were written. */
export function withoutFirst(pieces: Pieces, bytes: number): Pieces {
  let left = bytes;
  const first = pieces.findIndex(({ byteLength }) => {
    if (left < byteLength) return true;
    left -= byteLength;
    return false;
  });
  if (first < 0) return [];
  return pieces.slice(first).map((piece, at) => (at === 0 ? piece.subarray(left) : piece));
}

/** What differs of `pieces` from others that begin with the very same pieces, and where that is. */
export function afterCommon(others: Pieces, pieces: Pieces): { readonly at: number; readonly left: Pieces } {
  const first = pieces.findIndex((piece, at) => !isSamePiece(piece, others[at]));
  const common = first < 0 ? pieces : pieces.slice(0, first);
  return { at: lengthOf(common), left: pieces.slice(common.length) };
}

/** What is made anew each time is small. */
const comparedBytes = 4_096;

function isSamePiece(one: Uint8Array, other: Uint8Array | undefined): boolean {
  if (other === undefined || one.byteLength !== other.byteLength) return false;
  if (one.buffer === other.buffer && one.byteOffset === other.byteOffset) return true;
  return one.byteLength <= comparedBytes && Buffer.compare(one, other) === 0;
}
