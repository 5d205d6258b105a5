// Stored zstd frames: what any reader of zstd makes of them, and that they do not depend on how the content was cut.
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { decompress } from 'fzstd';
import { describe, expect, it } from 'vitest';
import { storedZstd } from '../../../src/transfer/stored-zstd.ts';

const block = 128 * 1024;

function stored(...chunks: readonly Buffer[]): Promise<Buffer> {
  return buffer(Readable.from(chunks, { objectMode: false }).pipe(storedZstd()));
}

describe('storedZstd', () => {
  it.each([0, 1, block - 1, block, block + 1, 3 * block, 3 * block + 17])('holds %i bytes', async (size) => {
    const content = randomBytes(size);
    const frame = await stored(...(size === 0 ? [] : [content]));
    expect(Buffer.compare(Buffer.from(decompress(frame)), content)).toBe(0);
    expect(frame.byteLength - size).toBe(6 + 3 * Math.max(1, Math.ceil(size / block)));
  });

  it('is the same however the content comes', async () => {
    const content = randomBytes(2 * block + 5);
    const cut = [0, 1, 1, 70_000, block, block + 1].map((at, index, all) => content.subarray(at, all[index + 1]));
    expect(Buffer.compare(await stored(content), await stored(...cut))).toBe(0);
  });
});
