// index.json and manifest.json of an export, entry by entry, as the tools of each profile expect them.
import { arch } from 'node:process';
import { describe, expect, it } from 'vitest';
import { emptyIndexDocument } from '../../../src/layout/index/index-document.ts';
import { parseIndexDocument } from '../../../src/layout/index/index-parse.ts';
import { LayoutIndex } from '../../../src/layout/index/layout-index.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { collectContent } from '../../../src/transfer/export-content.ts';
import { blobPath, dockerImages, mergedDockerManifest } from '../../../src/transfer/export-docker-manifest.ts';
import { exportEntries, withExport } from '../../../src/transfer/export-index.ts';
import type { Platform } from '../../../src/transfer/export-platform.ts';
import type { ExportProfile } from '../../../src/transfer/export-profile.ts';
import { type Content, imageManifest } from '../../support/content.ts';
import {
  amd64,
  approval,
  arm64,
  cosignedImages,
  cosignTags,
  index,
  layer,
  platformIndex,
  requestFor,
  signature,
  signedImages,
} from '../../support/exports.ts';
import type { MemorySource } from '../../support/memory-source.ts';

function contentOf(
  references: readonly string[],
  {
    source = signedImages(),
    referrers = true,
    platform,
  }: { source?: MemorySource; referrers?: boolean; platform?: Platform } = {},
) {
  return collectContent(
    references.map((written) => requestFor(source, written)),
    { referrers, platform, note: () => {}, signal: new AbortController().signal },
  );
}

async function entriesOf(
  references: readonly string[],
  profile: ExportProfile,
  options: Parameters<typeof contentOf>[1] = {},
) {
  const { entries } = exportEntries(await contentOf(references, options), profile);
  const { bytes } = withExport(LayoutIndex.of(emptyIndexDocument), { entries }).document;
  return (JSON.parse(bytes.toString()) as { manifests: unknown[] }).manifests;
}

const bare = ({ descriptor }: Content) => descriptor;
const named = ({ descriptor }: Content, annotations: object) => ({ ...descriptor, annotations });
const refName = 'org.opencontainers.image.ref.name';
const imageName = 'io.containerd.image.name';
const signatureEntry = {
  ...signature.descriptor,
  artifactType: 'application/vnd.example.signature',
  annotations: { 'io.containerd.manifest.subject': amd64.digest },
};
const approvalEntry = {
  ...approval.descriptor,
  artifactType: 'application/vnd.example.approval',
  annotations: { 'io.containerd.manifest.subject': signature.digest },
};
const referrerEntries = [signatureEntry, approvalEntry].sort((a, b) => (a.digest < b.digest ? -1 : 1));

