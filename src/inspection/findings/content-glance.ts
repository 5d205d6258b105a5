// Whether what the tags of a layout lead to could be pulled, told at a glance, as for the list at the start: config and layers are looked
// at and not read.
import type { LayoutKeys } from '../../layout/files/keys.ts';
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import { type Manifest, parseManifest } from '../../oci/manifest.ts';
import type { DirectoryListing } from '../../storage/filesystem/directory-listing.ts';
import type { ObjectReader } from '../../storage/object-store.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { type Glances, missingContentOf } from '../missing-content.ts';
import type { FindingList } from './finding-list.ts';

/** Of all layouts together: what is beyond is for `moorage inspect`. */
const maxManifestsRead = 2_000;
const maxManifestBytes = 256 * 1024;

export interface ContentGlanceOptions {
  readonly store: ObjectReader;
  /** Shows links among the blobs; undefined where the store is no directory. */
  readonly files: DirectoryListing | undefined;
  readonly budget: ReadBudget;
}

/** How many manifests may still be read, of one layout after the other. */
export class ReadBudget {
  #left = maxManifestsRead;

  take(): boolean {
    this.#left -= 1;
    return this.#left >= 0;
  }
}

export interface TaggedManifest {
  readonly name: string;
  readonly digest: Digest;
  readonly mediaType: string | undefined;
  readonly size: number;
}

export class ContentGlance {
  readonly #options: ContentGlanceOptions;
  readonly #keys: LayoutKeys;
  readonly #seen = new Set<Digest>();

  constructor(options: ContentGlanceOptions, keys: LayoutKeys) {
    this.#options = options;
    this.#keys = keys;
  }

  /** Once for each manifest, however many tags it has. */
  async find({ name, digest, mediaType, size }: TaggedManifest, findings: FindingList): Promise<void> {
    if (size > maxManifestBytes || this.#seen.has(digest)) return;
    this.#seen.add(digest);
    const manifest = await this.#read(digest, mediaType);
    const missing = manifest && (await missingContentOf(manifest, this.#glances));
    if (missing === undefined) return;
    const why = missing.otherSize === undefined ? this.linkAt(missing.digest) : 'of another size';
    const about = `${missing.digest}${why === undefined ? '' : `, ${why}`}`;
    findings.add('missing-content', { name, detail: about });
  }

  /** What to say of a link that is not followed; undefined where there is none. */
  linkAt(digest: Digest): string | undefined {
    const isLink = this.#options.files?.kind(this.#keys.blob(digest)) === 'symbolic link';
    return isLink ? 'a symbolic link; see layouts.links, and NAME=PATH:ro' : undefined;
  }

  get #glances(): Glances {
    const { store } = this.#options;
    return {
      manifest: async (digest, mediaType) => this.#read(digest, mediaType),
      size: (digest) => store.glance(this.#keys.blob(digest)),
    };
  }

  async #read(digest: Digest, mediaType: string | undefined): Promise<Manifest | undefined> {
    const { store, budget } = this.#options;
    if (!budget.take()) return undefined;
    try {
      const object = await store.read(this.#keys.blob(digest), maxManifestBytes);
      return object && parseManifest(object.bytes, mediaType);
    } catch (error) {
      // What cannot be read as a manifest is for `moorage inspect`.
      if (error instanceof RegistryError || error instanceof StorageError) return undefined;
      throw error;
    }
  }
}
