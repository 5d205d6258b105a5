// A sync that failed is not believed the second time: the system answers OK although pages are lost. Failures are injected.
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newUploadId } from '../../../../src/oci/upload-id.ts';
import { type SystemCalls, systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import type { Replacement } from '../../../../src/storage/object-store.ts';
import { appendText, bytesOf, key, textAt, updateAndClose } from '../../../contract/store-under-test.ts';
import { newDirectory, storeOnDisk, systemError } from './store-on-disk.ts';

const unavailable = { failure: 'unavailable' };

/** The first sync of a file that ends so fails; `synced` are all that did not. */
function refusingOnce(root: string, end: string) {
  const synced: string[] = [];
  let isDue = true;
  const sync = async (descriptor: number) => {
    const path = systemCalls.descriptorPathSync(descriptor) ?? '';
    if (isDue && path.endsWith(end)) {
      isDue = false;
      throw systemError('EIO', 'fsync');
    }
    synced.push(path.slice(root.length + 1));
  };
  return { synced, calls: { fsync: sync, fdatasync: sync } satisfies Partial<SystemCalls> };
}

async function foreignFile(end = 'foreign') {
  const root = newDirectory();
  const refusing = refusingOnce(root, end);
  const under = await storeOnDisk(refusing.calls, {}, root);
  writeFileSync(join(root, 'foreign'), 'theirs');
  return { ...under, ...refusing };
}

test('a file of another program counts as absent from then on, until it is written again', async () => {
  const { store, synced } = await foreignFile();
  await expect(store.makeDurable(key('foreign'))).rejects.toMatchObject(unavailable);
  expect(await store.makeDurable(key('foreign'))).toBeUndefined();
  expect(await store.link(key('foreign'), key('linked'))).toBe(false);
  expect(synced).not.toContain('foreign');
  // What it seems to hold can be read all the same.
  expect(await textAt(store, key('foreign'))).toBe('theirs');
  await store.write(key('foreign'), bytesOf('ours'));
  expect(await store.makeDurable(key('foreign'))).toMatchObject({ size: 4 });
  expect(await store.link(key('foreign'), key('linked'))).toBe(true);
});

test('what must be there before a replacement is written anew', async () => {
  const { store, at } = await foreignFile();
  const replacement: Replacement = {
    ...{ bytes: bytesOf('{}'), first: [{ key: key('foreign'), bytes: bytesOf('theirs') }] },
    ...{ record: () => [], note: () => [], remove: [] },
  };
  const { ino } = statSync(at('foreign'));
  await expect(updateAndClose(store, key('index.json'), async () => replacement)).rejects.toMatchObject(unavailable);
  await updateAndClose(store, key('index.json'), async () => replacement);
  expect(statSync(at('foreign')).ino).not.toBe(ino);
  expect(await textAt(store, key('foreign'))).toBe('theirs');
});

test('an upload is not gone on with, also where it could not be removed', async () => {
  const root = newDirectory();
  const { calls } = refusingOnce(root, '/data');
  let isStuck = true;
  const unlink: SystemCalls['unlink'] = async (path) => {
    if (isStuck) throw systemError('EIO', 'unlink');
    await systemCalls.unlink(path);
  };
  const { store } = await storeOnDisk({ ...calls, unlink }, {}, root);
  const id = newUploadId();
  const staged = await store.stage(id, {});
  await expect(appendText(staged, 'hello')).rejects.toMatchObject(unavailable);
  isStuck = false;
  const resumed = await store.resume(id);
  await expect(resumed?.commit(key('team/app/blobs/sha256/aa'))).rejects.toMatchObject(unavailable);
  expect(await store.resume(id)).toBeUndefined();
  expect(await store.stat(key('team/app/blobs/sha256/aa'))).toBeUndefined();
});

test('a directory is synced again by the next write, wherever that is', async () => {
  const root = newDirectory();
  const { synced, calls } = refusingOnce(root, '/team');
  const { store } = await storeOnDisk(calls, {}, root);
  await store.write(key('other/a'), bytesOf('x'));
  await expect(store.write(key('team/a'), bytesOf('x'))).rejects.toMatchObject(unavailable);
  synced.length = 0;
  await store.write(key('other/b'), bytesOf('x'));
  expect(synced).toContain('team');
  synced.length = 0;
  await store.write(key('other/c'), bytesOf('x'));
  expect(synced).not.toContain('team');
});

test('what is gone already is gone durably when a delete says so', async () => {
  const root = newDirectory();
  const { synced, calls } = refusingOnce(root, '/team');
  const { store, at } = await storeOnDisk({}, {}, root);
  await store.write(key('team/a'), bytesOf('x'));
  const { store: other } = await storeOnDisk(calls, {}, root);
  rmSync(at('team/a'));
  await expect(other.delete(key('team/a'))).rejects.toMatchObject(unavailable);
  expect(await other.delete(key('team/a'))).toBe(false);
  expect(synced).toContain('team');
});

test('a delete that frees the space that it lacks says that something was there', async () => {
  const root = newDirectory();
  let isDue = true;
  const { store } = await storeOnDisk(
    {
      fsync: async (descriptor) => {
        if (!isDue || systemCalls.descriptorPathSync(descriptor)?.endsWith('/team') !== true) return;
        isDue = false;
        throw systemError('ENOSPC', 'fsync');
      },
    },
    { served: { ownFiles: 'at-open', minFree: 0 } },
    root,
  );
  isDue = false;
  await store.write(key('team/a'), bytesOf('x'));
  isDue = true;
  expect(await store.delete(key('team/a'))).toBe(true);
});
