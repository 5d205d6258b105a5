// What is kept free of new content: the usual amount, or the one that was given; counted between two looks at the file system.
import { expect, test } from 'vitest';
import { newUploadId } from '../../../../src/oci/upload-id.ts';
import { FreeSpace } from '../../../../src/storage/filesystem/free-space.ts';
import { systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import { appendText, bytesOf, key } from '../../../contract/store-under-test.ts';
import { storeOnDisk, treeOnDisk } from './store-on-disk.ts';

const MiB = 1024 * 1024;
const refused = { name: 'StorageError', failure: 'no-space' };

function spaceOf(total: number, free: number, minFree?: number) {
  const disk = { free, looks: 0, now: 1_000_000 };
  const { tree } = treeOnDisk({
    elapsed: () => disk.now,
    statfs: async () => {
      disk.looks += 1;
      return { type: 0, bsize: 4096, blocks: total / 4096, bavail: disk.free / 4096 };
    },
  });
  return { disk, space: new FreeSpace(tree, minFree) };
}

test.each([
  { total: 100_000 * MiB, kept: 64 * MiB },
  { total: 100 * MiB, kept: 2 * MiB },
])('of $total bytes, $kept are kept free', async ({ total, kept }) => {
  const { space } = spaceOf(total, kept + MiB);
  await space.assertRoom(MiB);
  await expect(space.assertRoom(MiB + 1)).rejects.toMatchObject(refused);
});

test('a given size is kept as it is, and 0 keeps nothing', async () => {
  const given = spaceOf(100 * MiB, 50 * MiB, 50 * MiB);
  await given.space.assertRoom(0);
  await expect(given.space.assertRoom(1)).rejects.toMatchObject(refused);
  const none = spaceOf(100 * MiB, 0, 0);
  await none.space.assertRoom(MiB);
  expect(none.disk.looks).toBe(0);
});

test('a burst is counted without asking the system each time', async () => {
  const { space, disk } = spaceOf(1000 * MiB, 30 * MiB);
  for (let written = 0; written < 10; written += 1) {
    await space.assertRoom(MiB);
    space.wrote(MiB);
  }
  expect(disk.looks).toBe(1);
  disk.free = 20 * MiB;
  await expect(space.assertRoom(MiB)).rejects.toMatchObject(refused);
});

test('before it refuses, and after a second, it looks again', async () => {
  const { space, disk } = spaceOf(1000 * MiB, 20 * MiB);
  await expect(space.assertRoom(MiB)).rejects.toMatchObject(refused);
  disk.free = 40 * MiB;
  await space.assertRoom(MiB);
  disk.free = 0;
  disk.now += 1_000;
  await expect(space.assertRoom(MiB)).rejects.toMatchObject(refused);
});

test('a file system that does not tell its size is never short', async () => {
  const { space } = spaceOf(0, 0);
  await space.assertRoom(100 * MiB);
  expect(await space.isShort()).toBe(false);
});

test('a store refuses new content, says why it is not ready, and takes what is no new content (injected)', async () => {
  let bavail = 0;
  const { store } = await storeOnDisk(
    { statfs: async (path) => ({ ...(await systemCalls.statfs(path)), bavail }) },
    { served: { ownFiles: 'at-open', minFree: undefined } },
  );
  await expect(store.assertRoom(0)).rejects.toMatchObject(refused);
  expect(await store.problem()).toBe('the disk of the storage directory is full');
  const staged = await store.stage(newUploadId(), {});
  await expect(appendText(staged, 'x')).rejects.toMatchObject(refused);
  await store.write(key('team/restored'), bytesOf('x'));
  bavail = 1_000_000;
  expect(await store.problem()).toBeUndefined();
  expect(await appendText(staged, 'x')).toBe(1);
});
