// Makes a large layer cheaply: bytes that do not compress, and a gzip stream that only stores them.

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import type { Descriptor } from './layout-directory.ts';
import { tarEnd, tarHeader, tarPadding } from './tar.ts';

export interface LargeLayer {
  readonly descriptor: Descriptor;
  readonly diffId: string;
}

const blockSize = 4 * 1024 * 1024;

/**
 * Writes `size` bytes to `payload` and the layer that holds them into `blobs`, named by its digest.
 * One random block is repeated with a stamp: farther apart than gzip looks back, so no client can shrink it.
 */
export async function writeLargeLayer(blobs: string, payload: string, size: number): Promise<LargeLayer> {
  const diffId = createHash('sha256');
  const digest = createHash('sha256');
  const compressed = createGzip({ level: constants.Z_NO_COMPRESSION, chunkSize: 1024 * 1024 });
  const staged = join(blobs, '..', 'large-layer');
  const file = createWriteStream(payload);
  const counted = counting(digest);
  const stored = pipeline(compressed, counted.stream, createWriteStream(staged));
  const feed = async (bytes: Buffer) => {
    diffId.update(bytes);
    if (!compressed.write(bytes)) await once(compressed, 'drain');
  };
  await feed(tarHeader({ path: 'payload.bin', mode: 0o644, size, kind: 'file' }));
  for (const block of randomBlocks(size)) {
    await feed(block);
    if (!file.write(block)) await once(file, 'drain');
  }
  await feed(Buffer.concat([tarPadding(size), tarEnd()]));
  compressed.end();
  await stored;
  file.end();
  await once(file, 'finish');
  const hex = digest.digest('hex');
  await rename(staged, join(blobs, hex));
  return {
    descriptor: {
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest: `sha256:${hex}`,
      size: counted.size(),
    },
    diffId: `sha256:${diffId.digest('hex')}`,
  };
}

function* randomBlocks(size: number): Generator<Buffer> {
  const seed = randomBytes(blockSize);
  for (let at = 0; at < size; at += blockSize) {
    // A copy each time: a stream may still hold the block before.
    const block = Buffer.from(seed.subarray(0, Math.min(blockSize, size - at)));
    for (let stamp = 0; stamp + 8 <= block.length; stamp += 4096) block.writeBigUInt64LE(BigInt(at + stamp), stamp);
    yield block;
  }
}

function counting(hash: ReturnType<typeof createHash>) {
  let size = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      hash.update(chunk);
      done(null, chunk);
    },
  });
  return { stream, size: () => size };
}
