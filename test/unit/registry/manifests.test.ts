// Manifests: exact bytes in and out, every digest of a push checked, gone at once when deleted.
import { describe, expect, it } from 'vitest';
import { layoutKeys } from '../../../src/layout/files/keys.ts';
import { digestOf, parseDigest } from '../../../src/oci/digest.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { parseReference, parseRepositoryName } from '../../../src/oci/reference.ts';
import { blobOf, contentOf, imageIndex, imageManifest, layerType } from '../../support/content.ts';
import { putLayout } from '../../support/fixture-layouts.ts';
import { interleaving } from '../../support/interleaving-store.ts';
import {
  bytesOfBlob,
  codeOf,
  digestAt,
  pull,
  pushBlob,
  pushImage,
  pushManifest,
  referrersIn,
  refusalOf,
  tagsOf,
} from '../../support/pushes.ts';
import { memoryRegistry, onEveryDriver, registryOver } from '../../support/registry-under-test.ts';

const keysOf = (name: string) => layoutKeys(parseRepositoryName(name));
const image = imageManifest({ layers: 2 });
const other = imageManifest({ annotations: { n: '2' } });

describe.each(onEveryDriver)('a manifest %s', (_, open) => {
  it('is pulled by tag and by digest with the very bytes and type that were pushed', async () => {
    const { repository } = await open();
    const spaced = contentOf(
      Buffer.from(`${image.bytes.toString().replace('{', '{ \n')}\n\n`),
      mediaTypes.imageManifest,
    );
    await pushManifest(repository(), 'v1', spaced);
    for (const reference of ['v1', spaced.digest]) {
      expect(await pull(repository(), reference)).toEqual({
        digest: spaced.digest,
        mediaType: mediaTypes.imageManifest,
        bytes: spaced.bytes,
      });
      expect(await repository().manifests.stat(parseReference(reference))).toEqual({
        digest: spaced.digest,
        mediaType: mediaTypes.imageManifest,
        size: spaced.bytes.byteLength,
      });
    }
  });

  it('is served with the type of its push when it says none itself', async () => {
    const { repository } = await open();
    const { mediaType: __, ...untyped } = JSON.parse(image.bytes.toString());
    const bytes = Buffer.from(JSON.stringify(untyped));
    const docker = { ...contentOf(bytes, mediaTypes.dockerManifest) };
    await pushManifest(repository(), 'v1', docker);
    expect((await pull(repository(), 'v1')).mediaType).toBe(mediaTypes.dockerManifest);
  });

  it('takes any parameters of its Content-Type for nothing', async () => {
    const { repository } = await open();
    const contentType = `${mediaTypes.imageManifest}; charset=utf-8`;
    await repository().manifests.put({ reference: parseReference('v1'), tags: [], contentType, bytes: image.bytes });
    expect((await pull(repository(), 'v1')).mediaType).toBe(mediaTypes.imageManifest);
  });

  it('pushed by sha512 is another manifest, and tags name it so', async () => {
    const { repository } = await open();
    const long = imageManifest({ layers: 2, algorithm: 'sha512' });
    const pushed = await pushManifest(repository(), long.digest, long, ['v1', 'v2']);
    expect(pushed).toEqual({ digest: long.digest, subject: undefined, tags: ['v1', 'v2'] });
    expect((await pull(repository(), 'v1')).digest).toBe(long.digest);
    expect(await codeOf(pull(repository(), image.digest))).toBe('MANIFEST_UNKNOWN');
  });

  it('that does not have its digest is refused, and nothing is stored', async () => {
    const { repository, store } = await open();
    expect(await codeOf(pushManifest(repository(), other.digest, image, ['v1']))).toBe('DIGEST_INVALID');
    expect(await codeOf(pushManifest(repository(), 'v1', blobOf('{}', mediaTypes.imageManifest)))).toBe(
      'MANIFEST_INVALID',
    );
    expect(await store.list(keysOf('team').index)).toEqual([]);
    expect(await codeOf(repository().tags.list({}))).toBe('NAME_UNKNOWN');
  });

  it('moves a tag, and the one before stays by digest', async () => {
    const { repository } = await open();
    await pushImage(repository(), image, 'v1');
    await pushImage(repository(), other, 'v1');
    expect(await digestAt(repository(), 'v1')).toBe(other.digest);
    expect(await digestAt(repository(), image.digest)).toBe(image.digest);
  });

  it('may lack what it refers to, unless the registry is strict', async () => {
    const { repository, another } = await open();
    await pushManifest(repository(), 'sparse', image);
    await pushManifest(repository(), 'sparse-index', imageIndex({ manifests: [other] }));
    const strict = (await another({ requireReferences: true })).repository('strict');
    await pushBlob(strict, image.config);
    const refusal = await refusalOf(pushManifest(strict, 'v1', image));
    expect(refusal).toMatchObject({ code: 'MANIFEST_BLOB_UNKNOWN', status: 400 });
    expect(refusal.entries.map(({ detail }) => detail)).toEqual(image.layers.map(({ digest }) => digest));
    expect(await codeOf(pushManifest(strict, 'v1', imageIndex({ manifests: [other] })))).toBe('MANIFEST_BLOB_UNKNOWN');
    expect(await codeOf(strict.tags.list({}))).toBe('NAME_UNKNOWN');
    await pushImage(strict, image, 'v1');
    const missingSubject = imageManifest({ layers: [], subject: digestOf(Buffer.from('absent')) });
    await pushManifest(strict, missingSubject.digest, missingSubject);
  });

  it('names each missing blob once, however often it refers to it', async () => {
    const { repository } = await open({ requireReferences: true });
    const layer = blobOf('absent');
    const many = imageManifest({ layers: Array.from({ length: 50 }, () => layer) });
    await pushBlob(repository(), many.config);
    const refusal = await refusalOf(pushManifest(repository(), 'v1', many));
    expect(refusal.entries.map(({ detail }) => detail)).toEqual([layer.digest]);
  });

  it('is taken when its blobs are here with another size than it says, as other registries do', async () => {
    const { repository } = await open({ requireReferences: true });
    const layer = blobOf('layer');
    await pushBlob(repository(), layer);
    const wrong = { ...layer, descriptor: { ...layer.descriptor, size: 99 } };
    const image = imageManifest({ layers: [wrong] });
    await pushBlob(repository(), image.config);
    await pushManifest(repository(), 'v1', image);
    expect(await digestAt(repository(), 'v1')).toBe(image.digest);
  });

  it('is not complete with a blob that another program cut short', async () => {
    const { repository, store } = await open({ requireReferences: true });
    await pushBlob(repository(), image.config);
    for (const { digest, bytes } of image.layers) await store.write(keysOf('a').blob(digest), bytes.subarray(1));
    const refusal = await refusalOf(pushManifest(repository('a'), 'v1', image));
    expect(refusal.code).toBe('MANIFEST_BLOB_UNKNOWN');
  });

  it('is refused when it is an index, and a child has another size than it says: oras would refuse the whole layout', async () => {
    const { repository } = await open();
    await pushImage(repository(), image, 'v1');
    const wrong = { ...image, descriptor: { ...image.descriptor, size: 99 } };
    const refusal = await refusalOf(pushManifest(repository(), 'v2', imageIndex({ manifests: [wrong] })));
    expect(refusal).toMatchObject({ code: 'MANIFEST_INVALID', status: 400 });
    expect(refusal.message).toContain(image.digest);
    expect(await tagsOf(repository())).toEqual(['v1']);
  });

  it('deleted by tag stays by digest', async () => {
    const { repository } = await open();
    await pushImage(repository(), image, 'v1');
    await repository().manifests.delete(parseReference('v1'));
    expect(await codeOf(pull(repository(), 'v1'))).toBe('MANIFEST_UNKNOWN');
    expect(await digestAt(repository(), image.digest)).toBe(image.digest);
    expect(await tagsOf(repository())).toEqual([]);
    expect(await codeOf(repository().manifests.delete(parseReference('v1')))).toBe('MANIFEST_UNKNOWN');
  });

  it('deleted by digest is gone at once with its tags and its file, also as a child of an index', async () => {
    const { repository, store } = await open();
    await pushImage(repository('a'), image, 'v1');
    await pushManifest(repository('a'), 'v2', image);
    const index = imageIndex({ manifests: [image] });
    await pushManifest(repository('a'), 'index', index);
    await repository('a').manifests.delete({ kind: 'digest', digest: image.digest });
    for (const reference of ['v1', 'v2', image.digest]) {
      expect(await codeOf(pull(repository('a'), reference))).toBe('MANIFEST_UNKNOWN');
    }
    expect(await store.stat(keysOf('a').blob(image.digest))).toBeUndefined();
    expect(await tagsOf(repository('a'))).toEqual(['index']);
    expect(await codeOf(repository('a').manifests.delete({ kind: 'digest', digest: image.digest }))).toBe(
      'MANIFEST_UNKNOWN',
    );
    for (const layer of image.layers) expect(await bytesOfBlob(repository('a'), layer.digest)).toEqual(layer.bytes);
    await pushManifest(repository('a'), 'v1', image);
    expect((await pull(repository('a'), 'v1')).bytes).toEqual(image.bytes);
  });

  it('in a repository that does not exist is unknown, and a delete there NAME_UNKNOWN', async () => {
    const { repository, store } = await open();
    expect(await codeOf(pull(repository('nobody'), 'v1'))).toBe('MANIFEST_UNKNOWN');
    expect(await codeOf(repository('nobody').manifests.delete(parseReference('v1')))).toBe('NAME_UNKNOWN');
    const byDigest = repository('nobody').manifests.delete({ kind: 'digest', digest: image.digest });
    expect(await codeOf(byDigest)).toBe('NAME_UNKNOWN');
    expect(await store.list('' as never)).toEqual([]);
  });

  it('is none when nothing names it as one, whatever a blob looks like', async () => {
    const { repository } = await open();
    await pushImage(repository(), imageManifest(), 'v1');
    await pushBlob(repository(), other);
    expect(await codeOf(pull(repository(), other.digest))).toBe('MANIFEST_UNKNOWN');
  });
});

