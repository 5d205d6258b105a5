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

  it.each([
    ...[undefined, '', 'bytes', 'bytes=', 'bytes=-', 'bytes=a-b', 'items=0-1', 'bytes=1.5-2'],
    ...['items=0-1,4-5', 'bytes=0-1,x', 'bytes=0-1,-', 'bytes=0-1,9-5', 'bytes=,', 'bytes=0-1;4-5,6-7', ',bytes=0-1'],
  ])('%s means the whole blob', (header) => {
    expect(parseByteRange(header, 2048)).toEqual({ kind: 'whole' });
  });

  it.each([
    ['bytes=0-1,4-5', [0, 1], [4, 5]],
    ['bytes=4-5,0-1', [4, 5], [0, 1]],
    ['BYTES= 0-1 ,,\t-3, ', [0, 1], [2045, 2047]],
    ['bytes=0-9,10-19', [0, 9], [10, 19]],
    ['bytes=0-1,5000-,4-5', [0, 1], [4, 5]],
    ['bytes=100-199,0-9,150-299,50-100', [50, 299], [0, 9]],
    ['bytes=0-0,2000-,-10,0-0', [0, 0], [2000, 2047]],
  ])('%s is several parts, in the order they were asked for, none of which overlap', (header, ...ranges) => {
    const parts = ranges.map((range) => ({ first: Number(range[0]), last: Number(range[1]) }));
    expect(parseByteRange(header, 2048)).toEqual({ kind: 'parts', ranges: parts });
  });

  it.each([
    ['bytes=0-9,5-19', part(0, 19)],
    ['bytes=0-,-5', part(0, 2047)],
    ['bytes=3000-4000,7-8', part(7, 8)],
    ['bytes=1-2,', part(1, 2)],
  ])('%s is one part in the end', (header, expected) => {
    expect(parseByteRange(header, 2048)).toEqual(expected);
  });

  it('takes a hundred ranges, and no more', () => {
    const ranges = Array.from({ length: 100 }, (_, at) => `${2 * at}-${2 * at}`).join();
    expect(parseByteRange(`bytes=${ranges}`, 2048)).toMatchObject({ kind: 'parts', ranges: { length: 100 } });
    expect(parseByteRange(`bytes=${ranges},,,`, 2048).kind).toBe('parts');
    expect(parseByteRange(`bytes=${ranges},0-0`, 2048)).toEqual({ kind: 'too-many' });
    expect(parseByteRange(`bytes=${'0-0,'.repeat(16_000)}`, 2048)).toEqual({ kind: 'too-many' });
  });

  it('of which all lie outside is unsatisfiable', () => {
    expect(parseByteRange('bytes=5000-6000,2048-,-0', 2048)).toEqual({ kind: 'unsatisfiable' });
    expect(parseByteRange('bytes=0-1,-1', 0)).toEqual({ kind: 'unsatisfiable' });
  });

  it.each(['bytes=0-', 'bytes=-1', 'bytes=0-0'])('%s of an empty blob is unsatisfiable', (header) => {
    expect(parseByteRange(header, 0)).toEqual({ kind: 'unsatisfiable' });
  });
});
