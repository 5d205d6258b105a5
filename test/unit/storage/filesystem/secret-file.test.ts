// The key of upload ids: one for all processes of a root, also where what is there is damaged.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import type { Key } from '../../../../src/storage/object-store.ts';
import { newDirectory, storeOnDisk } from './store-on-disk.ts';

const secretKey = '.moorage/upload-key' as Key;
const textOf = (secret: Uint8Array | undefined) => Buffer.from(secret ?? []).toString('hex');

test.each([
  ['is made', undefined],
  ['replaces one that is cut short', Buffer.from('short')],
  ['replaces one that holds anything', Buffer.alloc(64, 7)],
])('%s by several processes at once, and is one', async (_, damaged) => {
  for (let round = 0; round < 10; round += 1) {
    const root = newDirectory();
    const stores = await Promise.all([1, 2, 3].map(async () => (await storeOnDisk({}, {}, root)).store));
    mkdirSync(`${root}/.moorage`, { recursive: true });
    if (damaged !== undefined) writeFileSync(`${root}/${secretKey}`, damaged);
    const secrets = await Promise.all(stores.map((store) => store.secret(secretKey, 'make')));
    const [first = ''] = secrets.map(textOf);
    expect(first).toHaveLength(64);
    expect(secrets.map(textOf)).toEqual([first, first, first]);
    expect(textOf(readFileSync(`${root}/${secretKey}`).subarray(0, 32))).toBe(first);
    expect(readdirSync(`${root}/.moorage`).filter((name) => name !== 'staging')).toEqual(['upload-key']);
  }
});

test('replaces a damaged one under a lock: another process may be about to do so as well', async () => {
  const locked: boolean[] = [];
  const { store, root, at } = await storeOnDisk({
    renameSync: (from, to) => {
      if (to.endsWith('upload-key')) locked.push(existsSync(at('.moorage/.moorage.lock')));
      systemCalls.renameSync(from, to);
    },
  });
  mkdirSync(`${root}/.moorage`);
  writeFileSync(at(secretKey), 'short');
  expect(await store.secret(secretKey, 'make')).toHaveLength(32);
  expect(locked).toEqual([true]);
});

test('is only looked for where nobody gave out an id: none is made, and one that is damaged stays', async () => {
  const { store, root } = await storeOnDisk();
  expect(await store.secret(secretKey, 'find')).toBeUndefined();
  expect(readdirSync(root)).toEqual([]);
  mkdirSync(`${root}/.moorage`);
  writeFileSync(`${root}/${secretKey}`, 'short');
  expect(await store.secret(secretKey, 'find')).toBeUndefined();
  expect(readFileSync(`${root}/${secretKey}`, 'utf8')).toBe('short');
  const made = await store.secret(secretKey, 'make');
  expect(textOf(await store.secret(secretKey, 'find'))).toBe(textOf(made));
});