describe('index.json of an export', () => {
  it('for oci has bare tags, children, referrers, and their responses last', async () => {
    const entries = await entriesOf(['team/app:multi', 'team/app:v1'], 'oci');
    const response = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: index.descriptor.mediaType,
        manifests: [
          {
            ...signature.descriptor,
            artifactType: 'application/vnd.example.signature',
            annotations: { 'com.example.kind': 'signature' },
          },
        ],
      }),
    );
    expect(entries.slice(0, 5)).toEqual([
      named(index, { [refName]: 'multi' }),
      named(amd64, { [refName]: 'v1' }),
      bare(arm64),
      ...referrerEntries,
    ]);
    expect(entries).toHaveLength(7);
    expect(entries).toContainEqual({
      mediaType: index.descriptor.mediaType,
      digest: digestOf(response),
      size: response.byteLength,
      annotations: { [refName]: `sha256-${amd64.digest.slice(7)}` },
    });
  });

  it.each(['docker', 'ctr'] as const)(
    'for %s has full names and referrers, no children and no responses',
    async (profile) => {
      expect(await entriesOf(['team/app:multi', 'team/app:v1'], profile)).toEqual([
        named(index, { [imageName]: 'docker.io/team/app:multi', [refName]: 'multi' }),
        named(amd64, { [imageName]: 'docker.io/team/app:v1', [refName]: 'v1' }),
        ...referrerEntries,
      ]);
    },
  );

  it('for linuxkit has full names as ref.name', async () => {
    expect(await entriesOf(['team/app:v1'], 'linuxkit')).toEqual([
      named(amd64, { [refName]: 'docker.io/team/app:v1' }),
      ...referrerEntries,
    ]);
  });

  it('for crane has one entry', async () => {
    expect(await entriesOf(['team/app:v1'], 'crane')).toEqual([named(amd64, { [refName]: 'v1' })]);
    await expect(entriesOf(['team/app:v1', 'team/app:multi'], 'crane')).rejects.toThrow('exactly one image');
  });

  it('leaves referrers out when asked to', async () => {
    expect(await entriesOf(['team/app:v1'], 'oci', { referrers: false })).toEqual([named(amd64, { [refName]: 'v1' })]);
    expect(await entriesOf(['team/app:v1'], 'docker', { referrers: false })).toHaveLength(1);
  });

  it.each([
    ['oci', bare(amd64)],
    ['crane', bare(amd64)],
    ['docker', named(amd64, nameOf(`docker.io/team/app@${amd64.digest}`))],
    ['linuxkit', named(amd64, { [refName]: `docker.io/team/app@${amd64.digest}` })],
  ] as const)('for %s names an image by its digest when it was asked for so', async (profile, entry) => {
    expect(await entriesOf([`team/app@${amd64.digest}`], profile, { referrers: false })).toEqual([entry]);
  });

  it('lists an image once that was asked for by tag and by digest', async () => {
    const entries = await entriesOf(['team/app:v1', `team/app@${amd64.digest}`], 'oci', { referrers: false });
    expect(entries).toEqual([named(amd64, { [refName]: 'v1' })]);
  });

  it('does not give one tag to two images, where only tags are written', async () => {
    const other = imageManifest({ annotations: { other: 'yes' } });
    const source = signedImages().addImage('base', other, 'v1');
    const both = ['team/app:v1', 'base:v1'];
    await expect(entriesOf(both, 'oci', { source })).rejects.toThrow('two images would be named "v1"');
    expect(await entriesOf(both, 'docker', { source, referrers: false })).toEqual([
      named(amd64, { [imageName]: 'docker.io/team/app:v1', [refName]: 'v1' }),
      named(other, { [imageName]: 'docker.io/library/base:v1', [refName]: 'v1' }),
    ]);
  });

  it('of one platform holds that image under the tag of the index', async () => {
    const platform = { os: 'linux', architecture: 'arm64' };
    expect(await entriesOf(['team/app:multi'], 'oci', { platform })).toEqual([named(arm64, { [refName]: 'multi' })]);
    await expect(
      entriesOf(['team/app:multi'], 'oci', { platform: { os: 'linux', architecture: 's390x' } }),
    ).rejects.toThrow('no image for linux/s390x');
  });
});

function nameOf(name: string): object {
  return { [imageName]: name, [refName]: name };
}

describe('an export into a layout', () => {
  const foreign = {
    'x-vendor': { keep: 'me' },
    manifests: [
      { ...bare(arm64), 'x-field': 1, annotations: { [refName]: 'v1', [imageName]: 'docker.io/team/app:v1' } },
      { ...bare(arm64), annotations: { [refName]: 'v1' } },
      { mediaType: 'application/vnd.unknown', digest: 'sha384:00', size: 1 },
    ],
  };

  it('replaces what has the same full name and keeps everything else as it was', async () => {
    const { entries } = exportEntries(await contentOf(['team/app:v1'], { referrers: false }), 'docker');
    const base = LayoutIndex.of(parseIndexDocument(Buffer.from(JSON.stringify(foreign)), undefined));
    const merged = withExport(base, { entries }).document.bytes;
    expect(JSON.parse(merged.toString())).toEqual({
      schemaVersion: 2,
      'x-vendor': { keep: 'me' },
      manifests: [
        { ...bare(arm64), annotations: { [refName]: 'v1' } },
        named(amd64, { [imageName]: 'docker.io/team/app:v1', [refName]: 'v1' }),
        { mediaType: 'application/vnd.unknown', digest: 'sha384:00', size: 1 },
      ],
    });
  });

  it('done twice changes nothing the second time', async () => {
    const made = exportEntries(await contentOf(['team/app:v1']), 'docker');
    const once = withExport(LayoutIndex.of(emptyIndexDocument), made);
    const twice = withExport(LayoutIndex.of(parseIndexDocument(once.document.bytes, undefined)), made);
    expect(twice.document.bytes.toString()).toBe(once.document.bytes.toString());
  });
});

