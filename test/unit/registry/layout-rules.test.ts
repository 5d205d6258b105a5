// What operators decide about names and about what is written for other tools (settings `layouts.*`).
import { describe, expect, it } from 'vitest';
import { annotationKeys } from '../../../src/oci/annotations.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { parseTag } from '../../../src/oci/reference.ts';
import { referrersTagOf } from '../../../src/oci/referrers-tag.ts';
import type { Key, ObjectStore } from '../../../src/storage/object-store.ts';
import { imageManifest, referrerOf } from '../../support/content.ts';
import { putLayout } from '../../support/fixture-layouts.ts';
import { pushImage, pushManifest, tagsOf } from '../../support/pushes.ts';
import { memoryRegistry } from '../../support/registry-under-test.ts';

const image = imageManifest();
const sbom = referrerOf(image, 'application/vnd.example.sbom.v1');
const referrersTag = referrersTagOf(image.digest);

async function namesIn(store: ObjectStore, repository: string): Promise<readonly (string | undefined)[]> {
  const object = await store.read(`${repository}/index.json` as Key, 1_000_000);
  const { manifests } = JSON.parse(Buffer.from(object?.bytes ?? '').toString('utf8')) as {
    readonly manifests: readonly { readonly annotations?: Readonly<Record<string, string>> }[];
  };
  return manifests.map(({ annotations }) => annotations?.[annotationKeys.refName]);
}

describe('the referrers tag', () => {
  it.each([
    ['always', true],
    ['auto', false],
    ['never', false],
  ] as const)('%s: is made for a first referrer: %s', async (rule, isMade) => {
    const { repository, store } = await memoryRegistry({ referrersTag: rule });
    await pushImage(repository('a'), image, 'v1');
    await pushManifest(repository('a'), sbom.digest, sbom);
    expect((await namesIn(store, 'a')).includes(referrersTag)).toBe(isMade);
    const { manifests } = await repository('a').referrers.list(image.digest, { artifactTypes: [] });
    expect(manifests.map(({ digest }) => digest)).toEqual([sbom.digest]);
  });

  it.each([
    ['auto', true],
    ['never', false],
  ] as const)('%s: is made beside those that regctl left: %s', async (rule, isMade) => {
    const { repository, store } = await memoryRegistry({ referrersTag: rule });
    await putLayout(store, 'a', 'generated/regclient/referrers');
    await pushImage(repository('a'), image, 'v2');
    await pushManifest(repository('a'), sbom.digest, sbom);
    expect((await namesIn(store, 'a')).includes(referrersTag)).toBe(isMade);
  });

  it('never: one that is there stays right', async () => {
    const made = await memoryRegistry();
    await pushImage(made.repository('a'), image, 'v1');
    await pushManifest(made.repository('a'), sbom.digest, sbom);
    const { repository, store } = await made.another({ referrersTag: 'never' });
    await repository('a').manifests.delete({ kind: 'digest', digest: sbom.digest });
    expect(await namesIn(store, 'a')).not.toContain(referrersTag);
  });

  it('is listed where the operator wants it', async () => {
    const { repository, another } = await memoryRegistry();
    await pushImage(repository('a'), image, 'v1');
    await pushManifest(repository('a'), sbom.digest, sbom);
    expect(await tagsOf(repository('a'))).toEqual(['v1']);
    const open = await another({ listReferrersTags: true });
    expect(await tagsOf(open.repository('a'))).toEqual([referrersTag, 'v1']);
  });
});

describe('a full name without a tag', () => {
  it('is latest where the operator wants it, unless it says a digest', async () => {
    const { store, repository, another } = await memoryRegistry();
    await pushImage(repository('a'), image, 'v1');
    const named = (name: string) => ({ ...image.descriptor, annotations: { [annotationKeys.refName]: name } });
    const entries = [named('ghcr.io/acme/app'), named(`ghcr.io/acme/web@${image.digest}`)];
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: entries }));
    await store.write('a/index.json' as Key, bytes);
    expect(await tagsOf(repository('a/acme/app'))).toEqual([]);
    const open = await another({ tagless: 'latest' });
    expect(await tagsOf(open.repository('a/acme/app'))).toEqual(['latest']);
    expect(await tagsOf(open.repository('a/acme/web'))).toEqual([]);
  });
});

describe('digests', () => {
  it('other than sha256 are refused where the operator wants none', async () => {
    const { repository } = await memoryRegistry({ digests: 'sha256' });
    const digest = digestOf(image.bytes, 'sha512');
    const push = { tags: [], contentType: undefined, bytes: image.bytes };
    const { manifests } = repository('a');
    await expect(manifests.put({ ...push, reference: { kind: 'digest', digest } })).rejects.toMatchObject({
      code: 'DIGEST_INVALID',
    });
    expect((await manifests.put({ ...push, reference: { kind: 'tag', tag: parseTag('v1') } })).digest).toBe(
      image.digest,
    );
  });
});
