// Imports images into repositories: blobs first, then manifests by digest from the leaves up, what refers to them, and tags last,
// so that a reader never meets half an image and an interrupted import only has to go on.
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { RepositoryName, Tag } from '../oci/reference.ts';
import type { Repository } from '../registry/repository.ts';
import { copyBlob } from './copy-blob.ts';
import { forEachConcurrently } from './copy-concurrently.ts';
import { CopyError, WrongContentError } from './copy-error.ts';
import { ManifestBatch } from './copy-manifests.ts';
import { ImageWalk, type WalkedManifest } from './copy-walk.ts';
import type { ImageSource } from './image-source.ts';
import type { PlannedImage } from './import-plan.ts';
import { type CopyProgress, CopyTally, type CopyTotals } from './progress.ts';

/** More would not be faster on one connection or disk, and each holds a few MiB. */
const blobsAtOnce = 3;

/** What an import needs of the repository that it copies into. */
export type ImportRepository = Pick<Repository, 'name' | 'blobs' | 'uploads' | 'manifests'>;

export interface ImportOptions {
  readonly source: ImageSource;
  readonly repository: (name: RepositoryName) => Promise<ImportRepository> | ImportRepository;
  readonly referrers: boolean;
  readonly progress: CopyProgress;
  readonly signal: AbortSignal;
  /** Hash what is there already instead of trusting its size. */
  readonly verifyPresent?: boolean;
}

export interface ImportedImage {
  readonly from: RepositoryName;
  /** As it was named in the source. */
  readonly reference: string;
  readonly to: RepositoryName;
  readonly tag: Tag | undefined;
  readonly digest: Digest;
}

export interface FailedImage {
  readonly from: RepositoryName;
  readonly reference: string;
  readonly reason: string;
}

export interface ImportReport {
  readonly images: readonly ImportedImage[];
  /** Incomplete or broken in the source; the others were copied all the same. */
  readonly failed: readonly FailedImage[];
  readonly totals: CopyTotals;
  readonly notes: readonly string[];
}

/** Throws what stops all of it: wrong content, a full disk, an unreachable source, or the reason of `signal`. What was copied stays. */
export async function importImages(planned: readonly PlannedImage[], options: ImportOptions): Promise<ImportReport> {
  const tally = new CopyTally(options.progress);
  const copies = new RepositoryCopies({ ...options, progress: tally });
  const images: ImportedImage[] = [];
  const failed: FailedImage[] = [];
  for (const image of planned) {
    const { from, to, tag } = image;
    const reference = image.reference.kind === 'tag' ? image.reference.tag : image.reference.digest;
    try {
      images.push({ from, reference, to, tag, digest: await copies.copy(image) });
    } catch (error) {
      if (!isFlawOfTheImage(error)) throw error;
      failed.push({ from, reference, reason: error.message });
      tally.note(`${from} ${reference} was not copied: ${error.message}`);
    }
  }
  return { images, failed, totals: tally.totals, notes: tally.notes };
}

/** Nothing is wrong with the others then. */
function isFlawOfTheImage(error: unknown): error is Error {
  if (error instanceof WrongContentError) return false;
  if (error instanceof CopyError) return true;
  return error instanceof RegistryError && flaws.has(error.code);
}

const flaws: ReadonlySet<string> = new Set([
  'MANIFEST_UNKNOWN',
  'MANIFEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'NAME_UNKNOWN',
]);

class RepositoryCopies {
  readonly #options: ImportOptions;
  /** One for each pair of repositories: what images share is copied once. */
  readonly #walks = new Map<string, ImageWalk>();

  constructor(options: ImportOptions) {
    this.#options = options;
  }

  async copy({ from, reference, to, tag }: PlannedImage): Promise<Digest> {
    const target = await this.#options.repository(to);
    const walk = this.#walk(from, to);
    const batch = new ManifestBatch(target);
    const root = await walk.root(reference);
    try {
      for await (const manifest of walk.from(root)) {
        await this.#copyBlobs(from, target, manifest);
        await this.#add(batch, target, manifest);
      }
      await batch.flush();
    } catch (error) {
      // What it has walked over counts as copied, which may not be so: the next image begins anew.
      this.#walks.delete(pairOf(from, to));
      throw error;
    }
    if (tag !== undefined) await batch.tag(root, tag);
    return root.digest;
  }

  #walk(from: RepositoryName, to: RepositoryName): ImageWalk {
    const pair = pairOf(from, to);
    const { source, referrers, progress } = this.#options;
    const walk =
      this.#walks.get(pair) ?? new ImageWalk(source, from, { referrers, note: (text) => progress.note(text) });
    this.#walks.set(pair, walk);
    return walk;
  }

  async #copyBlobs(from: RepositoryName, target: ImportRepository, { blobs }: WalkedManifest): Promise<void> {
    const { source, progress, signal, verifyPresent = false } = this.#options;
    await forEachConcurrently(blobs, blobsAtOnce, signal, async (blob, either) => {
      const options = { progress, signal: either, verifyPresent };
      const outcome = await copyBlob({ source, repository: from }, target, blob, options);
      if (outcome === undefined) progress.note(`${blob.digest} is non-distributable and not in the source: left out`);
    });
  }

  async #add(batch: ManifestBatch, { manifests }: ImportRepository, walked: WalkedManifest): Promise<void> {
    const { progress, signal } = this.#options;
    signal.throwIfAborted();
    const { digest, bytes, manifest, role } = walked;
    const isThere = await isManifestThere(manifests, digest);
    await batch.add(walked, manifest.kind === 'index' || role === 'image');
    progress.manifestFinished({ digest, size: bytes.byteLength }, isThere ? 'present' : 'copied');
  }
}

function pairOf(from: RepositoryName, to: RepositoryName): string {
  return `${from} ${to}`;
}

async function isManifestThere(manifests: ImportRepository['manifests'], digest: Digest): Promise<boolean> {
  try {
    await manifests.stat({ kind: 'digest', digest });
    return true;
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'MANIFEST_UNKNOWN') return false;
    throw error;
  }
}
