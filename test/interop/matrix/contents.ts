// What goes through the matrix: a tagged image, a multi-arch index, an image with two referrers, and two images of different
// repositories. All of it is pushed to the server over plain HTTP; the tools take it from there, or read what it made.

import { gzipSync } from 'node:zlib';
import { type Descriptor, indexType, manifestType } from '../material/layout-directory.ts';
import { tarArchive } from '../material/tar.ts';
import { type RegistryClient, sha256 } from '../registry-client.ts';

export const contentKinds = ['image', 'index', 'referrers', 'names'] as const;
export type ContentKind = (typeof contentKinds)[number];

/** Something that has a tag in a repository of the server. */
export interface TaggedContent {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  /** The digest of the image's config; of the first platform's for an index. */
  readonly config: string;
  /** The digests of the manifests that an index lists. */
  readonly children: readonly string[];
  readonly referrers: readonly string[];
  /** What the referrers API has to say of them. */
  readonly artifactTypes: readonly string[];
}

export interface MatrixContents {
  readonly image: TaggedContent;
  readonly index: TaggedContent;
  readonly referrers: TaggedContent;
  /** Two images; with full names they are `fullName` of each. */
  readonly names: readonly TaggedContent[];
}

/** What a referrer says, and what a registry has to answer where it says nothing. */
export interface ReferrerTypes {
  readonly stated: string;
  readonly derived: string;
}

const exampleTypes: ReferrerTypes = {
  stated: 'application/vnd.example.sbom.v1',
  derived: 'application/vnd.example.signature.config.v1+json',
};

const configType = 'application/vnd.oci.image.config.v1+json';
const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** The registry in the full names: it is only ever a name. */
export const nameHost = 'registry.example.com';

export function fullName({ repository, tag }: TaggedContent): string {
  return `${nameHost}/${repository}:${tag}`;
}

export async function pushContents(registry: RegistryClient): Promise<MatrixContents> {
  return {
    image: await pushImage(registry, 'matrix/image', 'v1'),
    index: await pushIndex(registry, 'matrix/index', 'v1'),
    referrers: await pushReferred(registry, 'matrix/referrers', 'v1'),
    names: [await pushImage(registry, 'acme/app', 'v1'), await pushImage(registry, 'team/other', 'v2')],
  };
}

export async function pushImage(registry: RegistryClient, repository: string, tag: string): Promise<TaggedContent> {
  const image = await pushManifest(registry, repository, tag, 'amd64');
  return {
    repository,
    tag,
    digest: image.digest,
    config: image.config,
    children: [],
    referrers: [],
    artifactTypes: [],
  };
}

async function pushIndex(registry: RegistryClient, repository: string, tag: string): Promise<TaggedContent> {
  const manifests: Descriptor[] = [];
  const configs: string[] = [];
  for (const architecture of ['amd64', 'arm64']) {
    const { digest, size, config } = await pushManifest(registry, repository, undefined, architecture);
    manifests.push({ mediaType: manifestType, digest, size, platform: { os: 'linux', architecture } });
    configs.push(config);
  }
  const bytes = json({ schemaVersion: 2, mediaType: indexType, manifests });
  const digest = await registry.pushManifest(repository, tag, indexType, bytes);
  const children = manifests.map((child) => child.digest);
  return { repository, tag, digest, config: configs[0] ?? '', children, referrers: [], artifactTypes: [] };
}

export async function pushReferred(
  registry: RegistryClient,
  repository: string,
  tag: string,
  types = exampleTypes,
): Promise<TaggedContent> {
  const image = await pushManifest(registry, repository, tag, 'amd64');
  const subject = { mediaType: manifestType, digest: image.digest, size: image.size };
  const referrers: string[] = [];
  for (const kind of ['stated', 'derived'] as const) {
    referrers.push(await pushReferrer(registry, repository, { kind, types, subject }));
  }
  const artifactTypes = Object.values(types);
  return { repository, tag, digest: image.digest, config: image.config, children: [], referrers, artifactTypes };
}

async function pushReferrer(
  registry: RegistryClient,
  repository: string,
  { kind, types, subject }: { kind: keyof ReferrerTypes; types: ReferrerTypes; subject: Descriptor },
): Promise<string> {
  const empty = await pushBlob(registry, repository, 'application/vnd.oci.empty.v1+json', Buffer.from('{}'));
  const layer = await pushBlob(registry, repository, 'text/plain', Buffer.from(`${kind}\n`));
  const bytes = json({
    schemaVersion: 2,
    mediaType: manifestType,
    ...(kind === 'stated' ? { artifactType: types.stated } : {}),
    config: kind === 'stated' ? empty : { ...empty, mediaType: types.derived },
    layers: [layer],
    subject,
    annotations: { 'org.opencontainers.image.created': '2026-01-02T03:04:05Z', 'com.example.kind': kind },
  });
  return await registry.pushManifest(repository, sha256(bytes), manifestType, bytes);
}

async function pushManifest(
  registry: RegistryClient,
  repository: string,
  tag: string | undefined,
  architecture: string,
): Promise<{ digest: string; size: number; config: string }> {
  // Different content each: nothing may be found because another cell left it there.
  const tar = tarArchive([
    { path: 'message', mode: 0o644, content: Buffer.from(`${repository} ${tag} ${architecture}\n`) },
  ]);
  const layer = await pushBlob(registry, repository, layerType, gzipSync(tar));
  const configBytes = json({
    architecture,
    os: 'linux',
    created: '2026-01-02T03:04:05Z',
    config: { Cmd: ['/message'] },
    rootfs: { type: 'layers', diff_ids: [sha256(tar)] },
    history: [{ created: '2026-01-02T03:04:05Z', created_by: 'matrix' }],
  });
  const config = await pushBlob(registry, repository, configType, configBytes);
  const bytes = json({ schemaVersion: 2, mediaType: manifestType, config, layers: [layer] });
  const digest = await registry.pushManifest(repository, tag ?? sha256(bytes), manifestType, bytes);
  return { digest, size: bytes.length, config: config.digest };
}

async function pushBlob(
  registry: RegistryClient,
  repository: string,
  mediaType: string,
  bytes: Buffer,
): Promise<Descriptor> {
  return { mediaType, digest: await registry.pushBlob(repository, bytes), size: bytes.length };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
