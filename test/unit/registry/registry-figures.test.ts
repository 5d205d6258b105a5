// How much there is of what a registry holds: uploads, caches, disk, what the pool saves, and when it was last collected and scrubbed.
import { expect, it } from 'vitest';
import { parseRepositoryName } from '../../../src/oci/reference.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import type { Key } from '../../../src/storage/object-store.ts';
import { StorageError } from '../../../src/storage/storage-error.ts';
import { blobOf, imageManifest } from '../../support/content.ts';
import { chunkOf, pushImage } from '../../support/pushes.ts';
import {
  directoryRegistry,
  memoryRegistry,
  registryOver,
  repositoryUnderTest,
} from '../../support/registry-under-test.ts';

const layer = blobOf('base'.repeat(100));
const image = imageManifest({ layers: [layer] });
const tenMinutesMs = 10 * 60_000;

const isDefined = (bytes: number | undefined): boolean => bytes !== undefined;

it('what the pool saves is looked up once in ten minutes, while nobody waits', async () => {
  const { registry, repository, clock } = await directoryRegistry();
  const saved = async () => (await registry.figures.mounts(true))[0]?.poolSavedBytes;
  const becomes = async (isSo: (bytes: number | undefined) => boolean) => {
    let bytes = await saved();
    while (!isSo(bytes)) bytes = await saved();
    return bytes;
  };
  await pushImage(repository('one'), image, 'v1');
  await pushImage(repository('two'), image, 'v1');
  await pushImage(repository('three'), image, 'v1');
  expect(await saved()).toBe(undefined);
  const each = [image.config, ...image.layers].reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  expect(await becomes(isDefined)).toBe(2 * each);
  await pushImage(repository('four'), image, 'v1');
  expect(await saved()).toBe(2 * each);
  clock.advance(tenMinutesMs);
  expect(await becomes((bytes) => bytes !== 2 * each)).toBe(3 * each);
});

it('and not at all by a process that leaves it to another one', async () => {
  const { registry, repository } = await memoryRegistry();
  await pushImage(repository('one'), image, 'v1');
  for (let at = 0; at < 3; at += 1) expect((await registry.figures.mounts(false))[0]?.poolSavedBytes).toBe(undefined);
});

it('uploads are open while they have bytes and no end', async () => {
  const { registry, repository } = await directoryRegistry();
  const open = async () => (await registry.figures.mounts(false))[0]?.uploadsOpen;
  const { uploads } = repository();
  expect(await open()).toBe(0);
  const { id } = await uploads.start({});
  await uploads.append(id, chunkOf(Buffer.from('begun')));
  expect(await open()).toBe(1);
  await uploads.cancel(id);
  expect(await open()).toBe(0);
});

it('caches hold what was answered from them', async () => {
  const { registry, repository } = await directoryRegistry();
  await pushImage(repository(), image, 'v1');
  await registry.repository(parseRepositoryName(repositoryUnderTest));
  const caches = new Map(registry.figures.caches().map((figures) => [figures.cache, figures]));
  expect([...caches.keys()].toSorted()).toEqual(['annotations', 'facts', 'layouts', 'manifests', 'small-blobs']);
  expect(caches.get('manifests')).toMatchObject({ entries: 1 });
  expect(caches.get('manifests')?.bytes).toBeGreaterThanOrEqual(image.bytes.byteLength);
  expect(caches.get('layouts')).toEqual({ cache: 'layouts', entries: 1, bytes: undefined });
});

it('a mount that is out of reach, and one that takes no pushes, have none', async () => {
  const store = new MemoryStore();
  const { registry } = registryOver(store);
  expect(await registry.figures.mounts(false)).toHaveLength(1);
  store.room = () => Promise.reject(new StorageError('unavailable', 'the volume is away'));
  expect(await registry.figures.mounts(false)).toEqual([]);
  expect(await registryOver(new MemoryStore(), undefined, { readOnly: true }).registry.figures.mounts(false)).toEqual(
    [],
  );
});

it('the last collection and scrub are those that were written down', async () => {
  const { registry, store } = await memoryRegistry();
  await store.write('.moorage/gc/state' as Key, Buffer.from('{"lastAtMs":1700000000000}\n'));
  const [figures] = await registry.figures.mounts(false);
  expect(figures).toMatchObject({ mount: '', collectedAtMs: 1_700_000_000_000, damagedFiles: 0 });
});
