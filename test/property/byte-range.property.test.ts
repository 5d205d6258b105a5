// Ranges against a model: slicing an array.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseByteRange } from '../../src/http/byte-range.ts';

const position = fc.option(fc.nat({ max: 40 }), { nil: undefined });

/** RFC 9110, 14.1.2, spelled with slices: the bytes a client gets, or undefined for 416. */
function bytesOf(content: readonly number[], first: number | undefined, last: number | undefined) {
  if (first === undefined && last === undefined) return content;
  const wanted = first === undefined ? content.slice(-(last as number) || content.length) : slice(content, first, last);
  return wanted.length === 0 ? undefined : wanted;
}

function slice(content: readonly number[], first: number, last: number | undefined) {
  return content.slice(first, last === undefined ? undefined : last + 1);
}

describe('parseByteRange', () => {
  it('selects the bytes that the model selects, whatever the positions and the size', () => {
    fc.assert(
      fc.property(fc.nat({ max: 30 }), position, position, (size, first, last) => {
        const content = Array.from({ length: size }, (_, at) => at);
        const range = parseByteRange(`bytes=${first ?? ''}-${last ?? ''}`, size);
        const selected =
          range.kind === 'whole'
            ? content
            : range.kind === 'part'
              ? content.slice(range.first, range.last + 1)
              : undefined;
        expect(selected).toEqual(bytesOf(content, first, last));
      }),
      { numRuns: 1_000 },
    );
  });

  it('of several ranges selects every byte that one of them selects, and none twice', () => {
    const bounds = fc.tuple(position, position).filter(([first, last]) => first !== undefined || last !== undefined);
    const ordered = bounds.filter(([first, last]) => first === undefined || last === undefined || first <= last);
    fc.assert(
      fc.property(fc.nat({ max: 30 }), fc.array(ordered, { minLength: 2, maxLength: 8 }), (size, pairs) => {
        const content = Array.from({ length: size }, (_, at) => at);
        const header = `bytes=${pairs.map(([first, last]) => `${first ?? ''}-${last ?? ''}`).join(', ')}`;
        const choice = parseByteRange(header, size);
        const ranges = choice.kind === 'parts' ? choice.ranges : choice.kind === 'part' ? [choice] : [];
        const selected = ranges.flatMap(({ first, last }) => content.slice(first, last + 1));
        // `-0` selects nothing, where a slice would select all.
        const wanted = pairs.flatMap(([first, last]) =>
          first === undefined && last === 0 ? [] : (bytesOf(content, first, last) ?? []),
        );
        expect(selected.toSorted((a, b) => a - b)).toEqual([...new Set(wanted)].sort((a, b) => a - b));
        expect(choice.kind === 'unsatisfiable').toBe(wanted.length === 0);
      }),
      { numRuns: 1_000 },
    );
  });

  it('never selects outside of the blob, whatever the header', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat({ max: 100 }), (text, size) => {
        for (const header of [text, `bytes=${text}`]) {
          const range = parseByteRange(header, size);
          if (range.kind !== 'part') continue;
          expect(range.first).toBeGreaterThanOrEqual(0);
          expect(range.last).toBeLessThan(size);
          expect(range.first).toBeLessThanOrEqual(range.last);
        }
      }),
    );
  });
});
