// What is read belongs to one version, and says when it must be read again.
import { appendFileSync, utimesSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import { bytesOf, key, textOf } from '../../../contract/store-under-test.ts';
import { storeOnDisk } from './store-on-disk.ts';

const index = key('index.json');

test('a file that changes while it is read is read again (injected)', async () => {
  let edits = 0;
  const { store, at } = await storeOnDisk({
    readSync: (descriptor, buffer, offset, length, position) => {
      const count = systemCalls.readSync(descriptor, buffer, offset, length, position);
      if (edits++ === 0) writeFileSync(at(index), 'second version');
      return count;
    },
  });
  writeFileSync(at(index), 'first');
  const object = await store.read(index, 100);
  expect(textOf(object?.bytes)).toBe('second version');
  expect(object?.info.version).toBe((await store.stat(index))?.version);
});

test('a file that shrinks while it is read is read again (injected)', async () => {
  let edits = 0;
  const { store, at } = await storeOnDisk({
    fstatSync: (descriptor) => {
      const stats = systemCalls.fstatSync(descriptor);
      if (stats.size === 200_000 && edits++ === 1) writeFileSync(at(index), 'short');
      return stats;
    },
  });
  writeFileSync(at(index), Buffer.alloc(200_000));
  expect(textOf((await store.read(index, 1_000_000))?.bytes)).toBe('short');
});

test('a read that ends early is repeated: what memory held is never taken for bytes of the file (injected)', async () => {
  let reads = 0;
  const { store, at } = await storeOnDisk({
    readSync: (descriptor, buffer, offset, length, position) => {
      reads += 1;
      return reads === 1 ? 0 : systemCalls.readSync(descriptor, buffer, offset, length, position);
    },
  });
  writeFileSync(at(index), 'all of it');
  expect(textOf((await store.read(index, 100))?.bytes)).toBe('all of it');
});

test('a file that changes at each read is `unavailable`, after a bounded number of reads (injected)', async () => {
  let reads = 0;
  const { store, at } = await storeOnDisk({
    readSync: (descriptor, buffer, offset, length, position) => {
      reads += 1;
      appendFileSync(at(index), 'x');
      return systemCalls.readSync(descriptor, buffer, offset, length, position);
    },
  });
  writeFileSync(at(index), 'first');
  await expect(store.read(index, 1_000)).rejects.toMatchObject({ failure: 'unavailable' });
  expect(reads).toBeLessThan(50);
});

test('a foreign version is settled 100 ms after its own time, one of ours at once (the clock is injected)', async () => {
  let now = Date.now();
  const { store, at } = await storeOnDisk({ now: () => now });
  writeFileSync(at(index), 'foreign');
  const writtenAt = now / 1_000;
  utimesSync(at(index), writtenAt, writtenAt + 0.000_25);
  expect((await store.stat(index))?.settled).toBe(false);
  expect((await store.read(index, 10))?.info.settled).toBe(false);
  now += 99;
  expect((await store.stat(index))?.settled).toBe(false);
  now += 2;
  expect((await store.stat(index))?.settled).toBe(true);
  await store.write(index, bytesOf('ours'));
  expect((await store.stat(index))?.settled).toBe(true);
  writeFileSync(at(index), 'THEM');
  utimesSync(at(index), now / 1_000, now / 1_000 + 0.000_25);
  expect((await store.stat(index))?.settled).toBe(false);
});

test('an edit of the same size in the tick of our own write changes the version: our mtime is random below the tick (injected)', async () => {
  const tick = Math.floor(Date.now());
  const { store, at } = await storeOnDisk({
    now: () => tick,
    lstatSync: (path) => {
      const stats = systemCalls.lstatSync(path);
      if (stats !== undefined) stats.ctimeMs = tick;
      return stats;
    },
    fstatSync: (descriptor) => Object.assign(systemCalls.fstatSync(descriptor), { ctimeMs: tick }),
  });
  const ours = await store.write(index, bytesOf('ours'));
  writeFileSync(at(index), 'them');
  utimesSync(at(index), tick / 1_000, tick / 1_000);
  expect((await store.stat(index))?.version).not.toBe(ours.version);
});

test('where the file system keeps whole seconds, a version of ours settles with its second (injected)', async () => {
  let now = Math.floor(Date.now() / 1_000) * 1_000;
  const wholeSeconds = <Stats extends { mtimeMs: number }>(stats: Stats): Stats =>
    Object.assign(stats, { mtimeMs: Math.floor(stats.mtimeMs / 1_000) * 1_000 });
  const { store } = await storeOnDisk({
    now: () => now,
    lstatSync: (path) => {
      const stats = systemCalls.lstatSync(path);
      return stats && wholeSeconds(stats);
    },
    fstatSync: (descriptor) => wholeSeconds(systemCalls.fstatSync(descriptor)),
  });
  await store.write(index, bytesOf('ours'));
  now += 1_500;
  expect((await store.stat(index))?.settled).toBe(false);
  now += 1_500;
  expect((await store.stat(index))?.settled).toBe(true);
});

test('on network and FUSE file systems a stat opens the file, so that the server is asked (the type is injected)', async () => {
  const opened: string[] = [];
  for (const type of [0x6969, 0x65735546, 0x01021997, -0x00acb2be, 0xef53]) {
    const { store, at } = await storeOnDisk({
      statfs: async (path) => ({ ...(await systemCalls.statfs(path)), type }),
      openSync: (path, flags, mode) => {
        opened.push(path);
        return systemCalls.openSync(path, flags, mode);
      },
    });
    writeFileSync(at(index), 'x');
    await store.stat(index);
    opened.length = 0;
    expect((await store.stat(index))?.size).toBe(1);
    expect(await store.stat(key('absent'))).toBeUndefined();
    expect(opened.length).toBe(type === 0xef53 ? 0 : 2);
  }
});