describe('manifest.json of an export', () => {
  const host = arch === 'arm64' ? arm64 : amd64;

  it('has one element for each image with all its names, and the image of this machine for an index', async () => {
    const source = signedImages().addManifest('team/app', amd64, 'latest');
    const { images } = await contentOf(['team/app:v1', 'team/app:latest', 'team/app:multi'], { source });
    const elements = dockerImages(images);
    const hostTags =
      host === amd64
        ? ['docker.io/team/app:v1', 'docker.io/team/app:latest', 'docker.io/team/app:multi']
        : ['docker.io/team/app:multi'];
    expect(elements).toContainEqual({
      Config: blobPath(host.config.digest),
      RepoTags: hostTags,
      Layers: [blobPath(layer.digest)],
    });
    expect(elements).toHaveLength(host === amd64 ? 1 : 2);
  });

  it('takes what can run where the platform of this machine is missing, and never an attestation', async () => {
    const attestation = imageManifest({ annotations: { attestation: 'yes' } });
    const riscv = platformIndex([attestation, 'unknown'], [arm64, 'riscv64']);
    const source = signedImages().addImage('team/app', attestation).addManifest('team/app', riscv, 'riscv');
    const { images } = await contentOf(['team/app:riscv'], { source });
    expect(dockerImages(images).map(({ Config }) => Config)).toEqual([blobPath(arm64.config.digest)]);
  });

  it('leaves out what no engine can run', async () => {
    const { images } = await contentOf([`team/app@${amd64.digest}`]);
    expect(dockerImages(images).map(({ RepoTags }) => RepoTags)).toEqual([null]);
    const artifact = imageManifest({
      config: {
        ...signature.config,
        descriptor: { ...signature.config.descriptor, mediaType: 'application/vnd.oci.empty.v1+json' },
      },
    });
    const source = signedImages().addImage('sbom', artifact, 'v1');
    expect(dockerImages((await contentOf(['sbom:v1'], { source })).images)).toEqual([]);
  });

  it('takes names from the images that had them', () => {
    const before = [
      { Config: 'a', RepoTags: ['app:v1', 'app:v2'], Layers: [], 'x-field': 1 },
      { Config: 'b', RepoTags: ['app:v3'], Layers: [] },
    ];
    const merged = mergedDockerManifest(Buffer.from(JSON.stringify(before)), [
      { Config: 'c', RepoTags: ['app:v2', 'app:v3'], Layers: ['l'] },
    ]);
    expect(JSON.parse(merged.toString())).toEqual([
      { Config: 'a', RepoTags: ['app:v1'], Layers: [], 'x-field': 1 },
      { Config: 'c', RepoTags: ['app:v2', 'app:v3'], Layers: ['l'] },
    ]);
    expect(mergedDockerManifest(merged, [{ Config: 'c', RepoTags: ['app:v2', 'app:v3'], Layers: ['l'] }])).toEqual(
      merged,
    );
    expect(() => mergedDockerManifest(Buffer.from('{}'), [])).toThrow('not a list of images');
    expect(() => mergedDockerManifest(Buffer.from('[{'), [])).toThrow('is not JSON');
  });
});

describe('what cosign keeps under tags', () => {
  it('has its tag, after the image (oci)', async () => {
    const entries = (await entriesOf(['team/app:multi'], 'oci', { source: cosignedImages() })) as Entry[];
    expect(entries[0]).toMatchObject({ digest: index.digest });
    for (const [tag, { digest }] of cosignTags) {
      expect(entries).toContainEqual(expect.objectContaining({ digest, annotations: { [refName]: tag } }));
    }
  });

  it.each(['docker', 'ctr'] as const)(
    'has a name that no engine reads, and is no image of manifest.json (%s)',
    async (profile) => {
      const entries = (await entriesOf(['team/app:multi'], profile, { source: cosignedImages() })) as Entry[];
      for (const [tag, { digest }] of cosignTags) {
        const annotations = {
          'io.containerd.manifest.subject': tag.replace(/^sha256-(.*)\..*$/, 'sha256:$1'),
          'io.moorage.image.name': `docker.io/team/app:${tag}`,
        };
        expect(entries).toContainEqual(expect.objectContaining({ digest, annotations }));
      }
      const { images } = await contentOf(['team/app:multi'], { source: cosignedImages() });
      expect(dockerImages(images).flatMap(({ RepoTags }) => RepoTags)).toEqual(['docker.io/team/app:multi']);
    },
  );

  it('is not there where an index holds one entry only (crane)', async () => {
    expect(await entriesOf(['team/app:multi'], 'crane', { source: cosignedImages(), referrers: false })).toHaveLength(
      1,
    );
  });
});

interface Entry {
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
}
