// Small objects on disk beside another process that replaces them.
import { closeSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import type { Key } from '../../../../src/storage/object-store.ts';
import { newDirectory, storeOnDisk, systemError } from './store-on-disk.ts';

it('what is appended to a file that is replaced at that moment is in the new one as well', async () => {
  const root = newDirectory();
  let isDue = true;
  const writeSync: typeof systemCalls.writeSync = (descriptor, bytes, offset) => {
    if (isDue && Buffer.from(bytes).toString() === 'late\n') {
      isDue = false;
      writeFileSync(join(root, 'draft'), 'tidied\n');
      renameSync(join(root, 'draft'), join(root, 'lines'));
    }
    return systemCalls.writeSync(descriptor, bytes, offset);
  };
  const { store } = await storeOnDisk({ writeSync }, {}, root);
  const key = 'lines' as Key;
  await store.append(key, Buffer.from('early\n'));
  await store.append(key, Buffer.from('late\n'));
  expect(readFileSync(join(root, 'lines'), 'utf8')).toBe('tidied\nlate\n');
});

it('a file system that shows another inode each time takes appends all the same', async () => {
  let inode = 1;
  const lstatSync: typeof systemCalls.lstatSync = (path) => {
    const stats = systemCalls.lstatSync(path);
    if (stats?.isFile() === true) stats.ino = inode++;
    return stats;
  };
  const { store, root } = await storeOnDisk({ lstatSync });
  await store.append('lines' as Key, Buffer.from('line\n'));
  expect(readFileSync(join(root, 'lines'), 'utf8')).toMatch(/^(line\n)+$/);
});

it('what there was no space for is cut off again, and no file that was opened meanwhile (injected)', async () => {
  let left = Number.POSITIVE_INFINITY;
  const writeSync: typeof systemCalls.writeSync = (descriptor, bytes, offset) => {
    if (left === 0) throw systemError('ENOSPC', 'write');
    const written = systemCalls.writeSync(descriptor, bytes.subarray(0, left), offset);
    left -= written;
    return written;
  };
  // The threads are busy.
  const ftruncate: typeof systemCalls.ftruncate = async (descriptor, size) => {
    await sleep(20);
    return systemCalls.ftruncate(descriptor, size);
  };
  const { store, root } = await storeOnDisk({ writeSync, ftruncate });
  const key = 'lines' as Key;
  await store.append(key, Buffer.from('whole\n'));
  left = 2;
  const appended = ['one\n', 'two\n'].map((line) => store.append(key, Buffer.from(line)));
  const settled = Promise.allSettled(appended);
  await new Promise(setImmediate);
  // A file gets the number of the one that was closed last.
  const other = openSync(join(root, 'other'), 'w+');
  writeFileSync(other, 'somebody else wrote this');
  const results = await settled;
  closeSync(other);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(readFileSync(join(root, 'other'), 'utf8')).toBe('somebody else wrote this');
  expect(readFileSync(join(root, 'lines'), 'utf8')).toBe('whole\n');
});
