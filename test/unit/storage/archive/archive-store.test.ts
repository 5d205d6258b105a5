// Tars of every flavour served in place: what is found under which key, what is left out and said, and what happens to the file meanwhile.
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openArchiveStore } from '../../../../src/storage/archive/archive-store.ts';
import { key, newArchives, refusalOf, textAt } from './archives.ts';
import { gnuMagic, longName, pax, type TarMember, tarMember, tarOf, v7Magic } from './tar-writer.ts';

const long = `${'d'.repeat(90)}/${'e'.repeat(90)}/${'f'.repeat(90)}`;
const index: TarMember = { path: 'index.json', content: '{}' };

describe('flavours', () => {
  const flavours: Readonly<Record<string, readonly TarMember[]>> = {
    V7: [
      { path: 'd/', magic: v7Magic, type: '\0' },
      { path: 'd/a', content: 'text', magic: v7Magic, type: '\0' },
    ],
    ustar: [
      { path: 'd/', type: '5' },
      { path: 'a', prefix: 'd', content: 'text' },
    ],
    'contiguous files': [{ path: 'd/a', content: 'text', type: '7' }],
    GNU: [{ path: 'd/a', content: 'text', magic: gnuMagic, prefix: '14710405172' }],
    'a leading ./': [
      { path: './', type: '5' },
      { path: './d//./a', content: 'text' },
    ],
    'PAX path': [pax({ path: 'd/a' }), { path: 'short', content: 'text' }],
    'PAX size': [pax({ size: '4' }), { path: 'd/a', content: 'text', size: 0 }],
    'a global PAX header': [pax({ comment: 'git' }, 'g'), { path: 'd/a', content: 'text' }],
    'a GNU volume label': [
      { path: 'label', type: 'V' },
      { path: 'd/a', content: 'text' },
    ],
    'a hard link': [
      { path: 'x', content: 'text' },
      { path: 'd/a', type: '1', linkPath: './x' },
    ],
    'a hard link that repeats the size': [
      { path: 'x', content: 'text' },
      { path: 'd/a', type: '1', linkPath: 'x', size: 4 },
    ],
  };

  test.each(Object.entries(flavours))('%s', async (_, members) => {
    const archives = await newArchives();
    const store = await archives.open(tarOf(...members, index));
    expect(await textAt(store, 'd/a')).toBe('text');
    expect(await textAt(store, 'index.json')).toBe('{}');
    expect(await store.list(key('d'))).toEqual([{ name: 'a', kind: 'object' }]);
    expect(archives.lines).toEqual([]);
  });

  test('long names of GNU, for members and links', async () => {
    const archives = await newArchives();
    const target: TarMember = { path: 'cut', content: 'text' };
    const link: TarMember = { path: 'link', type: '1', linkPath: 'cut' };
    const store = await archives.open(tarOf(longName('L', long), target, longName('K', long), link));
    expect(await textAt(store, long)).toBe('text');
    expect(await textAt(store, 'link')).toBe('text');
    expect(archives.lines).toEqual([]);
  });

  test.each(['v7', 'ustar', 'gnu', 'pax', 'oldgnu'])('GNU tar --format=%s, when there is one', async (format) => {
    const archives = await newArchives();
    if (!hasGnuTar()) return;
    const root = join(archives.directory, 'layout');
    const path = format === 'v7' ? 'blobs/sha256/aa' : `blobs/${long.slice(0, 150)}`;
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), 'blob');
    writeFileSync(join(root, 'index.json'), '{}');
    execFileSync('tar', [
      `--format=${format}`,
      '-cf',
      join(archives.directory, 't.tar'),
      '-C',
      archives.directory,
      'layout',
    ]);
    const store = await openArchiveStore(join(archives.directory, 't.tar'), archives.options);
    expect(store.base).toBe('layout');
    expect(await textAt(store, path)).toBe('blob');
    expect(archives.lines).toEqual([]);
    await store.close();
  });
});

