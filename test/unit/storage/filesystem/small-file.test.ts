// Small objects on disk beside another process that replaces them.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import type { Key } from '../../../../src/storage/object-store.ts';
import { newDirectory, storeOnDisk } from './store-on-disk.ts';

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
