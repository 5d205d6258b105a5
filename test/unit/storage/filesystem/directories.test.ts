// Directories: durable with all their parents, made again when somebody removes them, and synced together.

import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Directories } from '../../../../src/storage/filesystem/directories.ts';
import { FileTree } from '../../../../src/storage/filesystem/file-tree.ts';
import { type SystemCalls, systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import { bytesOf, key, textAt } from '../../../contract/store-under-test.ts';
import { silentLog } from '../../../support/silent-log.ts';
import { failing, newDirectory, storeOnDisk, systemError, tracing, withPaths } from './store-on-disk.ts';

function directoriesOnDisk(replaced: Partial<SystemCalls> = {}) {
  const root = newDirectory();
  const { calls, events } = tracing(root, { ...systemCalls, ...replaced });
  const tree = new FileTree(root, {
    calls: { ...systemCalls, ...withPaths({ ...replaced, ...calls }) },
    log: silentLog,
    fileMode: 0o644,
    directoryMode: 0o755,
  });
  return { directories: new Directories(tree), root, events };
}

test('every new directory is made durable in the one that holds it, once', async () => {
  const { directories, events } = directoriesOnDisk();
  expect(await directories.ensure('team/app/blobs')).toEqual(['team', 'team/app', 'team/app/blobs']);
  expect(events).toEqual([
    'mkdir team',
    'mkdir team/app',
    'mkdir team/app/blobs',
    'fsync .',
    'fsync team',
    'fsync team/app',
  ]);
  events.length = 0;
  expect(await directories.ensure('team/app/blobs')).toEqual([]);
  expect(events).toEqual([]);
});

test('a directory that another process has just made is made durable too', async () => {
  const { directories, root, events } = directoriesOnDisk();
  mkdirSync(`${root}/team/app`, { recursive: true });
  expect(await directories.ensure('team/app')).toEqual([]);
  expect(events).toEqual(['fsync .', 'fsync team']);
});

test('a directory that was removed and made again is made durable again', async () => {
  const { directories, root, events } = directoriesOnDisk();
  await directories.ensure('team/app');
  mkdirSync(`${root}/other`);
  rmdirSync(`${root}/team/app`);
  mkdirSync(`${root}/taken`); // Takes the inode, where the file system gives it out again.
  events.length = 0;
  expect(await directories.ensure('team/app')).toEqual(['team/app']);
  expect(events).toEqual(['mkdir team/app', 'fsync team']);
});

test('a directory whose entry could not be synced is not taken for durable (injected)', async () => {
  let failures = 1;
  const { directories, events, root } = directoriesOnDisk({
    fsync: async (descriptor) => {
      if (failures-- > 0) throw systemError('EIO');
      return systemCalls.fsync(descriptor);
    },
  });
  mkdirSync(`${root}/team`);
  await expect(directories.ensure('team')).rejects.toMatchObject({ code: 'EIO' });
  events.length = 0;
  await directories.ensure('team');
  expect(events).toEqual(['fsync .']);
});

test('directories that were made for what then fails are gone again, and only those (a full disk, injected)', async () => {
  const { directories, root } = directoriesOnDisk({
    mkdirSync: failing(systemCalls.mkdirSync, 'ENOSPC', (path) => path.endsWith('/last')),
  });
  mkdirSync(`${root}/team`);
  await expect(directories.ensure('team/app/last')).rejects.toMatchObject({ code: 'ENOSPC' });
  const work = async () => {
    writeFileSync(`${root}/team/other/mine`, '');
    throw systemError('ENOSPC');
  };
  await expect(directories.within('team/other/empty', work)).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(readdirSync(root, { recursive: true }).sort()).toEqual(['team', 'team/other', 'team/other/mine']);
});

test('a symbolic link or a file on the way is refused', async () => {
  const { directories, root } = directoriesOnDisk();
  const outside = newDirectory();
  symlinkSync(outside, `${root}/linked`);
  writeFileSync(`${root}/file`, '');
  await expect(directories.ensure('linked/app')).rejects.toMatchObject({ failure: 'unsafe' });
  await expect(directories.ensure('file/app')).rejects.toMatchObject({ failure: 'unsafe' });
  expect(readdirSync(outside)).toEqual([]);
});

test('a parent removed between two calls is made again (injected)', async () => {
  let removals = 0;
  const { directories, root } = directoriesOnDisk({
    mkdirSync: (path, mode) => {
      if (path.endsWith('/team/app') && removals++ === 0) rmdirSync(`${root}/team`);
      systemCalls.mkdirSync(path, mode);
    },
  });
  await directories.ensure('team/app');
  expect(existsSync(`${root}/team/app`)).toBe(true);
});

test('an object is published although its directory is removed right before the rename (injected)', async () => {
  let removals = 0;
  const { store, at } = await storeOnDisk({
    rename: (from, to) => {
      if (removals++ === 0) rmSync(at('team'), { recursive: true });
      return systemCalls.rename(from, to);
    },
  });
  await store.write(key('team/app/blobs/sha256/aa'), bytesOf('x'));
  expect(await textAt(store, key('team/app/blobs/sha256/aa'))).toBe('x');
});

test('syncs asked for while one runs share the next one, and never the running one (injected)', async () => {
  const running: (() => void)[] = [];
  const { directories, events } = directoriesOnDisk({
    fsync: () => new Promise((resolve) => running.push(resolve)),
  });
  const finished: string[] = [];
  const sync = (name: string): Promise<number> => directories.sync('').then(() => finished.push(name));
  const first = sync('first');
  const others = [sync('second'), sync('third')];
  expect(events).toEqual(['fsync .']);
  running.shift()?.();
  await first;
  await new Promise((resolve) => setImmediate(resolve));
  expect(finished).toEqual(['first']);
  expect(events).toEqual(['fsync .', 'fsync .']);
  const late = sync('late');
  running.shift()?.();
  await Promise.all(others);
  expect(finished).toEqual(['first', 'second', 'third']);
  await new Promise((resolve) => setImmediate(resolve));
  running.shift()?.();
  await late;
  expect(events).toEqual(['fsync .', 'fsync .', 'fsync .']);
});

test('a failed sync fails for all who shared it, and not for the next (injected)', async () => {
  const running: ((error?: Error) => void)[] = [];
  const { directories } = directoriesOnDisk({
    fsync: () =>
      new Promise((resolve, reject) => running.push((error) => (error === undefined ? resolve() : reject(error)))),
  });
  const first = directories.sync('');
  const second = directories.sync('');
  const third = directories.sync('');
  running.shift()?.(systemError('EIO'));
  await expect(first).rejects.toMatchObject({ code: 'EIO' });
  await new Promise((resolve) => setImmediate(resolve));
  running.shift()?.();
  await expect(Promise.all([second, third])).resolves.toBeDefined();
});

test('a directory that was just used stays open for the next use, and for a moment only (the clock is injected)', async () => {
  const opened = new Map<number, string>();
  let opens = 0;
  const { directories, root } = directoriesOnDisk({
    elapsed: () => 0,
    openSync: (path, flags, mode) => {
      const descriptor = systemCalls.openSync(path, flags, mode);
      opens += 1;
      opened.set(descriptor, path);
      return descriptor;
    },
    closeSync: (descriptor) => {
      opened.delete(descriptor);
      systemCalls.closeSync(descriptor);
    },
  });
  await directories.ensure('team/app');
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const used = () => directories.within('team/app', async ({ descriptor }) => descriptor);
  opens = 0;
  const descriptor = await used();
  expect([await used(), opens]).toEqual([descriptor, 1]);
  expect([...opened.values()]).toEqual([`${root}/team/app`]);
  vi.advanceTimersByTime(20);
  expect(opened.size).toBe(0);
  await used();
  directories.close();
  expect(opened.size).toBe(0);
});

/** The disk syncs when the test says so. */
function slowDisk() {
  const running: ((error?: Error) => void)[] = [];
  const on = directoriesOnDisk({
    fsync: () =>
      new Promise((resolve, reject) => running.push((error) => (error === undefined ? resolve() : reject(error)))),
  });
  return { ...on, running };
}

test('what is put into new directories waits for them, also what another puts there meanwhile (injected)', async () => {
  const { directories, root, events, running } = slowDisk();
  const answered: string[] = [];
  const put = async (name: string) => {
    await directories.within('team/app', async (held) => writeFileSync(held.at(name), ''));
    answered.push(name);
  };
  const both = [put('first'), put('second')];
  await vi.waitFor(() => expect(readdirSync(`${root}/team/app`)).toEqual(['first', 'second']));
  expect(events).toEqual(['mkdir team', 'mkdir team/app', 'fsync .', 'fsync team']);
  running.shift()?.();
  await new Promise((resolve) => setImmediate(resolve));
  expect(answered).toEqual([]);
  // The other one shares the syncs that begin after it asked.
  const last = setInterval(() => running.shift()?.(), 1);
  onTestFinished(() => clearInterval(last));
  await Promise.all(both);
  events.length = 0;
  await put('third');
  expect(events).toEqual([]);
});

test('what is put into a directory that cannot be synced is refused, and the next one tries again (injected)', async () => {
  const { directories, root, events, running } = slowDisk();
  const put = () => directories.within('team', async (held) => writeFileSync(held.at('mine'), ''));
  const refused = expect(put()).rejects.toMatchObject({ code: 'EIO' });
  running.shift()?.(systemError('EIO'));
  await refused;
  // It may have been found by others already.
  expect(readdirSync(root, { recursive: true }).sort()).toEqual(['team', 'team/mine']);
  events.length = 0;
  const again = put();
  running.shift()?.();
  await again;
  expect(events).toEqual(['fsync .']);
});

test('nothing is synced for what a power cut may take, and it is not taken for durable later', async () => {
  const { directories, events } = directoriesOnDisk();
  const put = async (held: { at(name: string): string }) => writeFileSync(held.at('mine'), '');
  await directories.withinUnsynced('team/app', put);
  await directories.withinUnsynced('team/app', put);
  expect(events).toEqual(['mkdir team', 'mkdir team/app']);
  events.length = 0;
  await directories.within('team/app', put);
  expect(events).toEqual(['fsync .', 'fsync team']);
});

test('another directory, or a link, in the place of one that is open is noticed', async () => {
  const { directories, root } = directoriesOnDisk();
  const put = (name: string) => directories.within('team/app', async (held) => writeFileSync(held.at(name), ''));
  await put('first');
  renameSync(`${root}/team/app`, `${root}/moved`);
  await put('second');
  expect([readdirSync(`${root}/moved`), readdirSync(`${root}/team/app`)]).toEqual([['first'], ['second']]);
  const outside = newDirectory();
  rmSync(`${root}/team/app`, { recursive: true });
  symlinkSync(outside, `${root}/team/app`);
  await expect(put('third')).rejects.toMatchObject({ failure: 'unsafe' });
  expect(readdirSync(outside)).toEqual([]);
});

test('the sync of a directory that was moved away answers for no other of its name (injected)', async () => {
  const running: (() => void)[] = [];
  const { directories, root } = directoriesOnDisk({
    fsync: (descriptor) => new Promise((resolve) => running.push(() => resolve(systemCalls.fsync(descriptor)))),
  });
  mkdirSync(`${root}/app`);
  const tree = new FileTree(root, { calls: systemCalls, log: silentLog, fileMode: 0o644, directoryMode: 0o755 });
  const before = tree.hold('app');
  renameSync(`${root}/app`, `${root}/moved`);
  mkdirSync(`${root}/app`);
  const now = tree.hold('app');
  const syncs = [directories.sync('app', before), directories.sync('app', before), directories.sync('app', now)];
  expect(running).toHaveLength(2);
  let isDone = false;
  const all = Promise.all(syncs).finally(() => {
    isDone = true;
  });
  while (!isDone) {
    running.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await all;
  before.close();
  now.close();
});
