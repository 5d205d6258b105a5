// The tree of an image: what belongs where, and how it stays bounded whatever a source says.
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../src/oci/digest.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { parseReference, parseRepositoryName } from '../../../src/oci/reference.ts';
import type { ImageSource } from '../../../src/transfer/image-source.ts';
import { defaultTreeOptions, imageTree, type TreeOptions } from '../../../src/transfer/image-tree.ts';
import type { ImageTreeNode } from '../../../src/transfer/image-tree-node.ts';
import { RegistrySource } from '../../../src/transfer/registry-source.ts';
import {
  blobOf,
  type Content,
  configType,
  contentOf,
  imageIndex,
  imageManifest,
  referrerOf,
} from '../../support/content.ts';
import { putLayout } from '../../support/fixture-layouts.ts';
import { MemorySource } from '../../support/memory-source.ts';
import { memoryRegistry } from '../../support/registry-under-test.ts';

const app = parseRepositoryName('team/app');

function treeOf(source: ImageSource, reference: string, options: Partial<TreeOptions> = {}): Promise<ImageTreeNode> {
  return imageTree(source, app, parseReference(reference), { ...defaultTreeOptions, ...options });
}

/** The shape alone: kind, what it is known by, and what hangs below. */
function shape(node: ImageTreeNode): unknown {
  const name = node.platform ?? node.artifactType ?? node.kind;
  const below = [...node.manifests, ...node.attestations, ...node.referrers, ...node.cosign].map(shape);
  return [`${node.kind} ${name}${node.problem === undefined ? '' : ` [${node.problem}]`}`, ...below];
}

const config = (value: object) => blobOf(JSON.stringify(value), configType);
const shared = blobOf('a layer that both have');
const amd64 = imageManifest({
  config: config({ os: 'linux', architecture: 'amd64', created: '2026-01-02T03:04:05Z' }),
  layers: [shared],
});
const arm64 = imageManifest({
  config: config({ os: 'linux', architecture: 'arm64', variant: 'v8' }),
  layers: [shared, blobOf('own')],
});
const sbom = referrerOf(arm64, 'application/sbom', { 'org.opencontainers.image.created': '2026-02-03T04:05:06Z' });
const signature = referrerOf(sbom, 'application/signature');

describe('the tree of an image', () => {
  it('has platforms, referrers, and what refers to those', async () => {
    const index = imageIndex({ manifests: [amd64, arm64] });
    const ofIndex = referrerOf(index, 'application/signature');
    const source = new MemorySource()
      .addManifest(app, index, 'v1')
      .addImage(app, amd64)
      .addImage(app, arm64)
      .addImage(app, sbom)
      .addImage(app, signature)
      .addImage(app, ofIndex);
    const tree = await treeOf(source, 'v1');
    expect(shape(tree)).toEqual([
      'index index',
      ['image linux/amd64'],
      ['image linux/arm64/v8', ['referrer application/sbom', ['referrer application/signature']]],
      ['referrer application/signature'],
    ]);
    expect(tree).toMatchObject({
      digest: index.digest,
      mediaType: mediaTypes.imageIndex,
      size: index.bytes.byteLength,
    });
    const [first, second] = tree.manifests;
    expect(first).toMatchObject({
      digest: amd64.digest,
      artifactType: configType,
      created: '2026-01-02T03:04:05Z',
      contentSize: amd64.config.bytes.byteLength + shared.bytes.byteLength,
      layers: [shared.descriptor],
      config: amd64.config.descriptor,
    });
    expect(second?.referrers[0]).toMatchObject({
      created: '2026-02-03T04:05:06Z',
      annotations: { 'org.opencontainers.image.created': '2026-02-03T04:05:06Z' },
    });
    // The layer that both have counts once, referrers do not.
    expect(tree.contentSize).toBe((first?.contentSize ?? 0) + (second?.contentSize ?? 0) - shared.bytes.byteLength);
  });

  it('has what cosign keeps under tags, where that is no referrer', async () => {
    const tagged = imageManifest({ annotations: { of: 'cosign' } });
    const source = new MemorySource()
      .addImage(app, arm64, 'v1')
      .addImage(app, sbom, `${arm64.digest.replace(':', '-')}.sbom`)
      .addImage(app, tagged, `${arm64.digest.replace(':', '-')}.sig`)
      .addImage(app, signature, `${tagged.digest.replace(':', '-')}.att`);
    const { referrers, cosign } = await treeOf(source, 'v1');
    expect(referrers.map(({ digest }) => digest)).toEqual([sbom.digest]);
    expect(cosign).toMatchObject([
      {
        kind: 'cosign',
        digest: tagged.digest,
        tag: `${arm64.digest.replace(':', '-')}.sig`,
        cosign: [{ digest: signature.digest, tag: `${tagged.digest.replace(':', '-')}.att` }],
      },
    ]);
  });

  it('without referrers when they are not wanted', async () => {
    const source = new MemorySource().addImage(app, arm64, 'v1').addImage(app, sbom);
    expect(shape(await treeOf(source, 'v1', { referrers: false }))).toEqual(['image linux/arm64/v8']);
  });

  it.each([
    ['v2', 'MANIFEST_UNKNOWN'],
    [`sha256:${'0'.repeat(64)}`, 'MANIFEST_UNKNOWN'],
  ])('that is not there: %s is %s', async (reference, code) => {
    const source = new MemorySource().addImage(app, arm64, 'v1');
    await expect(treeOf(source, reference)).rejects.toMatchObject({ code });
  });

  it('says nothing of a config that is missing, another one, or not what its digest says', async () => {
    const named = imageManifest({ config: config({ os: 'linux', architecture: 's390x' }), layers: 0 });
    const missing = new MemorySource().addManifest(app, named, 'v1');
    expect((await treeOf(missing, 'v1')).platform).toBeUndefined();
    const { digest } = named.config;
    const wrong = missing.addBlob({ digest, bytes: Buffer.from('{"os":"evil","architecture":"evil"}') });
    expect((await treeOf(wrong, 'v1')).platform).toBeUndefined();
    expect((await treeOf(wrong.addBlob(named.config), 'v1')).platform).toBe('linux/s390x');
  });
});