describe('a manifest of another tool', () => {
  const arm = 'sha256:88c7a45f74200b1cf6330611a4568ab946291400e03e2810dafd14b484d2084a';
  const amd = 'sha256:d41a8bedca7607ebf8317f657342d13f374c18df27845f704fc9b3d11880da7b';

  it.each(['recorded/regctl/multiarch', 'generated/containerd/multiarch', 'generated/odd/nested-index'])(
    'of %s is served although only an index leads to it',
    async (fixture) => {
      const { repository, store } = await memoryRegistry();
      await putLayout(store, 'a', fixture);
      for (const digest of [arm, amd]) {
        expect(await pull(repository('a'), digest)).toMatchObject({ digest, mediaType: mediaTypes.imageManifest });
      }
      await repository('a').manifests.delete({ kind: 'digest', digest: parseDigest(arm) });
      expect(await codeOf(pull(repository('a'), arm))).toBe('MANIFEST_UNKNOWN');
      expect(await digestAt(repository('a'), amd)).toBe(amd);
    },
  );

  it.each([
    ['recorded/oras/tagged', 'v1', amd],
    ['generated/odd/no-descriptor-mediatype', 'v1', amd],
    ['generated/odd/no-oci-layout', 'v1', amd],
    ['generated/odd/trailing-garbage', 'v1', amd],
    ['generated/odd/unknown-fields', 'v1', amd],
    ['generated/odd/unknown-mediatype', 'v1', amd],
  ])('%s is served by its tag', async (fixture, tag, digest) => {
    const { repository, store } = await memoryRegistry();
    await putLayout(store, 'a', fixture);
    expect(await pull(repository('a'), tag)).toMatchObject({ digest, mediaType: mediaTypes.imageManifest });
  });

  it('with Docker types, and one by sha512, are served as what they are', async () => {
    const { repository, store } = await memoryRegistry();
    await putLayout(store, 'docker', 'generated/odd/docker-types');
    expect((await pull(repository('docker'), 'v1')).mediaType).toBe(mediaTypes.dockerManifest);
    await putLayout(store, 'long', 'generated/odd/sha512');
    expect((await pull(repository('long'), 'v1-512')).digest).toMatch(/^sha512:/);
  });

  it('that is listed and not there is unknown, and its neighbours are served', async () => {
    const { repository, store } = await memoryRegistry();
    await putLayout(store, 'a', 'generated/odd/dangling');
    expect(await codeOf(pull(repository('a'), arm))).toBe('MANIFEST_UNKNOWN');
    expect(await digestAt(repository('a'), 'v1')).toBe(amd);
  });

  it('by a tag that moved to another leaves the old one: skopeo', async () => {
    const { repository, store } = await memoryRegistry();
    await putLayout(store, 'a', 'generated/skopeo/retag');
    expect(await digestAt(repository('a'), 'v1')).toBe(arm);
    expect(await digestAt(repository('a'), amd)).toBe(amd);
  });

  it('is listed in our form after a push, with every other entry and member as it was', async () => {
    const { repository, store } = await memoryRegistry();
    await putLayout(store, 'a', 'generated/odd/unknown-fields');
    await pushImage(repository('a'), other, 'ours');
    const json = JSON.parse(Buffer.from((await store.read(keysOf('a').index, 1e6))?.bytes ?? []).toString());
    expect(json['x-vendor']).toEqual({ keep: 'me' });
    expect(json.manifests[0]).toMatchObject({ 'x-desc': [1, 2], digest: amd });
    expect(json.manifests).toHaveLength(2);
  });
});

