// A directory of archives as it changes: what comes, goes, is copied half, is replaced, or has a name that is taken.
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ArchiveMount } from '../../../src/mounts/archive-mount.ts';
import { ServedArchives, type ServedArchivesOptions } from '../../../src/mounts/served-archives.ts';
import { identityAt } from '../../../src/storage/archive/archive-file.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import { StorageError } from '../../../src/storage/storage-error.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const longAgo = new Date(1_700_000_000_000);

async function directoryOfArchives(options: Partial<ServedArchivesOptions> = {}) {
  const directory = await temporaryDirectory();
  const opened: string[] = [];
  /** By file name. */
  const problems = new Map<string, ArchiveMount['problems'] | StorageError>();
  /** Where another file was found for the moment in which it was opened, by file name. */
  const identityOf = new Map<string, string>();
  const put = (path: string, text = 'archive', at = longAgo) => {
    mkdirSync(join(directory, path, '..'), { recursive: true });
    writeFileSync(join(directory, path), text);
    utimesSync(join(directory, path), at, at);
  };
  const open = async (path: string, name: ArchiveMount['name']): Promise<ArchiveMount> => {
    opened.push(basename(path));
    const problem = problems.get(basename(path));
    if (problem instanceof StorageError) throw problem;
    const reader = new MemoryStore();
    return {
      name,
      reader,
      writer: undefined,
      facts: undefined,
      path,
      kind: 'archive',
      isRoot: false,
      identity: identityAt(identityOf.get(basename(path)) ?? path) ?? '',
      problems: problem ?? [],
    };
  };
  const start = () =>
    ServedArchives.open({
      directory,
      name: '',
      isWritable: false,
      isInReach: async () => true,
      others: [],
      tidy: async () => {},
      open,
      ...options,
    });
  return { directory, opened, problems, identityOf, put, start };
}

const names = (mounts: readonly ArchiveMount[]) => mounts.map(({ name }) => name);

