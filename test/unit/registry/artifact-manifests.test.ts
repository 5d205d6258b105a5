// Artifact manifests, which image-spec 1.1 dropped before its release: registries and layouts still hold signatures and SBOMs as such.
import { describe, expect, it } from 'vitest';
import { layoutKeys, ociLayoutBytes } from '../../../src/layout/files/keys.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { parseRepositoryName } from '../../../src/oci/reference.ts';
import { artifactManifest, blobOf, imageIndex, imageManifest } from '../../support/content.ts';
import {
  codeOf,
  digestAt,
  pull,
  pushBlob,
  pushImage,
  pushManifest,
  referrersIn,
  tagsOf,
} from '../../support/pushes.ts';
import { onEveryDriver } from '../../support/registry-under-test.ts';

const image = imageManifest();
const sbom = blobOf('sbom');
const artifact = artifactManifest([sbom], image);

describe.each(onEveryDriver)('an artifact manifest %s', (_, open) => {
  it('is pushed, pulled, listed as a referrer and deleted like any other', async () => {
    const { repository } = await open({ requireReferences: true });
    await pushImage(repository(), image, 'v1');
    expect(await codeOf(pushManifest(repository(), 'sbom', artifact))).toBe('MANIFEST_BLOB_UNKNOWN');
    await pushBlob(repository(), sbom);
    await pushManifest(repository(), 'sbom', artifact);
    for (const reference of ['sbom', artifact.digest]) {
      const { bytes, mediaType } = await pull(repository(), reference);
      expect({ bytes, mediaType }).toEqual({ bytes: artifact.bytes, mediaType: mediaTypes.artifactManifest });
    }
    expect(await referrersIn(repository(), image.digest)).toEqual([artifact.digest]);
    expect(await codeOf(repository().blobs.delete(sbom.digest))).toBe('UNSUPPORTED');
    await repository().manifests.delete({ kind: 'digest', digest: artifact.digest });
    expect(await referrersIn(repository(), image.digest)).toEqual([]);
    expect(await tagsOf(repository())).toEqual(['v1']);
  });

  it('that another tool stored is found by digest and as a referrer, also as the child of an index', async () => {
    const { repository, store } = await open();
    const keys = layoutKeys(parseRepositoryName('team/app'));
    const child = artifactManifest([sbom]);
    const index = imageIndex({ manifests: [child] });
    for (const { digest, bytes } of [image, artifact, child, index, sbom]) await store.write(keys.blob(digest), bytes);
    const manifests = [image, artifact, index].map(({ descriptor }) => descriptor);
    await store.write(keys.index, Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })));
    await store.write(keys.ociLayout, ociLayoutBytes);
    const app = repository('team/app');
    for (const { digest } of [artifact, child]) expect(await digestAt(app, digest)).toBe(digest);
    expect(await referrersIn(app, image.digest)).toEqual([artifact.digest]);
  });
});
