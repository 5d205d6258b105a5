// Which files of a directory are its archives.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { archiveNamed, archivesBelow, archivesBelowPaced } from '../../../src/mounts/archives-below.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

async function directoryWith(...paths: readonly string[]): Promise<string> {
  const directory = await temporaryDirectory();
  for (const path of paths) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), 'x');
  }
  return directory;
}

const found = (directory: string) => archivesBelow(directory).map(({ path }) => path);

it('are those with the name of one, in the order of their paths', async () => {
  const archives = ['App.TAR', 'b.tar.gz', 'c.tgz', 'd.tar.zst', 'e.tzst', 'f.tar.xz', 'g.tar.bz2', 'h.oci', 'i.tbz'];
  const others = ['a.tar.sha256', 'b.gz', 'c.tar.part', 'd.zip', '.hidden.tar', 'e.tar.gz.asc', 'tar', 'notes.txt'];
  expect(found(await directoryWith(...archives, ...others))).toEqual(archives);
});

it('lie up to two directories below, and not in layouts or what tools keep for themselves', async () => {
  const directory = await directoryWith(
    'site/app.tar',
    'site/arm64/app.tar',
    'site/arm64/old/app.tar',
    'layout/index.json',
    'layout/app.tar',
    'layout/more/app.tar',
    'blobs/app.tar',
    '.cache/app.tar',
    '_uploads/app.tar',
  );
  expect(found(directory)).toEqual(['site/app.tar', 'site/arm64/app.tar']);
});

it('have a version that changes with them; a link has none, and a directory is none', async () => {
  const directory = await directoryWith('a.tar');
  symlinkSync(join(directory, 'a.tar'), join(directory, 'b.tar'));
  mkdirSync(join(directory, 'c.tar'));
  const before = archivesBelow(directory);
  expect(before.map(({ path, version }) => [path, version === undefined])).toEqual([
    ['a.tar', false],
    ['b.tar', true],
  ]);
  expect(archivesBelow(directory)).toEqual(before);
  writeFileSync(join(directory, 'a.tar'), 'xy');
  expect(archivesBelow(directory)[0]?.version).not.toBe(before[0]?.version);
});

it('are none where there is no directory', () => {
  expect(found('/nowhere/at/all')).toEqual([]);
});

it('are looked for in so many directories, and no more', async () => {
  const directory = await directoryWith(...Array.from({ length: 210 }, (_, at) => `d${at}/app.tar`));
  expect(found(directory)).toHaveLength(199);
});

it('are the same when others take their turns meanwhile', async () => {
  const directory = await directoryWith('a.tar', 'site/b.tar');
  expect(await archivesBelowPaced(directory)).toEqual(archivesBelow(directory));
});

it('are found by their names, and by what follows those', async () => {
  const directory = await directoryWith('App-1.2.tar.gz', 'site/web.tar');
  symlinkSync(join(directory, 'site/web.tar'), join(directory, 'link.tar'));
  expect(archiveNamed(directory, 'app-1.2')).toEqual({ path: join(directory, 'App-1.2.tar.gz'), within: undefined });
  expect(archiveNamed(directory, 'site/web/library/x')).toEqual({
    path: join(directory, 'site/web.tar'),
    within: 'library/x',
  });
  for (const name of ['app', 'app-1.2.tar.gz', 'web', 'site', 'link']) {
    expect(archiveNamed(directory, name), name).toBeUndefined();
  }
});
