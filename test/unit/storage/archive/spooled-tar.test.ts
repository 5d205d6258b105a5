// A tar from a stream: kept whole, bounded by the disk, and nothing of it after a failure.
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { expect, it } from 'vitest';
import { spoolTar, streamDirectory } from '../../../../src/storage/archive/spooled-tar.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

async function tarBytes(): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: 'hello' }, 'hi');
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

const what = 'the stream';

it.each([1, 100, 4096])('is a file of the same bytes, whatever pieces of %d it comes in', async (size) => {
  const directory = await temporaryDirectory();
  const tar = await tarBytes();
  expect(readFileSync(await spoolTar(inPieces(tar, size), directory, { what }))).toEqual(tar);
});

it('is unpacked on the way', async () => {
  const directory = await temporaryDirectory();
  const tar = await tarBytes();
  expect(readFileSync(await spoolTar(inPieces(gzipSync(tar), 7), directory, { what }))).toEqual(tar);
});

it.each([
  ['no tar', Buffer.from('nothing like it'), 'neither a tar nor one compressed with gzip, zstd, xz or bzip2'],
  ['a gzip of no tar', gzipSync(Buffer.from('nothing like it')), 'neither a tar'],
  ['a gzip of a gzip', gzipSync(gzipSync(Buffer.from('x'))), 'a gzip file in a gzip file'],
  ['a broken gzip', Buffer.concat([gzipSync(Buffer.alloc(100_000)).subarray(0, 30)]), 'the stream'],
])('%s is refused', async (_, bytes, why) => {
  const directory = await temporaryDirectory();
  await expect(spoolTar(inPieces(bytes, 10), directory, { what })).rejects.toThrow(why);
  expect(readdirSync(directory)).toEqual([]);
});

it('that would fill the disk is refused', async () => {
  const directory = await temporaryDirectory();
  const roomIn = async () => ({ free: 1024 ** 3, total: 1024 ** 3 });
  const spooling = spoolTar(inPieces(await tarBytes(), 512), directory, { what, roomIn });
  await expect(spooling).rejects.toMatchObject({ failure: 'no-space' });
  expect(readdirSync(directory)).toEqual([]);
});

it('that breaks off leaves nothing, and its own failure is told', async () => {
  const directory = await temporaryDirectory();
  const lost = new Error('the sender has gone');
  const broken = async function* () {
    yield await tarBytes();
    throw lost;
  };
  await expect(spoolTar(broken(), directory, { what })).rejects.toBe(lost);
  expect(readdirSync(directory)).toEqual([]);
});

it('gets a directory of its own, and one that somebody left a day ago is removed', async () => {
  const work = await temporaryDirectory();
  const old = join(work, 'streams/old');
  mkdirSync(old, { recursive: true });
  const long = new Date(Date.now() - 2 * 24 * 60 * 60_000);
  utimesSync(old, long, long);
  const [one, two] = [await streamDirectory(work), await streamDirectory(work)];
  expect(one).not.toBe(two);
  expect([old, one, two].map((path) => existsSync(path))).toEqual([false, true, true]);
});
