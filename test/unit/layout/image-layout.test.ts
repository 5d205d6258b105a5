// A layout with many manifests: what is worked out once, and what others do meanwhile.
import { describe, expect, it, vi } from 'vitest';
import { layoutKeys } from '../../../src/layout/files/keys.ts';
import { digestOf, parseDigest } from '../../../src/oci/digest.ts';
import { parseReference, parseRepositoryName } from '../../../src/oci/reference.ts';
import type { WritableRepository } from '../../../src/registry/repository.ts';
import { StorageError } from '../../../src/storage/storage-error.ts';
import { blobOf, imageIndex, imageManifest, referrerOf } from '../../support/content.ts';
import { interleaving } from '../../support/interleaving-store.ts';
import { codeOf, pull, pushBlob, pushManifest, referrersIn, tagsOf } from '../../support/pushes.ts';
import { memoryRegistry, registryOver } from '../../support/registry-under-test.ts';

const keys = layoutKeys(parseRepositoryName('a'));
const subject = digestOf(Buffer.from('subject'));
const image = imageManifest({ layers: 0 });

/** A layout as another tool leaves it: plain entries, nothing known about any of them. */
async function layoutOf(contents: readonly ReturnType<typeof imageIndex>[]) {
  const { store } = await memoryRegistry();
  for (const { digest, bytes } of contents) await store.write(keys.blob(digest), bytes);
  const manifests = contents.map(({ descriptor }) => descriptor);
  await store.write(keys.index, Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })));
  const hooked = interleaving(store);
  return { ...hooked, ...registryOver(hooked.store) };
}

/** How many turns others got while `work` was done. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const count = () => {
    if (isOver) return;
    turns += 1;
    setImmediate(count);
  };
  setImmediate(count);
  await work;
  isOver = true;
  return turns;
}

describe('a layout of a thousand manifests', () => {
  const referrers = Array.from({ length: 1_000 }, (_, at) => referrerOf(subject, 'a/b', { at: `${at}` }));
  const indexes = Array.from({ length: 1_000 }, (_, at) => imageIndex({ annotations: { at: `${at}` } }));

  it('lets others take their turn while it is read, and is read once', async () => {
    const { repository, count } = await layoutOf(referrers);
    const listed = referrersIn(repository('a'), subject);
    expect(await turnsDuring(listed)).toBeGreaterThan(1);
    expect(await listed).toHaveLength(1_000);
    const reads = count('read');
    await referrersIn(repository('a'), subject);
    await referrersIn(repository('a'), digestOf(Buffer.from('another')));
    expect(count('read')).toBe(reads);
  });

  it('is not read again for what a push or another tool adds', async () => {
    const { repository, store, count } = await layoutOf(referrers);
    await referrersIn(repository('a'), subject);
    const reads = count('read');
    const more = referrerOf(subject, 'a/b', { more: 'ours' });
    await pushManifest(repository('a'), more.digest, more);
    expect(await referrersIn(repository('a'), subject)).toHaveLength(1_001);
    const theirs = Buffer.from((await store.read(keys.index, 1e9))?.bytes ?? []).toString();
    await store.write(keys.index, Buffer.from(JSON.stringify(JSON.parse(theirs), null, 2)));
    expect(await referrersIn(repository('a'), subject)).toHaveLength(1_001);
    expect(count('read') - reads).toBeLessThan(10);
  });

  it('lets others take their turn while it looks for a child', async () => {
    const { repository } = await layoutOf(indexes);
    const blob = blobOf('no child of any');
    await pushBlob(repository('a'), blob);
    expect(await turnsDuring(codeOf(pull(repository('a'), blob.digest)))).toBeGreaterThan(1);
  });
});

describe('what is known of a manifest', () => {
  it('is small when it refers to nothing, and all that a response says when it does', async () => {
    const large = 'x'.repeat(100_000);
    const image = imageManifest({ annotations: { large } });
    const note = referrerOf(subject, 'a/b', { large });
    const { repository } = await layoutOf([image, note]);
    expect(await tagsOf(repository('a'))).toEqual([]);
    const { manifests } = await repository('a').referrers.list(subject, { artifactTypes: [] });
    expect(manifests).toEqual([{ ...note.descriptor, artifactType: 'a/b', annotations: { large } }]);
    expect((await pull(repository('a'), parseDigest(image.digest))).bytes).toEqual(image.bytes);
  });
});

describe('a push that there is no space to list', () => {
  const full = () => Promise.reject(new StorageError('no-space', 'full'));

  async function almostFull() {
    const hooked = interleaving((await memoryRegistry()).store);
    return { ...hooked, ...registryOver(hooked.store) };
  }

  it('leaves no manifest behind, and can be repeated', async () => {
    const { repository, store, rightBefore } = await almostFull();
    rightBefore('update', full);
    await expect(pushManifest(repository('a'), 'v1', image)).rejects.toMatchObject({ failure: 'no-space' });
    expect(await store.stat(keys.blob(image.digest))).toBeUndefined();
    await pushManifest(repository('a'), 'v1', image);
    expect((await pull(repository('a'), 'v1')).digest).toBe(image.digest);
  });

  it('leaves a manifest that was there, or that another push has listed meanwhile', async () => {
    const { repository, rightBefore } = await almostFull();
    await pushManifest(repository('a'), 'v1', image);
    rightBefore('update', full);
    await expect(pushManifest(repository('a'), 'v2', image)).rejects.toMatchObject({ failure: 'no-space' });
    expect((await pull(repository('a'), 'v1')).digest).toBe(image.digest);
    const other = imageManifest({ annotations: { other: 'yes' } });
    rightBefore('update', async () => {
      await pushManifest(repository('b'), 'v1', other);
      return full();
    });
    rightBefore('delete', () => pushManifest(repository('a'), 'v3', other));
    await expect(pushManifest(repository('a'), 'v2', other)).rejects.toMatchObject({ failure: 'no-space' });
    expect((await pull(repository('a'), 'v3')).digest).toBe(other.digest);
  });

  it('is refused before anything is written where so much is to stay free', async () => {
    const { repository, rightBefore, count } = await almostFull();
    rightBefore('assertRoom', full);
    await expect(pushManifest(repository('a'), 'v1', image)).rejects.toMatchObject({ failure: 'no-space' });
    expect([count('write'), count('update')]).toEqual([0, 0]);
  });
});

describe('a full disk', () => {
  it.each([
    ['a delete of a tag', true, (to: WritableRepository) => to.manifests.delete(parseReference('v1'))],
    ['a delete of a manifest', true, (to: WritableRepository) => to.manifests.delete(parseReference(image.digest))],
    ['a push', false, (to: WritableRepository) => pushManifest(to, 'v2', image)],
  ])('%s may use what is set aside: %s', async (_, mayUseReserve, work) => {
    const { store } = await memoryRegistry();
    const { repository } = registryOver(store);
    await pushManifest(repository('a'), 'v1', image);
    const update = vi.spyOn(store, 'update');
    await work(repository('a'));
    expect(update.mock.calls.map(([, , options]) => options?.mayUseReserve)).toEqual([mayUseReserve]);
  });
});
