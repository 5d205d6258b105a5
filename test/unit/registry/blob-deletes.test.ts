// Deletes of blobs: what a manifest of the repository needs is refused, also beside pushes that make it needed at that moment.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { layoutKeys, poolKey } from '../../../src/layout/files/keys.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import { RegistryError } from '../../../src/oci/error-code.ts';
import { parseRepositoryName } from '../../../src/oci/reference.ts';
import type { WritableRepository } from '../../../src/registry/repository.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import { blobOf, type Image, imageIndex, imageManifest, referrerOf } from '../../support/content.ts';
import { interleaving } from '../../support/interleaving-store.ts';
import { bytesOfBlob, codeOf, pushBlob, pushImage, pushManifest } from '../../support/pushes.ts';
import { memoryRegistry, registryOver } from '../../support/registry-under-test.ts';

const image = imageManifest({ layers: 2 });
/** In memory a push or a delete takes some turns of the loop. */
const longEnoughMs = 50;
const keysOf = (name: string) => layoutKeys(parseRepositoryName(name));
const layerOf = ({ layers: [layer] }: Image) => {
  if (layer === undefined) throw new Error('no layer');
  return layer;
};

/** What the client is told; undefined when the blob is deleted. */
async function refusalOf({ blobs }: WritableRepository, digest: Digest): Promise<string | undefined> {
  try {
    await blobs.delete(digest);
    return undefined;
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== 'UNSUPPORTED') throw error;
    return error.entries[0]?.detail;
  }
}

async function pushBlobs(repository: WritableRepository, { config, layers }: Image): Promise<void> {
  for (const blob of [config, ...layers]) await pushBlob(repository, blob);
}

describe('a blob that a manifest needs', () => {
  it('is not deleted, and the manifests are named; without them it is', async () => {
    const { repository } = await memoryRegistry();
    const other = imageManifest({ layers: 2, annotations: { other: 'yes' } });
    await pushImage(repository(), image, 'v1');
    await pushImage(repository(), other, 'v2');
    for (const { digest } of [image.config, ...image.layers]) {
      const detail = await refusalOf(repository(), digest);
      for (const manifest of [image, other]) expect(detail).toContain(manifest.digest);
    }
    for (const manifest of [image, other])
      await repository().manifests.delete({ kind: 'digest', digest: manifest.digest });
    for (const { digest } of [image.config, ...image.layers]) {
      expect(await refusalOf(repository(), digest)).toBeUndefined();
      expect(await codeOf(repository().blobs.stat(digest))).toBe('BLOB_UNKNOWN');
    }
  });

  it('is not deleted for a child of an index, or a referrer, either', async () => {
    const { repository, store } = await memoryRegistry();
    const referrer = referrerOf(image, 'application/vnd.example.sbom');
    const sbom = blobOf('sbom');
    const withLayer = imageManifest({ subject: image, artifactType: 'a/b', layers: [sbom] });
    await pushBlobs(repository(), image);
    await store.write(keysOf('team/app').blob(image.digest), image.bytes);
    await pushManifest(repository(), 'all', imageIndex({ manifests: [image] }));
    await pushImage(repository(), referrer);
    await pushImage(repository(), withLayer);
    expect(await refusalOf(repository(), layerOf(image).digest)).toContain(image.digest);
    expect(await refusalOf(repository(), sbom.digest)).toContain(withLayer.digest);
  });

  it('of another repository only is deleted', async () => {
    const { repository } = await memoryRegistry();
    await pushImage(repository('a'), image, 'v1');
    await pushBlob(repository('b'), layerOf(image));
    expect(await refusalOf(repository('b'), layerOf(image).digest)).toBeUndefined();
  });

  it('is not named with hundreds of manifests', async () => {
    const { repository } = await memoryRegistry();
    await pushBlobs(repository(), image);
    for (let at = 0; at < 15; at += 1) {
      await pushManifest(repository(), `v${at}`, imageManifest({ layers: 2, annotations: { at: String(at) } }));
    }
    const detail = await refusalOf(repository(), layerOf(image).digest);
    expect(detail?.match(/sha256:/g)).toHaveLength(10);
    expect(detail).toMatch(/ and others$/);
  });

  it('is deleted where that is wanted', async () => {
    const { repository } = registryOver(new MemoryStore(), undefined, { referencedBlobs: 'allow' });
    await pushImage(repository(), image, 'v1');
    expect(await refusalOf(repository(), layerOf(image).digest)).toBeUndefined();
  });
});

