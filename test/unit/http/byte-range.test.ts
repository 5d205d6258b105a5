// The Range header of blob downloads: the six cases of the conformance suite, and what RFC 9110 says of the rest.
import { describe, expect, it } from 'vitest';
import { parseByteRange } from '../../../src/http/byte-range.ts';

const part = (first: number, last: number) => ({ kind: 'part', first, last });

describe('parseByteRange', () => {
  it.each([
    ['bytes=500-1499', part(500, 1499)],
    ['bytes=500-', part(500, 2047)],
    ['bytes=-500', part(1548, 2047)],
    ['bytes=2000-5000', part(2000, 2047)],
    ['bytes=0-0', part(0, 0)],
    ['bytes=-5000', part(0, 2047)],
    ['Bytes= 1-2 ', part(1, 2)],
    ['bytes=0-99999999999999999999', part(0, 2047)],
  ])('%s of 2048 bytes is a part', (header, expected) => {
    expect(parseByteRange(header, 2048)).toEqual(expected);
  });

  it.each(['bytes=500-0', 'bytes=5000-10000', 'bytes=2048-', 'bytes=-0'])('%s is unsatisfiable', (header) => {
    expect(parseByteRange(header, 2048)).toEqual({ kind: 'unsatisfiable' });
  });

  it.each([undefined, '', 'bytes', 'bytes=', 'bytes=-', 'bytes=a-b', 'items=0-1', 'bytes=0-1,4-5', 'bytes=1.5-2'])(
    '%s means the whole blob',
    (header) => {
      expect(parseByteRange(header, 2048)).toEqual({ kind: 'whole' });
    },
  );

  it.each(['bytes=0-', 'bytes=-1', 'bytes=0-0'])('%s of an empty blob is unsatisfiable', (header) => {
    expect(parseByteRange(header, 0)).toEqual({ kind: 'unsatisfiable' });
  });
});
