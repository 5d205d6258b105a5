// Directories: durable with all their parents, made again when somebody removes them, and synced together.

import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
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
