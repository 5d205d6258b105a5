// What a crash left beside an object: the next update there clears it away once nobody can be writing it.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ObjectStore } from '../../../../src/storage/object-store.ts';
import { key, replaceBy, updateAndClose } from '../../../contract/store-under-test.ts';
import { storeOnDisk, systemError } from './store-on-disk.ts';

const index = key('team/app/index.json');

async function written(store: ObjectStore, text: string): Promise<void> {
  await updateAndClose(store, index, replaceBy(text));
}

test('drafts that a crash left are removed by the next update there, once they are an hour old', async () => {
  let now = Date.now();
  const { store, at } = await storeOnDisk({ now: () => now });
  await written(store, 'a');
  writeFileSync(at('team/app/.moorage-11111111'), 'half');
  now += 7_100_000;
  writeFileSync(at('team/app/.moorage-keep-directory'), '');
  await written(store, 'b');
  expect(readdirSync(at('team/app')).sort()).toEqual(['index.json']);
});

test('a leftover that cannot be removed does not stop an update (injected)', async () => {
  const { store, at, warnings } = await storeOnDisk({
    now: () => Date.now() + 7_200_000,
    unlink: async () => {
      throw systemError('EPERM');
    },
  });
  mkdirSync(at('team/app'), { recursive: true });
  writeFileSync(at('team/app/.moorage-33333333'), 'half');
  await written(store, 'a');
  expect(readFileSync(at(index), 'utf8')).toBe('a');
  expect(warnings).toContain('files left behind by a crash could not be removed');
});

test('drafts that may still be written are left alone', async () => {
  const { store, at } = await storeOnDisk();
  mkdirSync(at('team/app'), { recursive: true });
  writeFileSync(at('team/app/.moorage-22222222'), 'being written');
  await written(store, 'a');
  expect(readdirSync(at('team/app')).sort()).toEqual(['.moorage-22222222', 'index.json']);
});
