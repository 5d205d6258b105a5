// The Range header of blob downloads (RFC 9110, 14.2): one byte range, several, or the whole blob.
// Written here because range-parser answers 416 to a suffix longer than the blob, where RFC 9110 asks for the whole blob.

/** Both inclusive, within the blob. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

export type RangeChoice =
  | { readonly kind: 'whole' }
  | ({ readonly kind: 'part' } & ByteRange)
  /** At least two, none of which overlaps another, in the order in which they were asked for. */
  | { readonly kind: 'parts'; readonly ranges: readonly [ByteRange, ByteRange, ...ByteRange[]] }
  | { readonly kind: 'unsatisfiable' }
  | { readonly kind: 'too-many' };

/** Of one request. podman asks for up to 1,024 and, when that is refused, for fewer and larger ones. */
export const maxRanges = 100;

const whole: RangeChoice = { kind: 'whole' };
const unsatisfiable: RangeChoice = { kind: 'unsatisfiable' };
const singleRange = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i;
const unit = /^bytes=/i;
const member = /^(\d*)-(\d*)$/;

/**
 * What to send of `size` bytes. Malformed headers and other units mean the whole blob (RFC 9110 lets a server ignore them);
 * `500-0` alone is unsatisfiable, since the conformance suite counts a 200 for it as unsupported.
 */
export function parseByteRange(header: string | undefined, size: number): RangeChoice {
  if (header === undefined) return whole;
  const match = singleRange.exec(header);
  if (match === null) return header.includes(',') ? severalOf(header, size) : whole;
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return whole;
  const range = rangeOf(first, last, size);
  return range === undefined ? unsatisfiable : { kind: 'part', ...range };
}

/** Undefined when no byte of the blob lies in it. */
function rangeOf(first: string, last: string, size: number): ByteRange | undefined {
  if (first === '') {
    const length = Number(last);
    return length === 0 || size === 0 ? undefined : { first: Math.max(0, size - length), last: size - 1 };
  }
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  return start > end ? undefined : { first: start, last: end };
}

/** One malformed range makes the list malformed. Those outside of the blob are left out, unless all are (RFC 9110, 14.2). */
function severalOf(header: string, size: number): RangeChoice {
  if (!unit.test(header)) return whole;
  const words = header.slice('bytes='.length).split(',');
  // RFC 9110, 5.6.1: empty elements of a list do not count.
  const specs = words.map((word) => word.trim()).filter((word) => word !== '');
  if (specs.length > maxRanges) return { kind: 'too-many' };
  const ranges: ByteRange[] = [];
  for (const spec of specs) {
    const [, first = '', last = ''] = member.exec(spec) ?? [];
    const isReversed = first !== '' && last !== '' && Number(first) > Number(last);
    if ((first === '' && last === '') || isReversed) return whole;
    const range = rangeOf(first, last, size);
    if (range !== undefined) ranges.push(range);
  }
  const [first, second, ...more] = withoutOverlaps(ranges);
  if (first === undefined) return specs.length === 0 ? whole : unsatisfiable;
  return second === undefined ? { kind: 'part', ...first } : { kind: 'parts', ranges: [first, second, ...more] };
}

/**
 * Overlapping ranges become one, which takes the place of the first (RFC 9110, 15.3.7.2): nobody gets a byte twice. Those that
 * only touch stay apart, since podman counts the parts and takes them for the ranges that it asked for, one by one.
 */
function withoutOverlaps(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const merged: { first: number; last: number; place: number }[] = [];
  const sorted = ranges.map((range, place) => ({ ...range, place })).sort((a, b) => a.first - b.first);
  for (const range of sorted) {
    const before = merged.at(-1);
    if (before === undefined || range.first > before.last) merged.push({ ...range });
    else {
      before.last = Math.max(before.last, range.last);
      before.place = Math.min(before.place, range.place);
    }
  }
  return merged.sort((a, b) => a.place - b.place).map(({ first, last }) => ({ first, last }));
}
