// Leases are written down for what is there, and by nobody who only asks, or is refused.
import { expect, it } from 'vitest';
import { parseReference } from '../../../src/oci/reference.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import type { Key } from '../../../src/storage/object-store.ts';
import { blobOf, imageManifest } from '../../support/content.ts';
import { codeOf, pushBlob, pushImage, pushManifest } from '../../support/pushes.ts';
import { registryOver } from '../../support/registry-under-test.ts';
import { TestClock } from '../../support/test-clock.ts';

function leasing() {
  const clock = new TestClock();
  const store = new MemoryStore(() => clock.now());
  const collection = { everyMs: 'off', graceMs: 3_600_000 } as const;
  const under = registryOver(store, clock, { collection, requireReferences: true }, undefined, { collects: true });
  const leased = async (name: string) => {
    const object = await store.read(`.moorage/leases/${name}/.leases` as Key, 100_000);
    return object === undefined ? undefined : Buffer.from(object.bytes).toString();
  };
  return { ...under, store, leased };
}

it('who asks for what is not there, or pushes what is refused, leaves nothing', async () => {
  const { repository, store, leased } = leasing();
  const { blobs, manifests } = repository('made/up');
  expect(await codeOf(blobs.stat(blobOf('x').digest))).toBe('BLOB_UNKNOWN');
  expect(await codeOf(manifests.stat(parseReference('v1')))).toBe('MANIFEST_UNKNOWN');
  expect(await blobs.mount(blobOf('x').digest, undefined)).toBe(false);
  expect(await codeOf(pushManifest(repository('made/up'), 'v1', imageManifest()))).toBe('MANIFEST_BLOB_UNKNOWN');
  expect(await leased('made/up')).toBeUndefined();
  expect(await store.list('' as Key)).toEqual([]);
});

it('what was pushed, also the first blob of a repository, is leased', async () => {
  const { repository, leased } = leasing();
  const [layer, image] = [blobOf('layer'), imageManifest()];
  await pushBlob(repository(), layer);
  expect(await leased('team/app')).toContain(layer.digest);
  await pushImage(repository(), image, 'v1');
  expect(await leased('team/app')).toContain(image.digest);
});