describe('a push and a delete at the same time', () => {
  it.each(['write', 'stat', 'update'] as const)(
    'of the same manifest, by another server right before %s, end with it there and whole, or gone',
    async (call) => {
      const { store } = await memoryRegistry();
      const hooked = interleaving(store);
      const { repository } = registryOver(hooked.store);
      const { repository: elsewhere } = registryOver(store);
      await pushImage(repository('a'), image, 'v1');
      hooked.rightBefore(call, () => elsewhere('a').manifests.delete({ kind: 'digest', digest: image.digest }));
      await pushManifest(repository('a'), 'v1', image);
      expect(await digestAt(elsewhere('a'), 'v1')).toBe(await digestAt(repository('a'), 'v1'));
      for (const server of [repository, elsewhere]) {
        if ((await digestAt(server('a'), 'v1')) === undefined) continue;
        expect(await store.stat(keysOf('a').blob(image.digest))).toBeDefined();
      }
    },
  );

  it('of the same bytes as a blob leave the manifest that was acknowledged', async () => {
    const { store } = await memoryRegistry();
    const hooked = interleaving(store);
    const { repository } = registryOver(hooked.store);
    await pushBlob(repository('a'), image);
    hooked.rightBefore('delete', () => pushManifest(repository('a'), 'v1', image));
    await repository('a').blobs.delete(image.digest);
    const { repository: fresh } = registryOver(store);
    expect((await pull(fresh('a'), 'v1')).bytes).toEqual(image.bytes);
  });
});

