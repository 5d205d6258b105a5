// What lies below a directory, each blob once, whoever wrote it.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../../src/oci/digest.ts';
import { StoredBytes } from '../../../../src/registry/quota/stored-bytes.ts';
import { openFilesystemStore } from '../../../../src/storage/filesystem/filesystem-store.ts';
import type { Key } from '../../../../src/storage/object-store.ts';
import { silentLog } from '../../../support/silent-log.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

async function counted(prefix: string, isLayout = false) {
  const root = await temporaryDirectory();
  const store = await openFilesystemStore(root, { log: silentLog });
  const stored = new StoredBytes();
  const fileOf = (name: string, text: string) => join(root, name, 'blobs', ...digestOf(Buffer.from(text)).split(':'));
  const count = async () => {
    await stored.count([{ reader: store, prefix: prefix as Key, isLayout }]);
    return stored.bytes;
  };
  return {
    stored,
    count,
    put: async (name: string, text: string) => {
      await mkdir(dirname(fileOf(name, text)), { recursive: true });
      await writeFile(fileOf(name, text), text);
    },
    remove: (name: string, text: string) => rm(fileOf(name, text)),
    removeAll: (name: string) => rm(join(root, name), { recursive: true }),
  };
}

describe('stored bytes', () => {
  it('are those of all repositories below a name, with and without an index.json, each blob once', async () => {
    const { put, count } = await counted('team');
    for (const name of ['team', 'team/app', 'team/deep/er', 'teams', 'other']) await put(name, 'shared');
    await put('team/app', 'own');
    await put('other', 'another');
    expect(await count()).toBe('shared'.length + 'own'.length);
  });

  it('are followed: what others add and take away, with whole repositories', async () => {
    const { put, remove, removeAll, count, stored } = await counted('');
    await put('a', 'one');
    await put('b', 'one');
    await put('b', 'three');
    expect(await count()).toBe(8);
    await put('a', 'fourteen');
    expect(await count()).toBe(16);
    await remove('a', 'one');
    expect(await count()).toBe(16);
    await removeAll('b');
    expect(await count()).toBe(8);
    expect(stored.sizeOf(digestOf(Buffer.from('one')))).toBeUndefined();
    expect(stored.sizeOf(digestOf(Buffer.from('fourteen')))).toBe(8);
  });

  it('know at once what we add, and count it once when it is found', async () => {
    const { put, count, stored } = await counted('');
    await count();
    stored.add(digestOf(Buffer.from('new')), 3);
    expect([stored.bytes, stored.sizeOf(digestOf(Buffer.from('new')))]).toEqual([3, 3]);
    await put('a', 'new');
    expect(await count()).toBe(3);
    // It went again before anybody counted it.
    stored.add(digestOf(Buffer.from('gone')), 4);
    expect(stored.bytes).toBe(7);
    expect(await count()).toBe(3);
  });

  it('are those of one layout alone, where several repositories share it', async () => {
    const { put, count } = await counted('shelf', true);
    await put('shelf', 'one');
    await put('shelf/app', 'three');
    expect(await count()).toBe(3);
  });

  it('are not what is no blob', async () => {
    const { put, count } = await counted('');
    await put('a/.moorage', 'own');
    await put('.moorage', 'own');
    expect(await count()).toBe(0);
  });
});
