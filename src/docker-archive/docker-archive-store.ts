// A `docker save` archive of an older engine, which has no index.json, seen as an image layout: read-only, made from
// manifest.json when it is opened, its layers and configs served in place.

import { layoutKeys, ociLayoutBytes } from '../layout/files/keys.ts';
import { type Digest, digestOf } from '../oci/digest.ts';
import type { ArchiveProblem } from '../storage/archive/archive-problem.ts';
import type { ArchiveStore } from '../storage/archive/archive-store.ts';
import { childrenAmong, openBytes } from '../storage/bytes-in-memory.ts';
import type { Log } from '../storage/log.ts';
import type {
  Child,
  Key,
  ListingVersion,
  ObjectInfo,
  ObjectReader,
  OpenObject,
  Room,
  StagedInfo,
  StoredObject,
  Version,
} from '../storage/object-store.ts';
import { StorageError } from '../storage/storage-error.ts';
import { versionLabel } from '../storage/version-label.ts';
import { openMemberDigests } from './docker-archive-digests.ts';
import { type BlobSource, type DockerImages, DockerImagesBuilder } from './docker-archive-images.ts';
import { manifestFile, parseDockerManifest } from './docker-archive-manifest.ts';
import type { ImageProblem } from './image-problem.ts';

/** Thousands of images; Docker writes about 300 bytes for one. */
const maxImageListBytes = 4 * 1024 * 1024;

export class DockerArchive implements ObjectReader {
  /** Nothing is recorded about it. */
  readonly place = '';
  /** What is wrong with the archive, and with what manifest.json names in it. */
  readonly problems: readonly (ArchiveProblem | ImageProblem)[];
  readonly #archive: ArchiveStore;
  readonly #objects: ReadonlyMap<Key, BlobSource>;
  readonly #modifiedAtMs: number;

  constructor(archive: ArchiveStore, { index, blobs, problems }: DockerImages, modifiedAtMs: number) {
    this.problems = [...archive.problems, ...problems];
    this.#archive = archive;
    this.#modifiedAtMs = modifiedAtMs;
    const keys = layoutKeys('');
    this.#objects = new Map<Key, BlobSource>([
      [keys.ociLayout, { bytes: ociLayoutBytes }],
      [keys.index, { bytes: index }],
      ...[...blobs].map(([digest, source]: [Digest, BlobSource]) => [keys.blob(digest), source] as const),
    ]);
  }

  problem(): Promise<string | undefined> {
    return this.#archive.problem();
  }

  async stat(key: Key): Promise<ObjectInfo | undefined> {
    const source = this.#objects.get(key);
    if (source === undefined) return undefined;
    return 'member' in source ? this.#archive.stat(source.member) : this.#infoOf(source.bytes);
  }

  async glance(key: Key): Promise<number | undefined> {
    return (await this.stat(key))?.size;
  }

  async isCurrent(key: Key, info: ObjectInfo): Promise<boolean> {
    const source = this.#objects.get(key);
    if (source === undefined) return false;
    if ('member' in source) return this.#archive.isCurrent(source.member, info);
    return this.#infoOf(source.bytes).version === info.version;
  }

  async read(key: Key, limit: number): Promise<StoredObject | undefined> {
    const source = this.#objects.get(key);
    if (source === undefined) return undefined;
    if ('member' in source) return this.#archive.read(source.member, limit);
    const { bytes } = source;
    if (bytes.length > limit) throw new StorageError('too-large', `${key}: ${bytes.length} bytes, more than ${limit}`);
    return { info: this.#infoOf(bytes), bytes: Uint8Array.from(bytes) };
  }

  async open(key: Key): Promise<OpenObject | undefined> {
    const source = this.#objects.get(key);
    if (source === undefined) return undefined;
    if ('member' in source) return this.#archive.open(source.member);
    const { bytes } = source;
    return openBytes(this.#infoOf(bytes), bytes);
  }

  /** Of an archive nothing comes, and nothing goes. */
  async listingVersion(prefix: Key): Promise<ListingVersion | undefined> {
    return prefix as string as ListingVersion;
  }

  async prefixChangedAtMs(): Promise<number | undefined> {
    return undefined;
  }

  async room(): Promise<Room | undefined> {
    return undefined;
  }

  async staged(): Promise<readonly StagedInfo[]> {
    return [];
  }

  async list(prefix: Key): Promise<readonly Child[]> {
    return childrenAmong(this.#objects.keys(), prefix);
  }

  async close(): Promise<void> {
    await this.#archive.close();
  }

  #infoOf(bytes: Buffer): ObjectInfo {
    const label = versionLabel(this.#archive.identity, digestOf(bytes));
    return {
      size: bytes.length,
      version: label as string as Version,
      label,
      modifiedAtMs: this.#modifiedAtMs,
      changedAtMs: this.#modifiedAtMs,
      settled: true,
      hardLinks: 1,
    };
  }
}

/**
 * Makes the layout; the archive belongs to it from then on. Undefined when manifest.json is absent, or is no list of images.
 * Throws 'too-large' for a manifest.json that was not meant for anybody.
 */
export async function openDockerArchive(
  archive: ArchiveStore,
  { workDirectory, log }: { readonly workDirectory: string; readonly log: Log },
): Promise<DockerArchive | undefined> {
  const manifest = await archive.read(manifestFile, maxImageListBytes);
  const elements = manifest === undefined ? undefined : parseDockerManifest(manifest.bytes);
  if (manifest === undefined || elements === undefined) return undefined;
  const digests = await openMemberDigests(archive, workDirectory, log);
  const images = await new DockerImagesBuilder(archive, digests, log).build(elements);
  await digests.remember();
  return new DockerArchive(archive, images, manifest.info.modifiedAtMs);
}