describe('names', () => {
  test('are found by their key alone, which is no path', async () => {
    const archives = await newArchives();
    const store = await archives.open(tarOf({ path: 'd/a', content: 'x' }));
    for (const path of ['d/', '/d/a', './d/a', 'd/../d/a', 'd//a', 'D/a', '__proto__']) {
      expect(await store.stat(key(path))).toBeUndefined();
      expect(await store.open(key(path))).toBeUndefined();
    }
  });

  test('the last member of a name is the one, whatever it is', async () => {
    const archives = await newArchives();
    const store = await archives.open(
      tarOf(
        { path: 'a', content: 'old' },
        { path: './a', content: 'new' },
        { path: 'b', content: 'old' },
        { path: 'b', type: '2', linkPath: 'a' },
        { path: 'c', type: '2', linkPath: 'a' },
        { path: 'c', content: 'now a file' },
        { path: 'd', content: 'old' },
        { path: 'd/', type: '5' },
      ),
    );
    expect(await textAt(store, 'a')).toBe('new');
    expect(await store.stat(key('b'))).toBeUndefined();
    expect(await textAt(store, 'c')).toBe('now a file');
    expect(await store.stat(key('d'))).toBeUndefined();
  });

  test('a hard link keeps what it linked to when that name is taken again', async () => {
    const archives = await newArchives();
    const members = [
      { path: 'a', content: 'one' },
      { path: 'b', type: '1', linkPath: 'a' },
      { path: 'a', content: 'two' },
    ];
    const store = await archives.open(tarOf(...members));
    expect([await textAt(store, 'a'), await textAt(store, 'b')]).toEqual(['two', 'one']);
  });

  test('what moorage keeps for itself in a root is hidden, and hard links to it work', async () => {
    const archives = await newArchives();
    const pool = { path: './.moorage/pool/sha256/aa', content: 'blob' };
    const link = { path: './blobs/sha256/aa', type: '1', linkPath: './.moorage/pool/sha256/aa' };
    const store = await archives.open(tarOf(pool, link, index));
    expect(await textAt(store, 'blobs/sha256/aa')).toBe('blob');
    expect(await store.stat(key('.moorage/pool/sha256/aa'))).toBeUndefined();
    expect(await store.list(key(''))).toEqual([
      { name: 'blobs', kind: 'prefix' },
      { name: 'index.json', kind: 'object' },
    ]);
  });

  test('a layout in the only directory of an archive is found, one beside other things is not', async () => {
    const archives = await newArchives();
    const inner = { path: 'my/index.json', content: '{}' };
    const blob = { path: 'my/blobs/sha256/aa', content: 'blob' };
    const apple = { path: '._my', content: 'x' };
    const store = await archives.open(tarOf(apple, { path: 'my/', type: '5' }, blob, inner), 'a.tar');
    expect(store.base).toBe('my');
    expect(await textAt(store, 'index.json')).toBe('{}');
    expect(await store.list(key('blobs'))).toEqual([{ name: 'sha256', kind: 'prefix' }]);
    expect((await archives.open(tarOf({ path: 'README' }, inner), 'b.tar')).base).toBe('');
    expect((await archives.open(tarOf({ path: 'other/x' }, inner), 'c.tar')).base).toBe('');
    expect((await archives.open(tarOf(index, inner), 'd.tar')).base).toBe('');
    const root = ['.moorage/id', 'team/app/index.json'].map((path) => ({ path: `registry/${path}`, content: '' }));
    expect((await archives.open(tarOf(...root), 'f.tar')).base).toBe('registry');
    const docker = tarOf({ path: 'my/manifest.json', content: '[]' });
    expect((await archives.open(docker, 'e.tar')).base).toBe('my');
  });

  test('the directory can be given', async () => {
    const archives = await newArchives();
    const path = await archives.write(
      tarOf(
        { path: 'a/index.json', content: 'a' },
        { path: 'a/oci-layout', content: '{}' },
        { path: 'b/index.json', content: 'b' },
        { path: 'b/blobs/sha256/x', content: '' },
        { path: 'web/index.json', content: '' },
      ),
    );
    const store = await openArchiveStore(path, { ...archives.options, base: 'b' });
    expect(await textAt(store, 'index.json')).toBe('b');
    expect(store.layoutsBelow()).toEqual([]);
    const whole = await openArchiveStore(path, { ...archives.options, base: '' });
    expect(whole.layoutsBelow()).toEqual(['a', 'b']);
    await Promise.all([store.close(), whole.close()]);
  });
});