describe('an index', () => {
  it('with attestations of BuildKit hangs them below their platforms', async () => {
    const platform = { platform: { os: 'linux', architecture: 'amd64' } };
    const statement = imageManifest({
      config: config({ os: 'unknown', architecture: 'unknown' }),
      layers: [blobOf('{}')],
    });
    const lost = imageManifest({ layers: [blobOf('lost')] });
    const attesting = (image: Content, of: string) => ({
      descriptor: {
        ...image.descriptor,
        annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': of },
      },
    });
    // In an order that no tool writes: what is attested comes last.
    const index = imageIndex({
      manifests: [
        attesting(statement, amd64.digest),
        { descriptor: { ...amd64.descriptor, ...platform } },
        attesting(lost, `sha256:${'9'.repeat(64)}`),
      ],
    });
    const source = new MemorySource().addManifest(app, index, 'v1').addImage(app, amd64);
    source.addImage(app, statement).addImage(app, lost);
    expect(shape(await treeOf(source, 'v1'))).toEqual([
      'index index',
      ['image linux/amd64', [`attestation ${configType}`]],
      [`attestation ${configType}`],
    ]);
  });

  it('that is sparse, and lists what is no manifest, shows both', async () => {
    const layer = blobOf('a layer');
    const index = imageIndex({ manifests: [amd64, arm64, layer] });
    const source = new MemorySource().addManifest(app, index, 'v1').addImage(app, arm64).addImage(app, sbom);
    const tree = await treeOf(source, 'v1');
    expect(shape(tree)).toEqual([
      'index index',
      ['image image [missing]'],
      ['image linux/arm64/v8', ['referrer application/sbom']],
      ['image image [not a manifest]'],
    ]);
    expect(tree.manifests[0]).toMatchObject({ digest: amd64.digest, size: amd64.descriptor.size, contentSize: 0 });
  });

  it('below a missing platform still shows what refers to it', async () => {
    const index = imageIndex({ manifests: [arm64] });
    const source = new MemorySource().addManifest(app, index, 'v1').addImage(app, sbom);
    expect(shape(await treeOf(source, 'v1'))).toEqual([
      'index index',
      ['image image [missing]', ['referrer application/sbom']],
    ]);
  });
});