describe('a blob of which nobody knows who needs it', () => {
  it('is not deleted while a manifest is damaged, and is while one is missing', async () => {
    const { repository, store, another } = await memoryRegistry();
    await pushImage(repository(), image, 'v1');
    const free = blobOf('free');
    await pushBlob(repository(), free);
    const key = keysOf('team/app').blob(image.digest);
    await store.write(key, Buffer.from('rotten'));
    const restarted = (await another()).repository();
    expect(await refusalOf(restarted, free.digest)).toContain(image.digest);
    await store.delete(key);
    expect(await refusalOf((await another()).repository(), free.digest)).toBeUndefined();
  });

  it('is not deleted while index.json lists it, as whatever', async () => {
    const { repository, store, another } = await memoryRegistry();
    const theirs = blobOf('theirs', 'application/vnd.example.thing');
    await pushBlob(repository(), theirs);
    await store.write(
      keysOf('team/app').index,
      Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [theirs.descriptor] })),
    );
    expect(await refusalOf((await another()).repository(), theirs.digest)).toBe('index.json lists it');
  });
});

describe('a delete beside a push that makes the blob needed', () => {
  async function underTest() {
    const store = new MemoryStore();
    const hooked = interleaving(store);
    const { repository } = registryOver(hooked.store);
    await pushBlobs(repository('a'), image);
    const { repository: elsewhere } = registryOver(store);
    return { store, hooked, here: repository('a'), elsewhere: elsewhere('a'), layer: layerOf(image) };
  }

  it('waits for the push, which has begun before it', async () => {
    const { hooked, store, here, layer } = await underTest();
    // Nothing to put it back from: only the wait keeps it.
    await store.delete(poolKey(layer.digest));
    let deleting: Promise<string | undefined> | undefined;
    hooked.rightBefore('update', async () => {
      deleting = refusalOf(here, layer.digest);
      await sleep(longEnoughMs);
    });
    await pushManifest(here, 'v1', image);
    expect(await deleting).toContain(image.digest);
    expect(await bytesOfBlob(here, layer.digest)).toEqual(layer.bytes);
  });

  it('comes first when it began first: the push finds the blob missing', async () => {
    const { hooked, elsewhere, store, layer } = await underTest();
    const { repository } = registryOver(hooked.store, undefined, { requireReferences: true });
    let pushing: Promise<string> | undefined;
    hooked.rightBefore('delete', async () => {
      pushing = codeOf(pushManifest(repository('a'), 'v1', image));
      await sleep(longEnoughMs);
    });
    expect(await refusalOf(repository('a'), layer.digest)).toBeUndefined();
    expect(await pushing).toBe('MANIFEST_BLOB_UNKNOWN');
    expect(await codeOf(elsewhere.blobs.stat(layer.digest))).toBe('BLOB_UNKNOWN');
    expect(await store.stat(poolKey(layer.digest))).toBeUndefined();
  });

  it('puts the blob back when another server listed the manifest meanwhile', async () => {
    const { hooked, here, elsewhere, layer } = await underTest();
    hooked.rightBefore('delete', () => pushManifest(elsewhere, 'v1', image));
    expect(await refusalOf(here, layer.digest)).toContain(image.digest);
    for (const server of [here, elsewhere]) expect(await bytesOfBlob(server, layer.digest)).toEqual(layer.bytes);
  });

  it('keeps the push of another server from being acknowledged when that cannot be', async () => {
    const { hooked, here, elsewhere, layer } = await underTest();
    hooked.rightBefore('update', () => elsewhere.blobs.delete(layer.digest));
    expect(await codeOf(pushManifest(here, 'v1', image))).toBe('UNAVAILABLE');
  });
});
