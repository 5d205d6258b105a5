// Images that no tag leads to: which of a stranger's entries are such, and that their digests can be had.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createdAt } from '../../src/oci/annotations.ts';
import { parseRepositoryName } from '../../src/oci/reference.ts';
import { referrersTagOf } from '../../src/oci/referrers-tag.ts';
import { imageIndex, imageManifest, referrerOf } from '../support/content.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { blobsOf, codesIn, entryOf, type LayoutContent, serve, writeStranger } from './stranger.ts';

const [one, two] = [imageManifest({ annotations: { n: '1' } }), imageManifest({ annotations: { n: '2' } })];
const index = imageIndex({ manifests: [two] });
const sbom = referrerOf(one, 'application/vnd.example.sbom');
const response = imageIndex({ manifests: [sbom] });
const blobs = [...blobsOf(one), ...blobsOf(two), ...blobsOf(sbom), index, response];
const ours = { annotations: { 'org.opencontainers.image.created': createdAt(0) } };
const named = (content: { descriptor: object }, name: string) => ({
  ...content.descriptor,
  annotations: { 'org.opencontainers.image.ref.name': name },
});

const untaggedOf = async (entries: readonly object[], repository = 'app') => {
  const content: LayoutContent = { entries, blobs };
  const { registry } = await serve(`app=${writeStranger(join(await temporaryDirectory(), 'x'), content)}:ro`);
  const { manifests } = await registry.repository(parseRepositoryName(repository));
  const digests = await manifests.untagged();
  for (const digest of digests) expect((await manifests.get({ kind: 'digest', digest })).digest).toBe(digest);
  return digests;
};

it.each<[what: string, entries: readonly object[], found: readonly { readonly digest: string }[]]>([
  ['several without a name', [entryOf(one), entryOf(two), entryOf(one)], [one, two]],
  ['one without a name, which is latest', [entryOf(one)], []],
  ['one with a time of creation, as buildx writes it', [{ ...one.descriptor, ...ours }], [one]],
  ['one beside tags', [entryOf(one, 'v1'), entryOf(two)], [two]],
  ['one that lost its tag to another push', [entryOf(one, 'v1'), { ...two.descriptor, ...ours }], []],
  ['one that another entry tags', [entryOf(one, 'v1'), entryOf(one)], []],
  ['a child', [entryOf(index, 'v1'), entryOf(two)], []],
  ['a child of one without a name', [entryOf(index), entryOf(two), entryOf(one)], [index, one]],
  [
    'a referrer, and its response',
    [entryOf(one, 'v1'), entryOf(sbom), entryOf(response, referrersTagOf(one.digest))],
    [],
  ],
  ['a name that is none', [entryOf(one, 'v1'), named(two, 'a+b')], [two]],
  ['what is not there', [entryOf(one, 'v1'), entryOf(imageManifest({ annotations: { n: 'gone' } }))], []],
  ['a blob that is no manifest', [entryOf(one, 'v1'), { ...two.config.descriptor }], []],
])('%s', async (_, entries, found) => {
  expect(await untaggedOf(entries)).toEqual(found.map(({ digest }) => digest));
});

it('a full name without a tag belongs to its repository', async () => {
  const entries = [named(one, 'docker.io/acme/app:v1'), named(two, 'docker.io/acme/tool')];
  expect(await untaggedOf(entries, 'app/acme/tool')).toEqual([two.digest]);
  expect(await untaggedOf(entries, 'app/acme/app')).toEqual([]);
});

it('inspect says their digests', async () => {
  const directory = writeStranger(join(await temporaryDirectory(), 'x'), {
    entries: [entryOf(one), entryOf(two)],
    blobs,
  });
  expect(await codesIn(directory)).toContain('untagged-image');
});
