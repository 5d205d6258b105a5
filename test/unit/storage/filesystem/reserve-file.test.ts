// Space that is set aside for deletes: laid where there is room, given back when a full disk refuses a delete, laid again.

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { Directories } from '../../../../src/storage/filesystem/directories.ts';
import { DurableFiles } from '../../../../src/storage/filesystem/durable-file.ts';
import { FileTree } from '../../../../src/storage/filesystem/file-tree.ts';
import { FreeSpace } from '../../../../src/storage/filesystem/free-space.ts';
import { OpenAppends } from '../../../../src/storage/filesystem/open-appends.ts';
import { ReserveFile } from '../../../../src/storage/filesystem/reserve-file.ts';
import { RootIdentity } from '../../../../src/storage/filesystem/root-identity.ts';
import { type SystemCalls, systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import { bytesOf, key, replaceBy, textAt, updateAndClose } from '../../../contract/store-under-test.ts';
import { silentLog } from '../../../support/silent-log.ts';
import { newDirectory, storeOnDisk, systemError, withPaths } from './store-on-disk.ts';

const MiB = 1024 * 1024;
const index = key('team/index.json');
const urgent = { mayUseReserve: true };

/** A disk on which nothing can be written while the reserve is there and `isFull`. */
function smallDisk(root: string, { total = 400 * MiB, free = 100 * MiB } = {}) {
  const disk = { free, isFull: false };
  const reserve = `${root}/.moorage/reserve`;
  const calls: Partial<SystemCalls> = {
    statfs: async () => ({ type: 0, bsize: 4096, blocks: total / 4096, bavail: disk.free / 4096 }),
    writeSync: (descriptor, bytes, offset) => {
      if (disk.isFull && existsSync(reserve)) throw systemError('ENOSPC');
      return systemCalls.writeSync(descriptor, bytes, offset);
    },
  };
  return { disk, reserve, calls };
}

async function servedOn(
  root: string,
  calls: Partial<SystemCalls>,
  ownFiles: 'at-open' | 'with-first-write' = 'at-open',
) {
  return storeOnDisk(calls, { served: { ownFiles, minFree: 0 } }, root);
}

/** Without the store that keeps it. */
async function reserveOn(root: string, calls: Partial<SystemCalls> = {}) {
  const tree = new FileTree(root, {
    calls: { ...systemCalls, ...withPaths(calls) },
    log: silentLog,
    fileMode: 0o644,
    directoryMode: 0o755,
  });
  const directories = new Directories(tree);
  const parts = { tree, directories, files: new DurableFiles(tree, directories), appends: new OpenAppends(tree) };
  const identity = await RootIdentity.open(parts, statSync(root), {
    laysId: true,
    onMoved: () => {},
    onAway: () => {},
  });
  return { identity, file: new ReserveFile(parts, identity, new FreeSpace(tree, 0)) };
}

test.each([
  { total: 400 * MiB, size: 4 * MiB },
  { total: 100_000 * MiB, size: 8 * MiB },
])('of $total bytes, $size are set aside, for all servers of a root once', async ({ total, size }) => {
  const root = newDirectory();
  const { calls, reserve } = smallDisk(root, { total });
  await Promise.all([servedOn(root, calls), servedOn(root, calls)]);
  await vi.waitFor(() => expect(readdirSync(`${root}/.moorage/staging`)).toEqual([]), { timeout: 60_000 });
  await vi.waitFor(() => expect(statSync(reserve).size).toBe(size), { timeout: 60_000 });
  expect(statSync(reserve).blocks * 512).toBeGreaterThanOrEqual(size);
});

test('nothing is set aside where there is no room for it, in a directory before its first push, or that is only worked in', async () => {
  const root = newDirectory();
  const { calls, disk, reserve } = smallDisk(root, { free: 7 * MiB });
  const { store } = await servedOn(root, calls);
  await store.close();
  expect(existsSync(reserve)).toBe(false);
  disk.free = 100 * MiB;
  rmSync(`${root}/.moorage`, { recursive: true });
  const shared = await servedOn(root, calls, 'with-first-write');
  expect(readdirSync(root)).toEqual([]);
  await shared.store.write(index, bytesOf('x'));
  await vi.waitFor(() => expect(existsSync(reserve)).toBe(true), { timeout: 60_000 });
  const work = await storeOnDisk();
  await work.store.write(index, bytesOf('x'));
  await work.store.close();
  expect(readdirSync(work.at('.moorage'))).toEqual(['staging']);
});

test('a full disk: deletes and repairs get the space, pushes do not', async () => {
  const root = newDirectory();
  const { calls, disk, reserve } = smallDisk(root);
  const { store, warnings } = await servedOn(root, calls);
  await updateAndClose(store, index, replaceBy('before'));
  await vi.waitFor(() => expect(existsSync(reserve)).toBe(true), { timeout: 60_000 });
  disk.isFull = true;
  await expect(store.update(index, replaceBy('pushed'))).rejects.toMatchObject({ failure: 'no-space' });
  expect(existsSync(reserve)).toBe(true);
  await (await store.update(index, replaceBy('deleted'), urgent)).previous?.close();
  expect(await textAt(store, index)).toBe('deleted');
  expect(existsSync(reserve)).toBe(false);
  expect(warnings).toContain('the disk is full: the space that was set aside for deletes is used');
});

test('deletes that find the disk full at the same time all get the space', async () => {
  const root = newDirectory();
  const { calls, disk, reserve } = smallDisk(root);
  const { store } = await servedOn(root, calls);
  const indexes = ['one', 'two', 'three'].map((name) => key(`${name}/index.json`));
  for (const each of indexes) await updateAndClose(store, each, replaceBy('before'));
  await vi.waitFor(() => expect(existsSync(reserve)).toBe(true), { timeout: 60_000 });
  disk.isFull = true;
  await Promise.all(
    indexes.map(async (each) => (await store.update(each, replaceBy('deleted'), urgent)).previous?.close()),
  );
  for (const each of indexes) expect(await textAt(store, each)).toBe('deleted');
});

test('an object is deleted with it, too (injected)', async () => {
  const root = newDirectory();
  const { calls, reserve } = smallDisk(root);
  let isFull = false;
  const unlink: SystemCalls['unlink'] = async (path) => {
    if (isFull && path.endsWith('/a') && existsSync(reserve)) throw systemError('ENOSPC');
    return systemCalls.unlink(path);
  };
  const { store, at } = await servedOn(root, { ...calls, unlink });
  await vi.waitFor(() => expect(existsSync(reserve)).toBe(true), { timeout: 60_000 });
  writeFileSync(at('a'), 'x');
  isFull = true;
  expect(await store.delete(key('a'))).toBe(true);
  expect(existsSync(reserve)).toBe(false);
});

test('without it a full disk stays full', async () => {
  const root = newDirectory();
  const { calls, disk } = smallDisk(root, { free: 0 });
  const { store } = await servedOn(root, {
    ...calls,
    writeSync: (descriptor, bytes, offset) => {
      if (disk.isFull) throw systemError('ENOSPC');
      return systemCalls.writeSync(descriptor, bytes, offset);
    },
  });
  disk.isFull = true;
  await expect(store.update(index, replaceBy('x'), urgent)).rejects.toMatchObject({ failure: 'no-space' });
});

test('it is laid again once there is twice as much room', async () => {
  const root = newDirectory();
  const { calls, disk, reserve } = smallDisk(root);
  const { store } = await servedOn(root, calls);
  await vi.waitFor(() => expect(existsSync(reserve)).toBe(true), { timeout: 60_000 });
  await store.close();
  rmSync(reserve);
  const { file } = await reserveOn(root, calls);
  disk.free = 4 * MiB;
  await file.lay();
  expect(existsSync(reserve)).toBe(false);
  disk.free = 8 * MiB;
  await file.lay();
  expect(statSync(reserve).size).toBe(4 * MiB);
  file.release();
  expect(existsSync(reserve)).toBe(false);
  file.release();
});

test('a draft that a crash left is used for the next one, one that is being written is left alone', async () => {
  const root = newDirectory();
  const { calls, reserve } = smallDisk(root);
  const draft = `${root}/.moorage/staging/reserve`;
  mkdirSync(`${root}/.moorage/staging`, { recursive: true });
  writeFileSync(draft, 'half');
  const { store, warnings } = await servedOn(root, calls);
  await store.close();
  expect([existsSync(reserve), existsSync(draft)]).toEqual([false, true]);
  const later = await servedOn(root, { ...calls, now: () => Date.now() + 120_000 });
  await vi.waitFor(() => expect(existsSync(reserve)).toBe(true), { timeout: 60_000 });
  expect(existsSync(draft)).toBe(false);
  expect([...warnings, ...later.warnings]).toEqual([]);
});

test('a root in whose place another one is mounted gets none there, and nobody is told again and again', async () => {
  const above = newDirectory();
  const root = `${above}/root`;
  mkdirSync(root);
  const { identity, file } = await reserveOn(root);
  await identity.assertWritable();
  renameSync(root, `${above}/volume`);
  mkdirSync(root);
  await file.lay();
  expect(readdirSync(root)).toEqual([]);
});