describe('the file behind it', () => {
  test('may be replaced: the old one is served on', async () => {
    const archives = await newArchives();
    const store = await archives.open(tarOf({ path: 'a', content: 'old' }, index));
    const open = await store.open(key('a'));
    renameSync(await archives.write(tarOf({ path: 'a', content: 'new' }), 'y.tar'), join(archives.directory, 'x.tar'));
    expect(await textAt(store, 'a')).toBe('old');
    const buffer = Buffer.alloc(3);
    await open?.readInto(buffer, 0);
    expect(buffer.toString()).toBe('old');
  });

  test('may not be written: no read answers any more, in whichever way it was written', async () => {
    const archives = await newArchives();
    const path = join(archives.directory, 'x.tar');
    for (const write of [
      () => appendFileSync(path, 'x'),
      () => writeFileSync(path, tarOf({ path: 'b', content: 'old' }, index)),
      () => utimes(path, 1, 2),
    ]) {
      const store = await archives.open(tarOf({ path: 'a', content: 'old' }, index));
      const info = await store.stat(key('a'));
      const open = await store.open(key('a'));
      await utimes(path, 1, 1);
      await write();
      for (const reading of [
        store.read(key('a'), 10),
        store.stat(key('a')),
        store.open(key('a')),
        open?.readInto(Buffer.alloc(3), 0) ?? Promise.resolve(),
      ]) {
        expect((await refusalOf(reading)).failure).toBe('unavailable');
      }
      expect(info?.size).toBe(3);
    }
  });

  test('may be named by a symbolic link, and must be a regular file', async () => {
    const archives = await newArchives();
    const path = await archives.write(tarOf(index));
    await symlink(path, join(archives.directory, 'link.tar'));
    const [one, other] = await Promise.all(
      [path, join(archives.directory, 'link.tar')].map((each) => openArchiveStore(each, archives.options)),
    );
    expect(one?.identity).toBe(other?.identity);
    await Promise.all([one?.close(), other?.close()]);
    execFileSync('mkfifo', [join(archives.directory, 'fifo')]);
    for (const name of ['.', 'fifo']) {
      const refusal = await refusalOf(openArchiveStore(join(archives.directory, name), archives.options));
      expect(refusal.failure).toBe('unsafe');
    }
    const absent = await refusalOf(openArchiveStore(join(archives.directory, 'absent'), archives.options));
    expect(absent.message).toContain('absent');
  });

  test('is closed when nobody reads it any more', async () => {
    const archives = await newArchives();
    const store = await archives.open(tarOf({ path: 'a', content: Buffer.alloc(1_000_000, 'a') }, index));
    const open = await store.open(key('a'));
    const buffer = Buffer.alloc(1_000_000);
    const reading = open?.readInto(buffer, 0);
    await store.close();
    await store.close();
    expect(await reading).toBe(1_000_000);
    expect(buffer.every((byte) => byte === 0x61)).toBe(true);
    expect((await refusalOf(store.read(key('a'), 2_000_000))).failure).toBe('unavailable');
  });
});

test('what is not compressed is served without a work file', async () => {
  const archives = await newArchives();
  const store = await archives.open(tarOf(index));
  expect(await store.stat(key('index.json'))).toBeDefined();
  expect(existsSync(archives.options.workDirectory)).toBe(false);
});

test('a version names the member and the state of the archive', async () => {
  const archives = await newArchives();
  const bytes = Buffer.concat([tarMember({ path: 'a', content: 'x' }), tarOf({ path: 'b', content: 'x' })]);
  const [one, other] = [await archives.open(bytes, 'a.tar'), await archives.open(bytes, 'b.tar')];
  const infos = await Promise.all([one.stat(key('a')), one.stat(key('b')), other.stat(key('a'))]);
  expect(new Set(infos.map((info) => info?.version)).size).toBe(3);
  const [info] = infos;
  if (info === undefined) throw new Error('a is absent');
  expect(await one.isCurrent(key('a'), info)).toBe(true);
  expect(await one.isCurrent(key('b'), info)).toBe(false);
  expect(await other.isCurrent(key('a'), info)).toBe(false);
});

function hasGnuTar(): boolean {
  try {
    return execFileSync('tar', ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .includes('GNU');
  } catch {
    return false; // No tar here at all.
  }
}