describe('a source that says what cannot be', () => {
  /** Bytes under a digest that is not theirs. */
  const under = (digest: string, content: Content): Content => ({ ...content, digest: digest as Digest });

  it('an index that contains itself', async () => {
    const digest = `sha256:${'c'.repeat(64)}`;
    const self = { descriptor: { mediaType: mediaTypes.imageIndex, digest: digest as Digest, size: 1 } };
    const source = new MemorySource().addManifest(app, under(digest, imageIndex({ manifests: [self] })), 'v1');
    expect(shape(await treeOf(source, 'v1'))).toEqual(['index index', ['index index [cycle]']]);
  });

  it('a manifest that is none', async () => {
    const broken = contentOf(Buffer.from('{"schemaVersion": 2, "layers": "no"}'), mediaTypes.imageManifest);
    const source = new MemorySource().addManifest(app, imageIndex({ manifests: [broken] }), 'v1');
    const lying: ImageSource = Object.assign(source.addManifest(app, broken), { referrers: async () => [] });
    expect(shape(await treeOf(lying, 'v1'))).toEqual(['index index', ['image image [unreadable]']]);
  });

  it('a referrer that refers to something else', async () => {
    const source = new MemorySource().addImage(app, amd64, 'v1').addImage(app, sbom);
    const referrers = async (_name: string, subject: Digest) => (subject === amd64.digest ? [sbom.descriptor] : []);
    const lying: ImageSource = Object.assign(source, { referrers });
    expect(shape(await treeOf(lying, 'v1'))).toEqual(['image linux/amd64', ['referrer application/sbom [unrelated]']]);
  });

  it('a chain of referrers without end is cut, and says so', async () => {
    const source = new MemorySource().addImage(app, amd64, 'v1');
    let last: Content = amd64;
    for (let at = 0; at < 30; at += 1) {
      const next = referrerOf(last, `application/${at}`);
      source.addImage(app, next);
      last = next;
    }
    let node: ImageTreeNode | undefined = await treeOf(source, 'v1');
    const omitted: number[] = [];
    for (; node !== undefined; node = node.referrers[0]) omitted.push(node.omitted);
    expect(omitted).toEqual([...Array.from({ length: 16 }, () => 0), 1]);
  });

  it('more nodes than anybody looks at are cut, the same ones each time', async () => {
    const source = new MemorySource().addImage(app, amd64, 'v1');
    for (let at = 0; at < 40; at += 1) source.addImage(app, referrerOf(amd64, `application/${at}`));
    const tree = await treeOf(source, 'v1', { maxNodes: 11 });
    expect(tree.referrers).toHaveLength(10);
    expect(tree.omitted).toBe(30);
    expect(await treeOf(source, 'v1', { maxNodes: 11 })).toEqual(tree);
  });

  it('what fails otherwise is no missing child', async () => {
    const index = imageIndex({ manifests: [amd64] });
    const source = new MemorySource().addManifest(app, index, 'v1').addImage(app, amd64);
    source.breaksAt.set(amd64.config.digest, 0);
    await expect(treeOf(source, 'v1')).rejects.toThrow('the connection was lost');
  });
});

describe('layouts of other tools', () => {
  async function fixture(name: string): Promise<ImageSource> {
    const { registry, store } = await memoryRegistry();
    await putLayout(store, app, name);
    return new RegistrySource(registry, name);
  }

  const image = 'image linux/amd64';
  const r1 = 'referrer application/vnd.example.sbom.v1';
  const r2 = 'referrer application/vnd.example.signature.config.v1+json';

  it.each([
    ['recorded/oras/referrers-attached', 'v1', [image, [r1]]],
    ['recorded/regctl/referrers', 'v1', [image, [r1], [r2]]],
    ['generated/containerd/referrers', '3.20', [image, [r1], [r2]]],
    ['generated/olareg/referrers-pr1171', 'v1', [image, [r1], [r2]]],
    ['generated/buildkit/attestation', 'v1', ['index index', [image, [`attestation ${configType}`]]]],
    ['generated/odd/nested-index', 'v1', ['index index', ['index index', [image], ['image linux/arm64']]]],
  ])('%s', async (name, reference, expected) => {
    const tree = await treeOf(await fixture(name), reference);
    const sorted = (node: unknown): unknown => {
      if (!Array.isArray(node)) return node;
      const [own, ...below] = node.map(sorted);
      return [own, ...below.sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))];
    };
    expect(sorted(shape(tree))).toEqual(sorted(expected));
  });
});
