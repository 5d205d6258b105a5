// The blobs of one repository: what a client may ask, take over from another repository, and delete.
import type { ImageLayout } from '../layout/image-layout.ts';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { OpenObject } from '../storage/object-store.ts';

/** An opened blob: positioned reads, and a file descriptor where there is one. Whoever opened it closes it. */
export type BlobContent = OpenObject;

export interface BlobInfo {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** Undefined for a repository whose blobs cannot be linked from here: it lies in another mount. */
export type LayoutOf = (name: RepositoryName) => Promise<ImageLayout | undefined>;

export class Blobs {
  readonly #layout: ImageLayout;
  readonly #layoutOf: LayoutOf;

  constructor(layout: ImageLayout, layoutOf: LayoutOf) {
    this.#layout = layout;
    this.#layoutOf = layoutOf;
  }

  /** Throws BLOB_UNKNOWN. */
  async stat(digest: Digest): Promise<BlobInfo> {
    const info = await this.#layout.blobs.stat(digest);
    if (info === undefined) throw new RegistryError('BLOB_UNKNOWN');
    return { digest, size: info.size };
  }

  /** Throws BLOB_UNKNOWN. */
  async open(digest: Digest): Promise<BlobContent> {
    const content = await this.#layout.blobs.open(digest);
    if (content === undefined) throw new RegistryError('BLOB_UNKNOWN');
    return content;
  }

  /** True when the blob is in this repository afterwards, by a link and not by a copy; false starts an ordinary upload (distribution-spec, Mounting Blobs). */
  async mount(digest: Digest, from: RepositoryName | undefined): Promise<boolean> {
    const source = from === undefined ? undefined : await this.#layoutOf(from);
    if (from !== undefined && source === undefined) return false;
    if (source !== undefined && (await mayBeManifest(source, digest))) return false;
    return this.#layout.blobs.mount(digest, source?.blobs);
  }

  /** Throws BLOB_UNKNOWN; UNSUPPORTED (405) for a manifest. */
  async delete(digest: Digest): Promise<void> {
    if (!(await this.#layout.deleteBlob(digest))) throw new RegistryError('BLOB_UNKNOWN');
  }
}

/** The files of manifests are never shared. A source whose index cannot be read is no reason to refuse the upload that follows. */
async function mayBeManifest(layout: ImageLayout, digest: Digest): Promise<boolean> {
  try {
    return await layout.isManifest(digest);
  } catch (error) {
    if (error instanceof RegistryError) return true;
    throw error;
  }
}
