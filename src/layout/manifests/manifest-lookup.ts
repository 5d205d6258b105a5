// What a tag or digest means among the manifests of a layout.
import { type Digest, isDigest } from '../../oci/digest.ts';
import { isManifestType } from '../../oci/media-type.ts';
import type { Tag } from '../../oci/reference.ts';
import type { LayoutBlobs } from '../blobs/layout-blobs.ts';
import type { IndexDraft } from '../index/index-draft.ts';
import type { IndexEntry } from '../index/index-entry.ts';
import type { IndexLook } from '../index/index-reader.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import type { RepositoryNames } from '../names/repository-names.ts';
import type { ManifestReader } from './manifest-reader.ts';

/** A manifest that the layout holds, with the type it is served with. */
export interface FoundManifest {
  readonly digest: Digest;
  readonly mediaType: string;
}

export interface ManifestLookupOptions {
  readonly readIndex: (look: IndexLook) => Promise<LayoutIndex | undefined>;
  /** The type that a manifest which no entry lists is referenced with; undefined for what no entry leads to. */
  readonly childType: (index: LayoutIndex, digest: Digest) => Promise<string | undefined>;
  readonly manifests: ManifestReader;
  readonly blobs: LayoutBlobs;
}

export class ManifestLookup {
  readonly #options: ManifestLookupOptions;

  constructor(options: ManifestLookupOptions) {
    this.#options = options;
  }

  /**
   * What a tag or digest means: an entry, or a manifest that an entry leads to (skopeo and regctl do not list children).
   * A blob that nothing names as a manifest is none, whatever it looks like.
   */
  async find(
    reference: Tag | Digest,
    names: RepositoryNames,
    look: IndexLook = 'own',
  ): Promise<FoundManifest | undefined> {
    const index = await this.#options.readIndex(look);
    if (index === undefined || !names.existsIn(index)) return undefined;
    if (!isDigest(reference)) return this.#foundEntry(names.entryOf(index, reference));
    const entry = index.listed(reference).findLast(mayBeManifest);
    return (await this.#foundEntry(entry)) ?? this.#findChild(index, reference);
  }

  /** The same for an entry alone: a manifest that none lists is none while its file is not there. */
  async findListed(digest: Digest, names: RepositoryNames): Promise<FoundManifest | undefined> {
    const index = await this.#options.readIndex('own');
    if (index === undefined || !names.existsIn(index)) return undefined;
    return this.#foundEntry(index.listed(digest).findLast(mayBeManifest));
  }

  /** The same in a draft as it stands. */
  async findNow(
    draft: IndexDraft,
    reference: Tag | Digest,
    names: RepositoryNames,
  ): Promise<FoundManifest | undefined> {
    if (!names.existsNow(draft)) return undefined;
    if (!isDigest(reference)) return this.#foundEntry(names.entryNow(draft, reference));
    const found = await this.#foundEntry(draft.listed(reference).findLast(mayBeManifest));
    return found ?? (draft.withdrawn.has(reference) ? undefined : this.#findChild(draft.base, reference));
  }

  async #foundEntry(entry: IndexEntry | undefined): Promise<FoundManifest | undefined> {
    if (entry?.digest === undefined) return undefined;
    const { digest, mediaType } = entry;
    if (mediaType !== undefined) return isManifestType(mediaType) ? { digest, mediaType } : undefined;
    const facts = await this.#options.manifests.factsOfEntry(entry);
    return facts === 'none' ? undefined : { digest, mediaType: facts.descriptor.mediaType };
  }

  async #findChild(index: LayoutIndex, digest: Digest): Promise<FoundManifest | undefined> {
    if ((await this.#options.blobs.stat(digest)) === undefined) return undefined;
    const mediaType = await this.#options.childType(index, digest);
    return mediaType === undefined ? undefined : { digest, mediaType };
  }
}

function mayBeManifest({ mediaType }: IndexEntry): boolean {
  return mediaType === undefined || isManifestType(mediaType);
}
