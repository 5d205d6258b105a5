// Compressed archives are unpacked once, whole or not at all, and never until the disk is full.
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openLayoutArchive } from '../../../../src/docker-archive/docker-archive.ts';
import { openArchiveFile } from '../../../../src/storage/archive/archive-file.ts';
import { openArchiveStore } from '../../../../src/storage/archive/archive-store.ts';
import { openUnpacked } from '../../../../src/storage/archive/unpacked-archive.ts';
import { tidyUnpacked } from '../../../../src/storage/archive/unpacked-cache.ts';
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
    ['xz', execFileSync('xz', ['-c'], { input: tar })],
    ['bzip2', execFileSync('bzip2', ['-c'], { input: tar })],
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
    const origins = await readdir(join(archives.options.workDirectory, 'unpacked-from'));
    expect(origins.sort()).toEqual([other.identity, store.identity].sort());
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
    const { failure, message } = await archives.refusal(gzipSync(tar));
    expect({ failure, message }).toEqual({
      failure: 'unavailable',
      message: expect.stringContaining('XDG_CACHE_HOME'),
    });
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
    const roomIn = async () => ({ free: answers.shift() ?? 0, total: 1e9 });
    const refusal = await refusalOf(openUnpacked(file, 'bomb', { ...archives.options, roomIn }));
    expect(refusal.failure).toBe('no-space');
    expect(refusal.message).toMatch(/^bomb cannot be unpacked: 6\d{7} bytes are written/);
    expect(answers).toEqual([]);
    expect(await unpackedNames(archives)).toEqual([]);
    file.close();
  });

  test('one for which there is no room from the start', async () => {
    const archives = await newArchives();
    const file = openArchiveFile(await archives.write(gzipSync(tar)));
    const refusal = await refusalOf(
      openUnpacked(file, 'x', { ...archives.options, roomIn: async () => ({ free: 1_000, total: 1e9 }) }),
    );
    expect(refusal.failure).toBe('no-space');
    expect(refusal.message).toContain('0 bytes are written');
    expect(await unpackedNames(archives)).toEqual([]);
    file.close();
  });

  test.each([
    [1e9, 1024 ** 3],
    [1e13, 5e11],
  ])('one that would not leave a share of the disk: of %d bytes, %d', async (total, kept) => {
    const archives = await newArchives();
    const file = openArchiveFile(await archives.write(gzipSync(tar)));
    const roomIn = (free: number) => ({ ...archives.options, roomIn: async () => ({ free, total }) });
    const refusal = await refusalOf(openUnpacked(file, 'x', roomIn(kept + file.size - 1)));
    expect(refusal.message).toContain(`and ${kept} are kept free`);
    expect(await unpackedNames(archives)).toEqual([]);
    (await openUnpacked(file, 'x', roomIn(kept + file.size))).close();
    file.close();
  });

  test('a tar in which there is no layout', async () => {
    const archives = await newArchives();
    const path = await archives.write(gzipSync(tarOf({ path: 'notes.txt', content: 'mine' })));
    await expect(openLayoutArchive(path, archives.options)).rejects.toThrow('no image layout');
    expect(await unpackedNames(archives)).toEqual([]);
    expect(await readdir(join(archives.options.workDirectory, 'unpacked-from'))).toEqual([]);
  });

  test('a tar that is damaged before anything of use is in it', async () => {
    const archives = await newArchives();
    expect(
      (
        await archives.refusal(
          gzipSync(Buffer.concat([tarMember({ path: 'a', content: 'x' }), Buffer.alloc(512, 'z')])),
        )
      ).failure,
    ).toBe('unavailable');
    expect(await unpackedNames(archives)).toEqual([]);
  });

  test('one that is written meanwhile', async () => {
    const archives = await newArchives();
    const path = await archives.write(gzipSync(tar));
    const file = openArchiveFile(path);
    const roomIn = async () => {
      appendFileSync(path, 'x');
      return { free: 1e12, total: 1e12 };
    };
    const refusal = await refusalOf(openUnpacked(file, path, { ...archives.options, roomIn }));
    expect(refusal.failure).toBe('unavailable');
    expect(await unpackedNames(archives)).toEqual([]);
    file.close();
  });
});

describe('the cache', () => {
  test.each([
    ['is gone', (path: string) => rm(path)],
    ['has changed', (path: string) => utimes(path, 1, 1)],
    ['is another kind of thing now', (path: string) => rm(path).then(() => mkdir(path))],
  ])('loses what was unpacked from a file that %s, at the next start, and nothing else', async (_, change) => {
    const archives = await newArchives();
    await archives.open(gzipSync(tar));
    const other = await archives.open(gzipSync(tar), 'other.tar.gz');
    await change(join(archives.directory, 'x.tar'));
    await tidyUnpacked(archives.options.workDirectory, archives.options.log);
    expect(await unpackedNames(archives)).toEqual([`${other.identity}.tar`]);
    expect(await readdir(join(archives.options.workDirectory, 'unpacked-from'))).toEqual([other.identity]);
  });

  test('loses old drafts and tars of which nobody knows where they came from', async () => {
    const archives = await newArchives();
    const { identity } = await archives.open(gzipSync(tar));
    const directory = join(archives.options.workDirectory, 'unpacked');
    for (const name of ['stray.tar', 'old.partial', 'new.partial']) await writeFile(join(directory, name), '');
    await utimes(join(directory, 'old.partial'), 1, 1);
    await tidyUnpacked(archives.options.workDirectory, archives.options.log);
    expect([...(await unpackedNames(archives))].sort()).toEqual([`${identity}.tar`, 'new.partial'].sort());
  });

  test('need not be there', async () => {
    const archives = await newArchives();
    await tidyUnpacked(archives.options.workDirectory, archives.options.log);
    expect(existsSync(archives.options.workDirectory)).toBe(false);
    expect(archives.lines).toEqual([]);
  });
});

test.each([
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
  expect((await archives.refusal(Buffer.alloc(1_000, 'x'))).message).toMatch(/bzip2$/);
});
