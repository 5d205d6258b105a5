// Archives with random damage, plain and compressed: whatever the bytes are, they are served or refused, and nothing else happens.
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openLayoutArchive } from '../../src/docker-archive/docker-archive.ts';
import { decompress } from '../../src/storage/archive/decompress.ts';
import { CorruptStreamError } from '../../src/storage/archive/zstd-frames.ts';
import { StorageError } from '../../src/storage/storage-error.ts';
import { key, newArchives } from '../unit/storage/archive/archives.ts';
import { base256, gnuMagic, longName, pax, tarOf } from '../unit/storage/archive/tar-writer.ts';
import { compressedTar } from '../unit/storage/archive/zstd-sample.ts';
import { skippableFrame, zstdFrame } from '../unit/storage/archive/zstd-writer.ts';

const tar = tarOf(
  { path: 'd/', type: '5' },
  pax({ path: 'blobs/sha256/aa', size: '600' }),
  { path: 'cut', content: Buffer.alloc(600, 'x') },
  longName('L', 'a/long/name'),
  { path: 'cut', content: 'y', magic: gnuMagic, size: base256(1n) },
  { path: 'one/layer.tar', content: 'layer' },
  { path: 'two/layer.tar', type: '2', linkPath: '../one/layer.tar' },
  { path: 'hard', type: '1', linkPath: 'one/layer.tar' },
  { path: 'c', content: '{"rootfs":{"diff_ids":["sha256:x"]}}' },
  { path: 'manifest.json', content: '[{"Config":"c","RepoTags":["a:1"],"Layers":["two/layer.tar"]}]' },
);

/** Bytes overwritten at random places, and a random end cut off. */
function damagesOf(bytes: Buffer): fc.Arbitrary<Buffer> {
  const change = fc.tuple(fc.nat(bytes.length - 1), fc.uint8Array({ minLength: 1, maxLength: 12 }));
  const cut = fc.oneof(fc.constant(bytes.length), fc.nat(bytes.length));
  return fc.tuple(fc.array(change, { maxLength: 4 }), cut).map(([changes, end]) => {
    const damaged = Buffer.from(bytes);
    for (const [at, written] of changes) damaged.set(written.subarray(0, damaged.length - at), at);
    return damaged.subarray(0, end);
  });
}

/** Damaged headers whose sums are right, as an attacker makes them. */
function withRightSums(bytes: Buffer): Buffer {
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    const block = bytes.subarray(at, at + 512);
    if (block.toString('latin1', 257, 262) !== 'ustar') continue;
    block.fill(' ', 148, 156);
    block.write(
      `${block
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    );
  }
  return bytes;
}

async function* inChunks(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000);
}

describe('damaged archives', () => {
  test('are served or refused, and what is listed can be read', async () => {
    const archives = await newArchives();
    let opened = 0;
    const damages = fc.oneof(damagesOf(tar), damagesOf(tar).map(withRightSums));
    const property = fc.asyncProperty(damages, async (bytes) => {
      const path = await archives.write(bytes);
      const archive = await openLayoutArchive(path, archives.options).catch((error: unknown) => {
        expect(error).toBeInstanceOf(StorageError);
        return undefined;
      });
      if (archive === undefined) return;
      const { reader: store } = archive;
      opened += 1;
      for (const { name, kind } of await store.list(key(''))) {
        if (kind === 'object') expect((await store.read(key(name), bytes.length + 1_000))?.info.size).toBeDefined();
      }
      await store.close();
    });
    await fc.assert(property, { numRuns: 400 });
    expect(opened).toBeGreaterThan(0);
  });

  test.each([
    ['gzip', gzipSync(tar)],
    ['zstd', compressedTar],
    ['zstd', Buffer.concat([zstdFrame(tar.subarray(0, 3_000)), skippableFrame(Buffer.from('x')), zstdFrame(tar)])],
  ] as const)('decompress or are called corrupt: %s', async (compression, whole) => {
    const property = fc.asyncProperty(damagesOf(whole), async (bytes) => {
      try {
        for await (const chunk of decompress(compression, inChunks(bytes)))
          expect(chunk.byteLength).toBeGreaterThan(-1);
      } catch (error) {
        expect(error).toBeInstanceOf(CorruptStreamError);
      }
    });
    await fc.assert(property, { numRuns: 400 });
  });
});