describe('a manifest whose blobs another program takes away', () => {
  it('while it is pushed has them again when it is acknowledged', async () => {
    const { store } = await memoryRegistry();
    const hooked = interleaving(store);
    const { repository } = registryOver(hooked.store);
    const [layer] = image.layers;
    if (layer === undefined) throw new Error('no layer');
    for (const blob of [image.config, ...image.layers]) await pushBlob(repository('a'), blob);
    await store.delete(keysOf('a').blob(layer.digest));
    hooked.rightAfter('update', () => store.delete(keysOf('a').blob(image.config.digest)));
    await pushManifest(repository('a'), 'v1', image);
    for (const blob of [layer, image.config])
      expect(await bytesOfBlob(repository('a'), blob.digest)).toEqual(blob.bytes);
  });

  it('does not get back what was deleted through us', async () => {
    const { repository } = await memoryRegistry();
    const layer = blobOf('deleted', layerType);
    await pushBlob(repository('a'), layer);
    await pushBlob(repository('b'), layer);
    await repository('a').blobs.delete(layer.digest);
    await pushManifest(repository('a'), 'v1', imageManifest({ layers: [layer] }));
    expect(await codeOf(repository('a').blobs.stat(layer.digest))).toBe('BLOB_UNKNOWN');
  });
});

it('an index that contains itself, and one that lists what is no manifest, end like others', async () => {
  const { repository, store } = await memoryRegistry();
  const loop = imageIndex({ manifests: [{ descriptor: { ...other.descriptor, mediaType: mediaTypes.imageIndex } }] });
  await pushManifest(repository('a'), 'loop', loop);
  await store.write(keysOf('a').blob(other.digest), loop.bytes);
  await pushBlob(repository('a'), blobOf('x'));
  expect(await codeOf(pull(repository('a'), blobOf('x').digest))).toBe('MANIFEST_UNKNOWN');
  expect(await referrersIn(repository('a'), other.digest)).toEqual([]);
});
