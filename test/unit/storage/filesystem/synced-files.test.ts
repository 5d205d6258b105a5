// What was made durable once is not synced again on its way from an upload into a layout, and whatever may have changed since is.
import { appendFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newUploadId } from '../../../../src/oci/upload-id.ts';
import { systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import { appendText, key } from '../../../contract/store-under-test.ts';
import { newDirectory, storeOnDisk } from './store-on-disk.ts';

const pooled = key('.moorage/pool/sha256/aa');
const served = key('team/app/blobs/sha256/aa');

/** `synced`: the numbers of the files of which the bytes were synced, directories excepted. */
async function countingStore() {
  const root = newDirectory();
  const synced: number[] = [];
  const counted = (how: 'fsync' | 'fdatasync') => async (descriptor: number) => {
    const stats = systemCalls.fstatSync(descriptor);
    if (stats.isFile()) synced.push(stats.ino);
    await systemCalls[how](descriptor);
  };
  const { store, at } = await storeOnDisk({ fsync: counted('fsync'), fdatasync: counted('fdatasync') }, {}, root);
  return { store, at, root, synced };
}

async function uploaded(text = 'hello') {
  const under = await countingStore();
  const id = newUploadId();
  await appendText(await under.store.stage(id, {}), text);
  const { ino } = statSync(join(under.root, `.moorage/uploads/${id}/data`));
  const syncs = () => under.synced.filter((each) => each === ino).length;
  return { ...under, id, syncs };
}

test('a chunk, the commit by another request and the link sync once', async () => {
  const { store, id, syncs } = await uploaded();
  await (await store.resume(id))?.commit(pooled);
  expect(await store.link(pooled, served)).toBe(true);
  expect(syncs()).toBe(1);
});

test('a second chunk is synced', async () => {
  const { store, id, syncs } = await uploaded();
  const resumed = await store.resume(id);
  if (resumed !== undefined) await appendText(resumed, ' world');
  expect(syncs()).toBe(2);
  await (await store.resume(id))?.commit(pooled);
  expect(syncs()).toBe(2);
});

test('so is one that was cut, however it grew again', async () => {
  const { store, id, syncs } = await uploaded();
  const resumed = await store.resume(id);
  await resumed?.truncate(4);
  const cut = syncs();
  if (resumed !== undefined) await appendText(resumed, 'O');
  expect(syncs()).toBe(cut + 1);
});

test('bytes that another process added are synced by the commit', async () => {
  const { store, id, root, syncs } = await uploaded();
  appendFileSync(join(root, `.moorage/uploads/${id}/data`), '!');
  await (await store.resume(id))?.commit(pooled);
  expect(syncs()).toBe(2);
});

test('so is what was written over in place before it is linked', async () => {
  const { store, id, at, syncs } = await uploaded();
  await (await store.resume(id))?.commit(pooled);
  writeFileSync(at(pooled), 'HELLO', { flag: 'r+' });
  utimesSync(at(pooled), 1_000, 1_000);
  expect(await store.link(pooled, served)).toBe(true);
  expect(syncs()).toBe(2);
});

test('a file of another program is synced by every link', async () => {
  const { store, at, synced } = await countingStore();
  writeFileSync(at(key('foreign')), 'theirs');
  await store.link(key('foreign'), key('one'));
  await store.link(key('foreign'), key('two'));
  expect(synced).toEqual([statSync(at(key('foreign'))).ino, statSync(at(key('foreign'))).ino]);
});