describe('at the start', () => {
  it('each is served under its base name, below the directories it lies in', async () => {
    const { put, start } = await directoryOfArchives();
    for (const path of ['App 1.2.tar.gz', 'b_c.tgz', 'Site A/x.tar', 'k3s-images.tar.zst']) put(path);
    const { mounts, unserved } = await start();
    expect(names(mounts)).toEqual(['app-1.2', 'site-a/x', 'b_c', 'k3s-images']);
    expect(unserved).toEqual([]);
  });

  it('none is served that was another file when it was opened', async () => {
    const { put, start, identityOf } = await directoryOfArchives();
    const elsewhere = await temporaryDirectory();
    writeFileSync(join(elsewhere, 'secret.tar'), 'archive');
    utimesSync(join(elsewhere, 'secret.tar'), longAgo, longAgo);
    put('app.tar');
    identityOf.set('app.tar', join(elsewhere, 'secret.tar'));
    const { mounts, unserved } = await start();
    expect(mounts).toEqual([]);
    expect(unserved).toMatchObject([
      { path: 'app.tar', reason: expect.stringContaining('was exchanged'), failure: 'unavailable' },
    ]);
  });

  it('below the name of the directory where it has one', async () => {
    const { put, start } = await directoryOfArchives({ name: 'usb' as ArchiveMount['name'] });
    put('app.tar');
    expect(names((await start()).mounts)).toEqual(['usb/app']);
  });

  it('says which are not, and why', async () => {
    const { directory, put, start, problems } = await directoryOfArchives({
      others: [{ name: 'taken' as ArchiveMount['name'], path: '/elsewhere' }],
    });
    for (const path of ['a.tar', 'a.tgz', 'beside.tar', 'broken.tar', 'cut.tar', 'other.tar', 'taken.tar', '-.tar'])
      put(path);
    put('beside/index.json', '{"schemaVersion":2,"manifests":[]}');
    symlinkSync('a.tar', join(directory, 'link.tar'));
    problems.set('broken.tar', [{ kind: 'damaged', at: 512, reason: 'x' }]);
    problems.set('cut.tar', [{ kind: 'cut-off' }]);
    problems.set(
      'other.tar',
      new StorageError('unsafe', `${join(directory, 'other.tar')} is a tar, but no image layout`),
    );
    const { mounts, unserved } = await start();
    expect(names(mounts)).toEqual(['a']);
    expect(unserved.map(({ path, reason, failure }) => [path, reason, failure])).toEqual([
      ['-.tar', 'no repository name can be made of it', undefined],
      ['a.tgz', 'a.tar is served as a', undefined],
      ['beside.tar', 'the directory beside it is served as beside', undefined],
      ['broken.tar', 'is damaged, or not yet whole', 'unavailable'],
      ['cut.tar', 'has no end: it was cut off, or is not yet whole', 'unavailable'],
      ['link.tar', 'a symbolic link, which is not followed: name it as a PATH', undefined],
      ['other.tar', 'is a tar, but no image layout', 'unsafe'],
      ['taken.tar', 'another PATH is served as taken', undefined],
    ]);
  });

  it('leaves out one that is a PATH of its own', async () => {
    const others: { name: ArchiveMount['name']; path: string }[] = [];
    const { directory, put, start } = await directoryOfArchives({ others });
    put('a.tar');
    others.push({ name: 'b' as ArchiveMount['name'], path: join(directory, 'a.tar') });
    expect(await start()).toMatchObject({ mounts: [], unserved: [] });
  });

  it('serves five hundred, and says of the others that they are too many', async () => {
    const { put, start } = await directoryOfArchives();
    for (let at = 0; at < 502; at += 1) put(`a${at}.tar`);
    const { mounts, unserved } = await start();
    expect(mounts).toHaveLength(500);
    expect(unserved.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('and no more: name it as a PATH'),
      expect.stringContaining('and no more: name it as a PATH'),
    ]);
  });

  it('takes nothing for an archive that is below a link', async () => {
    const { directory, put, start } = await directoryOfArchives();
    const outside = await temporaryDirectory();
    writeFileSync(join(outside, 'secret.tar'), 'x');
    symlinkSync(outside, join(directory, 'linked'));
    put('a.tar');
    expect(names((await start()).mounts)).toEqual(['a']);
  });
});

