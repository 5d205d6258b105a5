// What two buffers have in common, against a loop.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commonPrefixLength, commonSuffixLength } from '../../src/layout/index/common-bytes.ts';

const few = fc.uint8Array({ max: 2, maxLength: 12 }).map((bytes) => Buffer.from(bytes));
/** Longer than the blocks that are compared at once, with a difference somewhere. */
const long = fc.tuple(fc.nat({ max: 200_000 }), fc.nat({ max: 200_000 })).map(([length, at]) => {
  const bytes = Buffer.alloc(length, 1);
  if (at < length) bytes[at] = 0;
  return bytes;
});

function prefixOf(a: Buffer, b: Buffer): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return length;
}

describe('commonPrefixLength and commonSuffixLength', () => {
  it.each([
    ['short', few, 2_000],
    ['long', long, 50],
  ] as const)('of %s buffers are what a loop counts, and never overlap', (_, buffer, numRuns) => {
    fc.assert(
      fc.property(buffer, buffer, (a, b) => {
        const prefix = commonPrefixLength(a, b);
        expect(prefix).toBe(prefixOf(a, b));
        const suffix = commonSuffixLength(a, b, prefix);
        const reversed = prefixOf(Buffer.from(a).reverse(), Buffer.from(b).reverse());
        expect(suffix).toBe(Math.min(reversed, Math.min(a.length, b.length) - prefix));
      }),
      { numRuns },
    );
  });
});
