// Blobs of a repository: one copy on disk for all of a root, mounted without copying, repaired by a push, gone when deleted.
import { describe, expect, it } from 'vitest';
import { layoutKeys, poolKey } from '../../../src/layout/files/keys.ts';
import { parseRepositoryName } from '../../../src/oci/reference.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import { blobOf, imageIndex, imageManifest } from '../../support/content.ts';
import { interleaving } from '../../support/interleaving-store.ts';
import { bytesOfBlob, codeOf, pull, pushBlob, pushImage, pushManifest } from '../../support/pushes.ts';
import { onEveryDriver, registryOver } from '../../support/registry-under-test.ts';

const blob = blobOf('a layer');
const fileOf = (name: string, { digest } = blob) => layoutKeys(parseRepositoryName(name)).blob(digest);

describe.each(onEveryDriver)('blobs %s', (_, open) => {
  it('are in every repository that received them, and once in the store', async () => {
    const { repository, store } = await open();
    for (const name of ['a', 'b', 'b/c']) await pushBlob(repository(name), blob);
    for (const name of ['a', 'b', 'b/c']) {
      expect(await bytesOfBlob(repository(name), blob.digest)).toEqual(blob.bytes);
      expect((await store.stat(fileOf(name)))?.hardLinks).toBe(4);
    }
    expect((await store.stat(poolKey(blob.digest)))?.hardLinks).toBe(4);
  });

  it('are mounted by a link, from a repository or from anywhere', async () => {
    const { repository, store } = await open();
    await pushBlob(repository('a'), blob);
    expect(await repository('b').blobs.mount(blob.digest, parseRepositoryName('a'))).toBe(true);
    expect(await repository('c').blobs.mount(blob.digest, undefined)).toBe(true);
    for (const name of ['a', 'b', 'c']) expect((await store.stat(fileOf(name)))?.hardLinks).toBe(4);
  });

  it('that are nowhere, or not in the named repository, are not mounted', async () => {
    const { repository } = await open();
    await pushBlob(repository('a'), blob);
    const absent = blobOf('nowhere');
    expect(await repository('b').blobs.mount(absent.digest, undefined)).toBe(false);
    expect(await repository('b').blobs.mount(blob.digest, parseRepositoryName('c'))).toBe(false);
    expect(await codeOf(repository('b').blobs.stat(blob.digest))).toBe('BLOB_UNKNOWN');
  });

  it('are mounted when they are there already', async () => {
    const { repository } = await open();
    await pushBlob(repository('a'), blob);
    expect(await repository('a').blobs.mount(blob.digest, parseRepositoryName('elsewhere'))).toBe(true);
  });

  it('that are deleted are gone from that repository only, and from the store with the last one', async () => {
    const { repository, store } = await open();
    await pushBlob(repository('a'), blob);
    await pushBlob(repository('b'), blob);
    await repository('a').blobs.delete(blob.digest);
    expect(await codeOf(repository('a').blobs.stat(blob.digest))).toBe('BLOB_UNKNOWN');
    expect(await codeOf(repository('a').blobs.open(blob.digest))).toBe('BLOB_UNKNOWN');
    expect(await codeOf(repository('a').blobs.delete(blob.digest))).toBe('BLOB_UNKNOWN');
    expect(await bytesOfBlob(repository('b'), blob.digest)).toEqual(blob.bytes);
    await repository('b').blobs.delete(blob.digest);
    expect(await store.stat(poolKey(blob.digest))).toBeUndefined();
  });

  it('of no bytes are blobs like others', async () => {
    const { repository } = await open();
    const empty = blobOf('');
    await pushBlob(repository(), empty);
    expect(await repository().blobs.stat(empty.digest)).toEqual({ digest: empty.digest, size: 0 });
    expect(await bytesOfBlob(repository(), empty.digest)).toEqual(Buffer.alloc(0));
  });

  it('that are manifests are not deleted as blobs, listed or not', async () => {
    const { repository } = await open();
    const child = imageManifest();
    await pushImage(repository(), child);
    const index = imageIndex({ manifests: [child] });
    await pushManifest(repository(), 'v1', index);
    for (const { digest } of [child, index]) {
      const refusal = repository().blobs.delete(digest);
      await expect(refusal).rejects.toMatchObject({ code: 'UNSUPPORTED', status: 405 });
    }
    expect((await pull(repository(), 'v1')).digest).toBe(index.digest);
  });

  it('never share a file with a manifest, whichever was pushed first', async () => {
    const { repository, store } = await open();
    const manifest = imageManifest();
    await pushImage(repository('a'), manifest, 'v1');
    await pushBlob(repository('a'), manifest);
    expect(await repository('b').blobs.mount(manifest.digest, parseRepositoryName('a'))).toBe(false);
    expect((await store.stat(fileOf('a', manifest)))?.hardLinks).toBe(1);
    await pushBlob(repository('c'), manifest);
    await pushImage(repository('c'), manifest, 'v1');
    expect((await store.stat(fileOf('c', manifest)))?.hardLinks).toBe(1);
    expect((await pull(repository('c'), 'v1')).bytes).toEqual(manifest.bytes);
  });

  it('that another program damaged are repaired by the next push', async () => {
    const { repository, store } = await open();
    await pushBlob(repository(), blob);
    for (const damaged of ['', 'another layer', 'a lay']) {
      await store.write(fileOf('team/app'), Buffer.from(damaged));
      await pushBlob(repository(), blob);
      expect(await bytesOfBlob(repository(), blob.digest)).toEqual(blob.bytes);
    }
  });

  it('are repaired in the pool as well, where another process may have put anything', async () => {
    const first = await open();
    await pushBlob(first.repository('a'), blob);
    await first.store.write(poolKey(blob.digest), Buffer.from('A LAYER'));
    const { repository } = await first.another();
    await pushBlob(repository('b'), blob);
    expect(await bytesOfBlob(repository('b'), blob.digest)).toEqual(blob.bytes);
    expect(await repository('c').blobs.mount(blob.digest, undefined)).toBe(true);
    expect(await bytesOfBlob(repository('c'), blob.digest)).toEqual(blob.bytes);
  });
});

describe('a push', () => {
  it.each(['discard', 'link', 'stage', 'commit'] as const)(
    'is not lost when the last other repository deletes the blob right before %s',
    async (call) => {
      const { store, rightBefore } = interleaving(new MemoryStore());
      const { repository } = registryOver(store);
      await pushBlob(repository('a'), blob);
      rightBefore(call, () => repository('a').blobs.delete(blob.digest));
      await pushBlob(repository('b'), blob);
      expect(await bytesOfBlob(repository('b'), blob.digest)).toEqual(blob.bytes);
    },
  );

  it('is not lost when the blob is deleted elsewhere right after it came into the store', async () => {
    const { store, rightAfter } = interleaving(new MemoryStore());
    const { repository } = registryOver(store);
    rightAfter('commit', () =>
      repository('a')
        .blobs.delete(blob.digest)
        .catch(() => {}),
    );
    await pushBlob(repository('b'), blob);
    expect(await bytesOfBlob(repository('b'), blob.digest)).toEqual(blob.bytes);
  });
});