describe('while it is served', () => {
  it('new ones come, and those that are removed go', async () => {
    const { directory, put, start } = await directoryOfArchives();
    put('a.tar');
    const archives = await start();
    expect(await archives.look()).toEqual({ added: [], removed: [], unserved: [] });
    put('b.tar');
    rmSync(join(directory, 'a.tar'));
    const { added, removed } = await archives.look();
    expect([names(added), names(removed)]).toEqual([['b'], ['a']]);
    expect(names(archives.mounts)).toEqual(['b']);
  });

  it('one that was written to a moment ago is not looked at yet', async () => {
    const { put, start, opened } = await directoryOfArchives({
      clock: { now: () => longAgo.getTime() + 60_000 },
    });
    const archives = await start();
    put('a.tar', 'half', new Date(longAgo.getTime() + 59_000));
    expect((await archives.look()).unserved).toEqual([]);
    expect(archives.unserved).toMatchObject([{ reason: 'it is being written' }]);
    expect(opened).toEqual([]);
    put('a.tar', 'whole');
    expect(names((await archives.look()).added)).toEqual(['a']);
  });

  it('one that is not whole is tried again when it changed, and only then', async () => {
    const { put, start, opened, problems } = await directoryOfArchives();
    const archives = await start();
    put('a.tar', 'half');
    problems.set('a.tar', [{ kind: 'cut-off' }]);
    expect((await archives.look()).unserved).toMatchObject([{ path: 'a.tar' }]);
    expect((await archives.look()).unserved).toEqual([]);
    expect(opened).toEqual(['a.tar']);
    put('a.tar', 'whole');
    problems.clear();
    expect(names((await archives.look()).added)).toEqual(['a']);
    expect(archives.unserved).toEqual([]);
  });

  it('one for which there was no room is tried again as it is', async () => {
    const { put, start, problems } = await directoryOfArchives();
    put('a.tar');
    problems.set('a.tar', new StorageError('no-space', 'full'));
    const archives = await start();
    expect(archives.unserved).toMatchObject([{ reason: 'full' }]);
    problems.clear();
    expect(names((await archives.look()).added)).toEqual(['a']);
  });

  it('one that changed is served as it was until it is whole, and then as it is', async () => {
    const { directory, put, start, problems } = await directoryOfArchives();
    put('a.tar');
    const archives = await start();
    const [first] = archives.mounts;
    put('a.tar', 'half');
    problems.set('a.tar', new StorageError('unavailable', 'cut off'));
    expect(await archives.look()).toMatchObject({ added: [], removed: [], unserved: [{ reason: 'cut off' }] });
    expect(archives.mounts).toEqual([first]);
    problems.clear();
    appendFileSync(join(directory, 'a.tar'), ', and whole');
    utimesSync(join(directory, 'a.tar'), longAgo, longAgo);
    const { added, removed } = await archives.look();
    expect([names(added), names(removed)]).toEqual([['a'], ['a']]);
    expect(removed).toEqual([first]);
    expect(archives.unserved).toEqual([]);
  });

  it('one that changed is served as it was while there is no room for what it is now', async () => {
    const { put, start, problems } = await directoryOfArchives();
    put('a.tar');
    const archives = await start();
    put('a.tar', 'larger');
    problems.set('a.tar', new StorageError('no-space', 'full'));
    expect(await archives.look()).toMatchObject({ added: [], removed: [], unserved: [{ reason: 'full' }] });
    expect(names(archives.mounts)).toEqual(['a']);
    problems.clear();
    const { added, removed } = await archives.look();
    expect([names(added), names(removed)]).toEqual([['a'], ['a']]);
  });

  it('one in whose place something else is, is gone', async () => {
    const { put, start, problems } = await directoryOfArchives();
    put('a.tar');
    const archives = await start();
    put('a.tar', 'a text');
    problems.set('a.tar', new StorageError('unsafe', 'no tar'));
    const { removed, unserved } = await archives.look();
    expect([names(removed), unserved.map(({ reason }) => reason)]).toEqual([['a'], ['no tar']]);
    expect(archives.mounts).toEqual([]);
  });

  it('who has a name keeps it, and another one gets it when it is free', async () => {
    const { directory, put, start } = await directoryOfArchives();
    put('a.tgz');
    const archives = await start();
    put('a.tar');
    expect(await archives.look()).toMatchObject({
      added: [],
      removed: [],
      unserved: [{ reason: 'a.tgz is served as a' }],
    });
    renameSync(join(directory, 'a.tgz'), join(directory, 'b.tgz'));
    const { added, removed } = await archives.look();
    expect([names(added), names(removed)]).toEqual([['a', 'b'], ['a']]);
  });

  it('hides no repository that was pushed', async () => {
    const { directory, put, start } = await directoryOfArchives({ isWritable: true });
    mkdirSync(join(directory, 'team/app'), { recursive: true });
    put('team.tar');
    const archives = await start();
    expect(archives.mounts).toEqual([]);
    expect(archives.unserved).toMatchObject([{ reason: 'the directory beside it is served as team' }]);
  });

  it('nothing goes while the volume is away', async () => {
    let isInReach = true;
    const { directory, put, start } = await directoryOfArchives({ isInReach: async () => isInReach });
    put('a.tar');
    const archives = await start();
    rmSync(join(directory, 'a.tar'));
    isInReach = false;
    expect(await archives.look()).toEqual({ added: [], removed: [], unserved: [] });
    expect(names(archives.mounts)).toEqual(['a']);
    isInReach = true;
    expect(names((await archives.look()).removed)).toEqual(['a']);
  });
});
