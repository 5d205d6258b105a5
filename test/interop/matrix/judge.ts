// Looks at a mount over HTTP as a client does: tags, manifests, every blob by its bytes, referrers with what they have to say.

import { expectEqual, expectIncludes, expectThat } from '../expect.ts';
import { type RegistryClient, sha256 } from '../registry-client.ts';
import type { Expected } from './matrix-tool.ts';

interface ManifestShape {
  readonly config?: { readonly digest: string };
  readonly layers?: readonly { readonly digest: string }[];
  readonly manifests?: readonly {
    readonly digest: string;
    readonly artifactType?: string;
    readonly platform?: { readonly os: string };
  }[];
}

/** Throws what is missing or different; answers what was seen. */
export async function judgeMount(
  registry: RegistryClient,
  mount: string,
  expected: readonly Expected[],
): Promise<string> {
  const seen: string[] = [];
  for (const each of expected) seen.push(await judgeOne(registry, mount, each));
  return seen.join(', ');
}

async function judgeOne(registry: RegistryClient, mount: string, expected: Expected): Promise<string> {
  const repository = expected.path === '' ? mount : `${mount}/${expected.path}`;
  const { digest, bytes } = await registry.manifest(repository, expected.tag);
  if (expected.digest !== undefined)
    expectEqual(digest, expected.digest, `the digest of ${repository}:${expected.tag}`);
  const shape = JSON.parse(bytes.toString()) as ManifestShape;
  if (expected.config !== undefined) expectEqual(shape.config?.digest, expected.config, 'the config of the image');
  const children = (shape.manifests ?? []).map((child) => child.digest);
  for (const child of expected.children ?? []) expectIncludes(children, child, 'the manifests that the index lists');
  expectIncludes(await registry.tags(repository), expected.tag, 'the tags listed');
  for (const blob of await registry.blobsOf(repository, expected.tag)) await expectBlob(registry, repository, blob);
  const referrers = await judgeReferrers(registry, repository, digest, expected);
  if (expected.referrersEach !== undefined) await judgeEach(registry, repository, shape, expected.referrersEach);
  return `${repository}:${expected.tag}${referrers === 0 ? '' : ` with ${referrers} referrers`}`;
}

/** BuildKit lists attestations beside the images, for a platform that is none. */
async function judgeEach(
  registry: RegistryClient,
  repository: string,
  index: ManifestShape,
  count: number,
): Promise<void> {
  const images = (index.manifests ?? []).filter(({ platform }) => platform?.os !== 'unknown');
  expectThat(images.length > 1, 'an index of several platforms');
  for (const { digest } of images) {
    expectEqual((await registry.referrers(repository, digest)).length, count, `referrers of ${digest}`);
  }
}

async function expectBlob(registry: RegistryClient, repository: string, digest: string): Promise<void> {
  const answer = await fetch(registry.url(`/v2/${repository}/blobs/${digest}`));
  expectEqual(answer.status, 200, `GET of blob ${digest} in ${repository}`);
  expectEqual(sha256(Buffer.from(await answer.arrayBuffer())), digest, 'the digest of what was answered');
}

async function judgeReferrers(registry: RegistryClient, repository: string, subject: string, expected: Expected) {
  const answer = await fetch(registry.url(`/v2/${repository}/referrers/${subject}`));
  expectEqual(answer.status, 200, `GET of the referrers in ${repository}`);
  const { manifests = [] } = (await answer.json()) as ManifestShape;
  if (expected.referrerCount !== undefined) expectEqual(manifests.length, expected.referrerCount, 'referrers listed');
  if (expected.referrers === undefined) return manifests.length;
  const listed = manifests.map((referrer) => referrer.digest);
  expectEqual(listed.toSorted().join(), expected.referrers.toSorted().join(), 'referrers listed');
  const types = manifests.map(({ artifactType }) => artifactType ?? '');
  if (expected.artifactTypes !== undefined) {
    expectEqual(types.toSorted().join(), expected.artifactTypes.toSorted().join(), 'their artifact types');
  }
  for (const digest of listed) {
    const { bytes } = await registry.manifest(repository, digest);
    expectThat(sha256(bytes) === digest, `a referrer that is not ${digest}`);
    for (const blob of await registry.blobsOf(repository, digest)) await expectBlob(registry, repository, blob);
  }
  return manifests.length;
}
