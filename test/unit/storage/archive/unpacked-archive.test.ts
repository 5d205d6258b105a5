// Compressed archives are unpacked once, whole or not at all, and never until the disk is full.
import { appendFileSync, existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openArchiveFile } from '../../../../src/storage/archive/archive-file.ts';
import { openArchiveStore } from '../../../../src/storage/archive/archive-store.ts';
import { openUnpacked } from '../../../../src/storage/archive/unpacked-archive.ts';
import { type Archives, newArchives, refusalOf, textAt } from './archives.ts';
import { tarMember, tarOf } from './tar-writer.ts';
import { zstdFrame } from './zstd-writer.ts';

const tar = tarOf({ path: 'index.json', content: '{}' }, { path: 'a', content: Buffer.alloc(200_000, 'a') });

async function unpackedNames({ options }: Archives): Promise<readonly string[]> {
  const directory = join(options.workDirectory, 'unpacked');
  return existsSync(directory) ? readdir(directory) : [];
}

describe('a compressed archive', () => {
  test.each([
    ['gzip', gzipSync(tar)],
    ['gzip in two members', Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))])],
    ['zstd', zstdFrame(tar)],
    [
      'zstd in frames smaller than a block',
      Buffer.concat([zstdFrame(tar.subarray(0, 100)), zstdFrame(tar.subarray(100))]),
    ],
  ])('of %s is told by its bytes, unpacked and served', async (_, bytes) => {
    const archives = await newArchives();
    const store = await archives.open(bytes, 'misnamed.tar');
    expect(await textAt(store, 'index.json')).toBe('{}');
    const [name, ...others] = await unpackedNames(archives);
    expect(others).toEqual([]);
    expect(name).toBe(`${store.identity}.tar`);
    const path = join(archives.options.workDirectory, 'unpacked', name ?? '');
    expect((await readFile(path)).equals(tar)).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(archives.lines.map(({ message }) => message)).toEqual(['unpacking an archive, once', 'unpacked an archive']);
  });

  test('is not unpacked again while it stays as it is', async () => {
    const archives = await newArchives();
    const first = await archives.open(gzipSync(tar));
    const path = join(archives.options.workDirectory, 'unpacked', `${first.identity}.tar`);
    await utimes(path, 1, 1);
    const again = await openArchiveStore(join(archives.directory, 'x.tar'), archives.options);
    expect(await textAt(again, 'index.json')).toBe('{}');
    expect((await stat(path)).mtimeMs).toBe(1_000);
    expect(archives.lines).toHaveLength(2);
    await again.close();
  });

  test('that changed is unpacked again, and the old one removed; those of other files stay', async () => {
    const archives = await newArchives();
    const old = await archives.open(gzipSync(tar));
    const other = await archives.open(gzipSync(tar), 'other.tar.gz');
    const newer = tarOf({ path: 'index.json', content: '{"new":1}' });
    await rename(await archives.write(gzipSync(newer), 'new'), join(archives.directory, 'x.tar'));
    const store = await openArchiveStore(join(archives.directory, 'x.tar'), archives.options);
    expect(await textAt(store, 'index.json')).toBe('{"new":1}');
    expect([...(await unpackedNames(archives))].sort()).toEqual(
      [`${other.identity}.tar`, `${store.identity}.tar`].sort(),
    );
    // It is open still, and served on.
    expect(await textAt(old, 'index.json')).toBe('{}');
    await store.close();
  });

  test('written while it is served stays as it was unpacked', async () => {
    const archives = await newArchives();
    const store = await archives.open(gzipSync(tar));
    appendFileSync(join(archives.directory, 'x.tar'), 'x');
    expect(await textAt(store, 'index.json')).toBe('{}');
  });

  test('drafts that a crash left are removed, those of others at work are not', async () => {
    const archives = await newArchives();
    const { identity } = await archives.open(gzipSync(tar));
    const directory = join(archives.options.workDirectory, 'unpacked');
    await rm(join(directory, `${identity}.tar`));
    const [dead, alive] = [`${identity}.tar.dead.partial`, `${identity}.tar.alive.partial`];
    for (const name of [dead, alive]) await writeFile(join(directory, name), '');
    await utimes(join(directory, dead), 1, 1);
    const store = await openArchiveStore(join(archives.directory, 'x.tar'), archives.options);
    expect([...(await unpackedNames(archives))].sort()).toEqual([`${identity}.tar`, alive].sort());
    await store.close();
  });

  test('cannot be unpacked where no directory can be made', async () => {
    const archives = await newArchives();
    await writeFile(archives.options.workDirectory, 'a file');
    expect((await archives.refusal(gzipSync(tar))).failure).toBe('unsafe');
  });
});

