// Streams of gzip members and zstd frames, in chunks of every size: what comes out, and what is refused.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { decompress } from '../../../../src/storage/archive/decompress.ts';
import { MissingProgramError } from '../../../../src/storage/archive/external-decompressor.ts';
import type { Compression } from '../../../../src/storage/archive/file-form.ts';
import { CorruptStreamError } from '../../../../src/storage/archive/zstd-frames.ts';
import { compressedTar } from './zstd-sample.ts';
import { blockHeader, skippableFrame, zstdFrame } from './zstd-writer.ts';

const content = Buffer.from(Array.from({ length: 60_000 }, (_, i) => `${i},`).join(''));
const mixed = Buffer.concat([content, Buffer.alloc(300_000), content.subarray(0, 7)]);

async function* inChunksOf(size: number, bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function decompressed(compression: Compression, bytes: Buffer, chunkSize = 65_536): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of decompress(compression, inChunksOf(chunkSize, bytes))) parts.push(Uint8Array.from(part));
  return Buffer.concat(parts);
}

function sum(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe('gzip', () => {
  test.each([1_000, 65_536, 10_000_000])('members after one another, in chunks of %i', async (chunkSize) => {
    const bytes = Buffer.concat([gzipSync(mixed), gzipSync(content), gzipSync(Buffer.alloc(0))]);
    expect(sum(await decompressed('gzip', bytes, chunkSize))).toBe(sum(Buffer.concat([mixed, content])));
  });

  test.each([10, 512, 200_000])('%i zeros after the last member are its end, as on tape', async (zeros) => {
    const bytes = Buffer.concat([gzipSync(content), Buffer.alloc(zeros)]);
    for (const chunkSize of [gzipSync(content).length, 65_536]) {
      expect(sum(await decompressed('gzip', bytes, chunkSize))).toBe(sum(content));
    }
  });

  test('what is cut off, changed or followed by something else is refused', async () => {
    const bytes = gzipSync(content);
    const changed = Buffer.from(bytes);
    changed.fill('x', 2_000, 2_100);
    const wrongSum = Buffer.from(bytes);
    wrongSum.writeUInt8((wrongSum.at(-8) ?? 0) ^ 1, wrongSum.length - 8);
    for (const wrong of [
      bytes.subarray(0, -1),
      bytes.subarray(0, 30_000),
      changed,
      wrongSum,
      Buffer.concat([bytes, Buffer.from('garbage')]),
      Buffer.concat([bytes, bytes.subarray(0, 100)]),
    ]) {
      await expect(decompressed('gzip', wrong)).rejects.toThrow(CorruptStreamError);
    }
  });
});

describe('zstd', () => {
  test('blocks that a real compressor made', async () => {
    const tar = await decompressed('zstd', compressedTar);
    const lines = Array.from({ length: 300 }, (_, i) => `line ${i + 1} of a blob\n`).join('');
    expect(tar.includes(lines)).toBe(true);
    expect(tar).toHaveLength(10_240);
  });

  test.each([1, 17, 1_000, 65_536, 10_000_000])(
    'frames after one another, skippable ones among them, in chunks of %i',
    async (chunkSize) => {
      const bytes = Buffer.concat([
        skippableFrame(Buffer.from('pzstd')),
        zstdFrame(content.subarray(0, 100)),
        zstdFrame(Buffer.alloc(0)),
        compressedTar,
        skippableFrame(Buffer.alloc(0)),
        zstdFrame(Buffer.alloc(10)),
      ]);
      const tar = await decompressed('zstd', compressedTar);
      const expected = Buffer.concat([content.subarray(0, 100), tar, Buffer.alloc(10)]);
      expect(sum(await decompressed('zstd', bytes, chunkSize))).toBe(sum(expected));
    },
  );

  test('many blocks, and runs of one byte', async () => {
    expect(sum(await decompressed('zstd', zstdFrame(mixed)))).toBe(sum(mixed));
    expect(sum(await decompressed('zstd', zstdFrame(mixed, { window: 0x50 })))).toBe(sum(mixed));
  });

  test('nothing but skippable frames is nothing', async () => {
    expect(await decompressed('zstd', skippableFrame(Buffer.from('x')))).toHaveLength(0);
  });

  test.each<[string, Buffer]>([
    ['is cut off in its header', zstdFrame(content).subarray(0, 6)],
    ['is cut off in a block', zstdFrame(content).subarray(0, 1_000)],
    ['is cut off between blocks', zstdFrame(mixed).subarray(0, 12 + 3 + 128 * 1024)],
    ['lacks its checksum', zstdFrame(content, { checksum: Buffer.alloc(2) })],
    ['is followed by garbage', Buffer.concat([zstdFrame(content), Buffer.from('garbage')])],
    ['is followed by zeros', Buffer.concat([zstdFrame(content), Buffer.alloc(512)])],
    ['asks for a window of gigabytes', zstdFrame(content, { window: 0xa8 })],
    ['asks for a window just above the limit', zstdFrame(content, { window: 0x89 })],
    ['wants a dictionary', zstdFrame(content, { dictionary: 7 })],
    ['has a block of a reserved type', Buffer.concat([zstdFrame(content).subarray(0, 9), blockHeader(1, 3, true)])],
    [
      'has a block that is too large',
      Buffer.concat([zstdFrame(content).subarray(0, 9), blockHeader(128 * 1024 + 1, 1, true)]),
    ],
    ['has a skippable frame that is cut off', skippableFrame(Buffer.alloc(100)).subarray(0, 50)],
    ['has compressed blocks of nonsense', Buffer.concat([compressedTar.subarray(0, 10), Buffer.alloc(60, 0x55)])],
  ])('what %s is refused', async (_, bytes) => {
    await expect(decompressed('zstd', bytes)).rejects.toThrow(CorruptStreamError);
  });
});

describe.each(['xz', 'bzip2'] as const)('%s, by the program of the machine', (program) => {
  const compressed = (bytes: Buffer) => execFileSync(program, ['-c'], { input: bytes, maxBuffer: 2 ** 24 });

  test.each([1_000, 65_536, 10_000_000])('streams after one another, in chunks of %i', async (chunkSize) => {
    const bytes = Buffer.concat([compressed(mixed), compressed(content)]);
    expect(sum(await decompressed(program, bytes, chunkSize))).toBe(sum(Buffer.concat([mixed, content])));
  });

  test('what is cut off or changed is refused', async () => {
    const bytes = compressed(content);
    const changed = Buffer.from(bytes);
    changed.fill('x', 2_000, 2_100);
    for (const wrong of [bytes.subarray(0, -1), bytes.subarray(0, bytes.length / 2), changed]) {
      await expect(decompressed(program, wrong)).rejects.toThrow(CorruptStreamError);
    }
  });

  test('what the source throws passes through', async () => {
    const problem = new Error('disk');
    async function* failing(): AsyncGenerator<Buffer> {
      yield compressed(content).subarray(0, 1_000);
      throw problem;
    }
    const reading = async (): Promise<void> => {
      for await (const _ of decompress(program, failing()));
    };
    await expect(reading()).rejects.toBe(problem);
  });

  test('without it, what to install is said', async () => {
    vi.stubEnv('PATH', '/nonexistent');
    onTestFinished(() => void vi.unstubAllEnvs());
    await expect(decompressed(program, Buffer.alloc(10))).rejects.toThrow(MissingProgramError);
    await expect(decompressed(program, Buffer.alloc(10))).rejects.toThrow(
      `the program ${program}, which this machine lacks`,
    );
  });

  test('a reader that goes leaves no process behind', async () => {
    const reading = decompress(program, inChunksOf(10, compressed(Buffer.alloc(50_000_000))));
    expect((await reading.next()).done).toBe(false);
    await reading.return(undefined);
    const children = () => execFileSync('ps', ['-o', 'comm=', '--ppid', String(process.pid)]).toString();
    await expect.poll(children, { timeout: 60_000 }).not.toContain(program);
  });
});

test('what the source throws passes through', async () => {
  const problem = new Error('disk');
  async function* failing(): AsyncGenerator<Buffer> {
    yield gzipSync(content).subarray(0, 1_000);
    throw problem;
  }
  const reading = async (): Promise<void> => {
    for await (const _ of decompress('gzip', failing()));
  };
  await expect(reading()).rejects.toBe(problem);
});
