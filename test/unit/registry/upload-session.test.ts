// Whether a chunk fits its session, by its headers and by its bytes.
import { describe, expect, it } from 'vitest';
import { newUploadId } from '../../../src/oci/upload-id.ts';
import { UploadRangeError } from '../../../src/registry/upload-chunk.ts';
import { assertChunkFits, countedChunk } from '../../../src/registry/upload-session.ts';
import { noChunk } from '../../support/pushes.ts';

const upload = { id: newUploadId(), size: 10 };
const withRange = (first: number, last: number, length?: number) => ({ ...noChunk, range: { first, last }, length });

describe('assertChunkFits', () => {
  it('lets pass what starts where the session ends, and what names no range', () => {
    expect(() => assertChunkFits(upload, withRange(10, 19, 10))).not.toThrow();
    expect(() => assertChunkFits(upload, withRange(10, 10))).not.toThrow();
    expect(() => assertChunkFits(upload, noChunk)).not.toThrow();
  });

  it.each([
    ['starts too late', withRange(11, 20, 10)],
    ['starts too early', withRange(0, 9, 10)],
    ['overlaps', withRange(9, 18, 10)],
    ['ends before it starts', withRange(10, 9, 0)],
    ['is longer than its range', withRange(10, 19, 11)],
    ['is shorter than its range', withRange(10, 19, 9)],
    ['has no bytes', withRange(10, 19, 0)],
  ])('refuses with 416 a chunk that %s, and says where the session stands', (_, chunk) => {
    expect(() => assertChunkFits(upload, chunk)).toThrow(UploadRangeError);
    expect(() => assertChunkFits(upload, chunk)).toThrow(
      expect.objectContaining({ status: 416, code: 'BLOB_UPLOAD_INVALID', upload }),
    );
  });
});

describe('countedChunk', () => {
  it('passes on each piece of what was declared', () => {
    const seen: Uint8Array[] = [];
    const counted = countedChunk(withRange(10, 14), (bytes) => seen.push(bytes));
    counted.onChunk(Buffer.from('ab'));
    counted.onChunk(Buffer.from('cde'));
    expect(() => counted.assertComplete()).not.toThrow();
    expect(Buffer.concat(seen).toString()).toBe('abcde');
    expect(counted.lied).toBe(false);
  });

  it('stops at the first byte too many, and does not pass it on', () => {
    const seen: Uint8Array[] = [];
    const counted = countedChunk(withRange(10, 14), (bytes) => seen.push(bytes));
    counted.onChunk(Buffer.from('abcde'));
    expect(() => counted.onChunk(Buffer.from('f'))).toThrow();
    expect(Buffer.concat(seen).toString()).toBe('abcde');
    expect(counted.lied).toBe(true);
  });

  it('finds out at the end that bytes are missing', () => {
    const counted = countedChunk(withRange(10, 14), () => {});
    counted.onChunk(Buffer.from('abcd'));
    expect(counted.lied).toBe(false);
    expect(() => counted.assertComplete()).toThrow();
    expect(counted.lied).toBe(true);
  });

  it('believes anything of a chunk without a range', () => {
    const counted = countedChunk(noChunk, () => {});
    counted.onChunk(Buffer.alloc(1_000));
    expect(() => counted.assertComplete()).not.toThrow();
  });
});