describe('nothing is left behind by', () => {
  test.each([
    ['one that is cut off', gzipSync(tar).subarray(0, -20), 'unavailable', 'unexpected end'],
    [
      'one that is followed by garbage',
      Buffer.concat([gzipSync(tar), Buffer.from('garbage')]),
      'unavailable',
      'incorrect',
    ],
    ['zstd that is cut off', zstdFrame(tar).subarray(0, -20), 'unavailable', 'cut off'],
    ['a compressed text', gzipSync('hello '.repeat(1_000)), 'unsafe', 'no tar is in it'],
    ['a compressed short text', gzipSync('{}'), 'unsafe', 'a JSON document'],
    ['a compressed nothing', gzipSync(''), 'unsafe', 'an empty file'],
    ['a tar that is compressed twice', gzipSync(gzipSync(tar)), 'unsafe', 'another gzip file'],
  ])('%s', async (_, bytes, failure, message) => {
    const archives = await newArchives();
    const refusal = await archives.refusal(bytes);
    expect(refusal.failure).toBe(failure);
    expect(refusal.message).toContain(message);
    expect(await unpackedNames(archives)).toEqual([]);
  });

  test('a bomb: it is stopped while there is room left', async () => {
    const archives = await newArchives();
    const bomb = tarMember({ path: 'index.json', content: Buffer.alloc(100_000_000) });
    const file = openArchiveFile(await archives.write(gzipSync(bomb, { level: 1 })));
    const answers = [1e12, 1e12, 200_000_000];
    const freeBytes = async (): Promise<number> => answers.shift() ?? 0;
    const refusal = await refusalOf(openUnpacked(file, 'bomb', { ...archives.options, freeBytes }));
    expect(refusal.failure).toBe('no-space');
    expect(refusal.message).toMatch(/^bomb cannot be unpacked: 6\d{7} bytes are written/);
    expect(answers).toEqual([]);
    expect(await unpackedNames(archives)).toEqual([]);
    file.close();
  });

  test('one for which there is no room from the start', async () => {
    const archives = await newArchives();
    const file = openArchiveFile(await archives.write(gzipSync(tar)));
    const refusal = await refusalOf(openUnpacked(file, 'x', { ...archives.options, freeBytes: async () => 1_000 }));
    expect(refusal.failure).toBe('no-space');
    expect(refusal.message).toContain('0 bytes are written');
    expect(await unpackedNames(archives)).toEqual([]);
    file.close();
  });

  test('one that is written meanwhile', async () => {
    const archives = await newArchives();
    const path = await archives.write(gzipSync(tar));
    const file = openArchiveFile(path);
    const freeBytes = async (): Promise<number> => {
      appendFileSync(path, 'x');
      return 1e12;
    };
    const refusal = await refusalOf(openUnpacked(file, path, { ...archives.options, freeBytes }));
    expect(refusal.failure).toBe('unavailable');
    expect(await unpackedNames(archives)).toEqual([]);
    file.close();
  });
});

test.each([
  ['a bzip2 file', Buffer.from('BZh91AY&SY')],
  ['an xz file', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0])],
  ['a zip file', Buffer.from('PK\x03\x04....')],
  ['a JSON document', Buffer.from('{"schemaVersion":2}')],
  ['an empty file', Buffer.alloc(0)],
  ['a program', Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(1_000)])],
])('what is no archive is named: %s', async (looksLike, bytes) => {
  const archives = await newArchives();
  await mkdir(archives.options.workDirectory);
  const refusal = await archives.refusal(bytes);
  expect(refusal.failure).toBe('unsafe');
  expect(refusal.message).toContain(`it looks like ${looksLike}`);
  expect(await readdir(archives.options.workDirectory)).toEqual([]);
});

test('nothing is guessed about a file that looks like nothing known', async () => {
  const archives = await newArchives();
  await mkdir(archives.options.workDirectory);
  expect((await archives.refusal(Buffer.alloc(1_000, 'x'))).message).toMatch(/zstd$/);
});
