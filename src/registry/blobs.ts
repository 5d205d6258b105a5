// The blobs of one repository: what a client may ask and, where pushes are taken, take over from another repository and delete.
import type { PassingCheck } from '../layout/blobs/blob-checks.ts';
import type { Patience } from '../layout/blobs/blob-writer.ts';
import type { LayoutChanges } from '../layout/changes/layout-changes.ts';
import type { ChangeAuthor } from '../layout/changes/layout-news.ts';
import type { ImageLayout } from '../layout/image-layout.ts';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { OpenObject } from '../storage/object-store.ts';
import type { RepositoryQuotas } from './quota/quotas.ts';
import type { Telling } from './registry-desk.ts';
import { unlessUnavailable } from './unless-refused.ts';

/** An opened blob: positioned reads, and a file descriptor where there is one. Whoever opened it closes it. */
export type BlobContent = OpenObject;

export type { PassingCheck } from '../layout/blobs/blob-checks.ts';

export interface BlobInfo {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** The layout of a repository. Undefined for one whose blobs cannot be linked from here: it lies in another mount. */
export type LayoutOf = (name: RepositoryName) => Promise<ImageLayout | undefined>;

export class Blobs {
  readonly #layout: ImageLayout;

  constructor(layout: ImageLayout) {
    this.#layout = layout;
  }

  /** Throws BLOB_UNKNOWN, also for a damaged one: a client that is told that it is there would not push it again. */
  async stat(digest: Digest): Promise<BlobInfo> {
    const info = await this.#layout.blobs.find(digest);
    if (info === undefined) throw new RegistryError('BLOB_UNKNOWN');
    return { digest, size: info.size };
  }

  /** The size that it seems to have, told without reading it: for a list. Undefined for one that is not there, or damaged. */
  glance(digest: Digest): Promise<number | undefined> {
    return this.#layout.blobs.glance(digest);
  }

  /** Throws BLOB_UNKNOWN, also for a damaged one. What is sent of it goes through its `passingCheck`. */
  async open(digest: Digest): Promise<BlobContent> {
    const content = await this.#layout.blobs.open(digest);
    if (content === undefined) throw new RegistryError('BLOB_UNKNOWN');
    return content;
  }

  /** What is to be told of all bytes of an opened blob while they are sent; undefined when nobody need look at them. */
  passingCheck(digest: Digest, content: BlobContent): PassingCheck | undefined {
    return this.#layout.blobs.passingCheck(digest, content);
  }

  /** Of a part that is sent nobody can tell whether it is right: the whole is looked at meanwhile, if nobody did. */
  checkLater(digest: Digest, content: BlobContent): void {
    this.#layout.blobs.checkLater(digest, content);
  }

  /** Reads the whole blob; false when it is not there, or not what its digest says. */
  verify(digest: Digest): Promise<boolean> {
    return this.#layout.blobs.hashAnew(digest);
  }
}

export interface WritableBlobsParts {
  readonly name: RepositoryName;
  readonly changes: LayoutChanges;
  readonly layoutOf: LayoutOf;
  readonly quotas: RepositoryQuotas;
  readonly tell: Telling;
}

/** How long a mount may take, and who asked for it. */
export interface MountOptions {
  readonly patience?: Patience;
  readonly by?: ChangeAuthor | undefined;
}

export class WritableBlobs extends Blobs {
  readonly #parts: WritableBlobsParts;
  readonly #changes: LayoutChanges;

  constructor(layout: ImageLayout, parts: WritableBlobsParts) {
    super(layout);
    this.#parts = parts;
    this.#changes = parts.changes;
  }

  /** A client that is told so need not push it: until the grace is over no collection takes it. */
  override async stat(digest: Digest): Promise<BlobInfo> {
    const found = await super.stat(digest);
    return (await this.#changes.leases.tell(digest)) ? super.stat(digest) : found;
  }

  /**
   * True when the blob is in this repository afterwards, by a link and not by a copy; false starts an ordinary upload
   * (distribution-spec, Mounting Blobs). A large blob that nobody hashed yet is hashed first, or not taken over for now. Throws
   * QuotaExceededError.
   */
  async mount(
    digest: Digest,
    from: RepositoryName | undefined,
    { patience = 'later', by }: MountOptions = {},
  ): Promise<boolean> {
    const { name: repository, tell } = this.#parts;
    if (!(await this.#mount(digest, from, patience))) return false;
    if (tell !== undefined) {
      await tell({ kind: 'mounted', repository, digest, size: await this.#sizeToTell(digest), from, by });
    }
    return true;
  }

  async #mount(digest: Digest, from: RepositoryName | undefined, patience: Patience): Promise<boolean> {
    const { layoutOf, quotas } = this.#parts;
    const source = from === undefined ? undefined : await layoutOf(from);
    if (from !== undefined && source === undefined) return false;
    if (source !== undefined && (await mayBeManifest(source, digest))) return false;
    const mounted = () => this.#changes.blobs.mount(digest, source?.blobs, patience);
    if (!quotas.isAny) return mounted();
    const bytes = await this.#changes.blobs.mountedSize(digest, source?.blobs);
    return bytes === undefined ? mounted() : quotas.bring({ digest, bytes }, mounted);
  }

  /** Nothing is refused for what is only told. */
  async #sizeToTell(digest: Digest): Promise<number> {
    return (await unlessUnavailable(this.glance(digest))) ?? 0;
  }

  /** Throws BLOB_UNKNOWN; UNSUPPORTED (405) for a manifest. */
  async delete(digest: Digest, by?: ChangeAuthor): Promise<void> {
    const { name: repository, tell } = this.#parts;
    const size = tell === undefined ? 0 : await this.#sizeToTell(digest);
    if (!(await this.#changes.deleteBlob(digest))) throw new RegistryError('BLOB_UNKNOWN');
    await tell?.({ kind: 'blob deleted', repository, digest, size, by });
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
