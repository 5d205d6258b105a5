// Opening a root: what is made, and what is refused in words that an operator can act on. Permissions are injected, since
// tests may run as a user whom nothing is forbidden.
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import { key, replaceBy, textAt } from '../../../contract/store-under-test.ts';
import { failing, newDirectory, readerOnDisk, storeOnDisk, tracing } from './store-on-disk.ts';

test('a missing root is made with its parents, durably, and nothing in it', async () => {
  const above = newDirectory();
  const { calls, events } = tracing(above);
  const { root } = await storeOnDisk(calls, {}, `${above}/a/b/registry`);
  expect(readdirSync(root)).toEqual([]);
  expect(events).toEqual(['fsync a/b']);
});

test('opening and reading an existing root writes nothing', async () => {
  const root = newDirectory();
  writeFileSync(`${root}/index.json`, '{}');
  const { store } = await storeOnDisk({}, {}, root);
  await store.read(key('index.json'), 10);
  await store.staged();
  await store.list(key(''));
  expect(readdirSync(root)).toEqual(['index.json']);
});

test.each(['EACCES', 'EPERM', 'EROFS'])('a root that cannot be written (%s) is refused by name', async (code) => {
  const root = newDirectory();
  const opening = storeOnDisk({ accessSync: failing(systemCalls.accessSync, code) }, {}, root);
  await expect(opening).rejects.toMatchObject({
    name: 'StorageError',
    failure: 'read-only',
    message: `cannot write to the storage directory ${root} (${code})`,
  });
});

test('a root that cannot be made is refused by name', async () => {
  const root = `${newDirectory()}/registry`;
  const makeTree = async (): Promise<void> => {
    throw Object.assign(new Error('EROFS'), { code: 'EROFS', syscall: 'mkdir' });
  };
  await expect(storeOnDisk({ makeTree }, {}, root)).rejects.toMatchObject({
    failure: 'read-only',
    message: `cannot write to the storage directory ${root} (EROFS)`,
  });
});

test('a file, or something below a file, is no root', async () => {
  const directory = newDirectory();
  writeFileSync(`${directory}/file`, '');
  symlinkSync('nowhere', `${directory}/dangling`);
  for (const root of [`${directory}/file`, `${directory}/file/below`]) {
    const opening = storeOnDisk({}, {}, root);
    await expect(opening).rejects.toMatchObject({ failure: 'unsafe' });
    await expect(opening).rejects.toThrow(`the storage directory ${root} is not a directory`);
  }
  await expect(storeOnDisk({}, {}, `${directory}/dangling`)).rejects.toThrow('does not exist');
});

test('read-only: a missing root is not made', async () => {
  const root = `${newDirectory()}/registry`;
  await expect(readerOnDisk({}, root)).rejects.toMatchObject({ failure: 'unavailable' });
  expect(existsSync(root)).toBe(false);
});

test('read-only: everything is read and nothing written, leftovers included', async () => {
  const root = newDirectory();
  mkdirSync(`${root}/.moorage/staging`, { recursive: true });
  writeFileSync(`${root}/.moorage/staging/old`, '');
  writeFileSync(`${root}/index.json`, '{}');
  const reader = await readerOnDisk({ now: () => Date.now() + 86_400_000 }, root);
  expect(await textAt(reader, key('index.json'))).toBe('{}');
  expect(await reader.problem()).toBeUndefined();
  expect(readdirSync(root).sort()).toEqual(['.moorage', 'index.json']);
  expect(readdirSync(`${root}/.moorage/staging`)).toEqual(['old']);
});

test('closing waits for updates that are under way', async () => {
  const { store } = await storeOnDisk();
  let ended = false;
  const update = store.update(key('team/index.json'), replaceBy('x')).then(() => {
    ended = true;
  });
  await store.close();
  expect(await textAt(store, key('team/index.json'))).toBe('x');
  await update;
  expect(ended).toBe(true);
});
