// Putting aside what is damaged, and good bytes in its place, while others push the same blob or the process is killed.
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { putGoodBytes } from '../../../../src/layout/blobs/good-bytes.ts';
import { putAside } from '../../../../src/layout/blobs/quarantine.ts';
import { layoutKeys, quarantineKey, quarantineNoteKey } from '../../../../src/layout/files/keys.ts';
import { parseRepositoryName } from '../../../../src/oci/reference.ts';
import { openFilesystemStore } from '../../../../src/storage/filesystem/filesystem-store.ts';
import { MemoryStore } from '../../../../src/storage/memory/memory-store.ts';
import type { Key, ObjectStore } from '../../../../src/storage/object-store.ts';
import { StorageError } from '../../../../src/storage/storage-error.ts';
import { blobOf } from '../../../support/content.ts';
import { interleaving } from '../../../support/interleaving-store.ts';
import { silentLog } from '../../../support/silent-log.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const { digest, bytes } = blobOf('the bytes of a layer');
const rotten = blobOf('THE bytes of a layer');
const key = layoutKeys(parseRepositoryName('team/app')).blob(digest);

const drivers: readonly [string, () => Promise<ObjectStore>][] = [
  ['in memory', async () => new MemoryStore()],
  ['in a directory', async () => openFilesystemStore(await temporaryDirectory(), { log: silentLog })],
];

async function damaged(store: ObjectStore, name: Key = key) {
  const { label } = await store.write(name, rotten.bytes);
  return { digest, key: name, label, actual: rotten.digest };
}

const textAt = async (store: ObjectStore, name: Key) => {
  const object = await store.read(name, 1_000);
  return object && Buffer.from(object.bytes).toString();
};

describe.each(drivers)('%s', (_, open) => {
  it('a damaged file is put aside with a note, each under a name of its own', async () => {
    const store = await open();
    for (const count of [1, 2]) expect(await putAside(store, await damaged(store))).toBe(quarantineKey(digest, count));
    expect(await store.stat(key)).toBeUndefined();
    expect(await textAt(store, quarantineKey(digest, 2))).toBe(rotten.bytes.toString());
    expect(await textAt(store, quarantineNoteKey(digest, 2))).toContain(`"why":"its bytes are ${rotten.digest}"`);
  });

  it('a file that a push replaced since it was read stays', async () => {
    const store = await open();
    const file = await damaged(store);
    await store.write(key, bytes);
    expect(await putAside(store, file)).toBeUndefined();
    expect(await textAt(store, key)).toBe(bytes.toString());
    expect(await store.stat(quarantineNoteKey(digest, 1))).toBeUndefined();
  });

  it('a push that comes right before the rename gets its file back', async () => {
    const hooked = interleaving(await open());
    const file = await damaged(hooked.store);
    hooked.rightBefore('move', async () => {
      await hooked.store.write(key, bytes);
    });
    expect(await putAside(hooked.store, file)).toBeUndefined();
    expect(await textAt(hooked.store, key)).toBe(bytes.toString());
    for (const left of [quarantineKey(digest, 1), quarantineNoteKey(digest, 1)]) {
      expect(await hooked.store.stat(left)).toBeUndefined();
    }
  });

  it.each(['stage', 'append', 'commit'] as const)(
    'a disk that refuses to %s leaves what was there, and nothing else',
    async (call) => {
      const hooked = interleaving(await open());
      await damaged(hooked.store);
      hooked.rightBefore(call, () => {
        throw new StorageError('no-space', 'the disk is full');
      });
      const put = putGoodBytes(hooked.store, { digest, key }, Readable.from([bytes]));
      await expect(put).rejects.toThrow('the disk is full');
      expect(await textAt(hooked.store, key)).toBe(rotten.bytes.toString());
      expect(await hooked.store.staged()).toEqual([]);
    },
  );

  it('good bytes replace the bad ones, and others change nothing and leave nothing', async () => {
    const store = await open();
    await damaged(store);
    const pieces = async function* (of: Uint8Array) {
      yield of.subarray(0, 5);
      yield of.subarray(5);
    };
    expect(await putGoodBytes(store, { digest, key }, pieces(blobOf('others').bytes))).toBeUndefined();
    expect(await textAt(store, key)).toBe(rotten.bytes.toString());
    const failing = async function* () {
      yield bytes.subarray(0, 5);
      throw new Error('the source broke off');
    };
    await expect(putGoodBytes(store, { digest, key }, failing())).rejects.toThrow('the source broke off');
    expect(await store.staged()).toEqual([]);
    expect((await putGoodBytes(store, { digest, key }, pieces(bytes)))?.size).toBe(bytes.byteLength);
    expect(await textAt(store, key)).toBe(bytes.toString());
    expect(await store.staged()).toEqual([]);
  });
});
