// The Range header of blob downloads (RFC 9110, 14.2): one byte range, or the whole blob.
// Written here because range-parser answers 416 to a suffix longer than the blob, where RFC 9110 asks for the whole blob.

export type ByteRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly first: number; readonly last: number }
  | { readonly kind: 'unsatisfiable' };

const whole: ByteRange = { kind: 'whole' };
const unsatisfiable: ByteRange = { kind: 'unsatisfiable' };
const singleRange = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i;

/**
 * What to send of `size` bytes. Malformed headers, other units and several ranges mean the whole blob (RFC 9110 lets a
 * server ignore them); `500-0` is unsatisfiable, since the conformance suite counts a 200 for it as unsupported.
 */
export function parseByteRange(header: string | undefined, size: number): ByteRange {
  if (header === undefined) return whole;
  const match = singleRange.exec(header);
  const [, first = '', last = ''] = match ?? [];
  if (first === '') return last === '' ? whole : suffixOf(Number(last), size);
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  return start > end ? unsatisfiable : { kind: 'part', first: start, last: end };
}

function suffixOf(length: number, size: number): ByteRange {
  if (length === 0 || size === 0) return unsatisfiable;
  return { kind: 'part', first: Math.max(0, size - length), last: size - 1 };
}
