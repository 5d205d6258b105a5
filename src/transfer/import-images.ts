// Imports images into repositories: blobs first, then manifests by digest from the leaves up, what refers to them, and tags last,
// so that a reader never meets half an image and an interrupted import only has to go on.
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { Reference, RepositoryName, Tag } from '../oci/reference.ts';
import type { WritableRepository } from '../registry/repository.ts';
import { copyBlob } from './copy-blob.ts';
import { forEachConcurrently } from './copy-concurrently.ts';
import { CopyError, WrongContentError } from './copy-error.ts';
import { ManifestBatch } from './copy-manifests.ts';
import { ImageWalk, type WalkedManifest } from './copy-walk.ts';
import { replacedSignature } from './cosign-tagged.ts';
import type { ImageSource, SourceManifest } from './image-source.ts';
import type { PlannedImage } from './import-plan.ts';
import { type CopyProgress, CopyTally, type CopyTotals } from './progress.ts';

/** More would not be faster on one connection or disk, and each holds a few MiB. */
const blobsAtOnce = 3;

/** What an import needs of the repository that it copies into. */
export type ImportRepository = Pick<WritableRepository, 'name' | 'blobs' | 'uploads' | 'manifests'>;

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
  const copies = new ImageCopies({ ...options, progress: tally }, planned);
  try {
    for (const image of planned) await copies.copy(image);
  } catch (error) {
    // Images that are whole get their tags all the same; what keeps even that from being done is the smaller trouble.
    await copies.finish().catch(() => undefined);
    throw error;
  }
  await copies.finish();
  return { images: copies.images, failed: copies.failed, totals: tally.totals, notes: tally.notes };
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

/** Whole, and not tagged yet. */
interface CopiedImage {
  readonly image: PlannedImage;
  readonly root: SourceManifest;
  readonly digests: readonly Digest[];
  /** Of cosign, for it or what belongs to it. */
  readonly signatures: readonly (readonly [SourceManifest, Tag])[];
}

const maxUntagged = 64;

class ImageCopies {
  readonly images: ImportedImage[] = [];
  readonly failed: FailedImage[] = [];
  readonly #options: ImportOptions;
  /** One for each pair of repositories: what images share is copied once. */
  readonly #walks = new Map<string, ImageWalk>();
  /** How many images of each repository. */
  readonly #plannedFrom = new Map<RepositoryName, number>();
  #target: { readonly repository: ImportRepository; readonly batch: ManifestBatch } | undefined;
  #untagged: CopiedImage[] = [];

  constructor(options: ImportOptions, planned: readonly PlannedImage[]) {
    this.#options = options;
    for (const { from } of planned) this.#plannedFrom.set(from, (this.#plannedFrom.get(from) ?? 0) + 1);
  }

  async copy(image: PlannedImage): Promise<void> {
    const { from, reference, to } = image;
    const { repository, batch } = await this.#into(to);
    const walk = this.#walk(from, to);
    try {
      const root = await walk.root(reference);
      const digests: Digest[] = [];
      const signatures: [SourceManifest, Tag][] = [];
      for await (const some of batchesOf(walk.from(root))) {
        this.#options.progress.blobsExpected(some.flatMap(({ blobs }) => blobs));
        for (const manifest of some) {
          await this.#copyBlobs(from, repository, manifest);
          await this.#add(batch, repository, manifest);
          digests.push(manifest.digest);
          if (manifest.tag !== undefined) signatures.push([manifest, manifest.tag]);
        }
      }
      this.#untagged.push({ image, root, digests, signatures });
    } catch (error) {
      // What it has walked over counts as copied, which may not be so: the next image begins anew.
      this.#walks.delete(pairOf(from, to));
      this.#fail(image, error);
    }
    if (this.#untagged.length >= maxUntagged) await this.finish();
  }

  /** Tags the images that were copied; `images` and `failed` are complete then. */
  async finish(): Promise<void> {
    const untagged = this.#untagged;
    this.#untagged = [];
    const { batch } = this.#target ?? {};
    if (batch === undefined) return;
    const refused = await batch.flush();
    const tagged: (readonly [SourceManifest, Tag])[] = [];
    for (const { image, root, digests, signatures } of untagged) {
      const refusal = digests.find((digest) => refused.has(digest));
      if (refusal !== undefined) {
        this.#fail(image, refused.get(refusal));
        continue;
      }
      const { from, to, tag } = image;
      // Before the tag of the image: who meets that may want to verify it.
      for (const [manifest, own] of signatures) {
        await this.#noteReplaced(own, manifest.digest);
        tagged.push([manifest, own]);
      }
      if (tag !== undefined) tagged.push([root, tag]);
      this.images.push({ from, reference: writtenOf(image), to, tag, digest: root.digest });
    }
    await batch.tag(tagged);
  }

  async #noteReplaced(tag: Tag, digest: Digest): Promise<void> {
    if (this.#target === undefined) return;
    const there = await digestThere(this.#target.repository.manifests, { kind: 'tag', tag });
    if (there !== undefined && there !== digest) this.#options.progress.note(replacedSignature(tag, there));
  }

  async #into(to: RepositoryName): Promise<{ readonly repository: ImportRepository; readonly batch: ManifestBatch }> {
    if (this.#target?.repository.name === to) return this.#target;
    await this.finish();
    const repository = await this.#options.repository(to);
    this.#target = { repository, batch: new ManifestBatch(repository) };
    return this.#target;
  }

  #fail(image: PlannedImage, error: unknown): void {
    if (!isFlawOfTheImage(error)) throw error;
    const reference = writtenOf(image);
    this.failed.push({ from: image.from, reference, reason: error.message });
    this.#options.progress.note(`${image.from} ${reference} was not copied: ${error.message}`);
  }

  #walk(from: RepositoryName, to: RepositoryName): ImageWalk {
    const pair = pairOf(from, to);
    const { source, referrers, progress } = this.#options;
    // Several are all that there are, and cosign's tags are among them.
    const cosignTags = referrers && this.#plannedFrom.get(from) === 1;
    const note = (text: string) => progress.note(text);
    const walk = this.#walks.get(pair) ?? new ImageWalk(source, from, { referrers, cosignTags, note });
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
    const { digest, bytes } = walked;
    const isThere = (await digestThere(manifests, { kind: 'digest', digest })) !== undefined;
    await batch.add(walked);
    progress.manifestFinished({ digest, size: bytes.byteLength }, isThere ? 'present' : 'copied');
  }
}

const readAhead = 64;
const readAheadBytes = 8 * 1024 * 1024;

/** Manifests are read before the blobs that they name, so that it is known how much there is; nearly every image is one batch. */
async function* batchesOf(manifests: AsyncIterable<WalkedManifest>): AsyncGenerator<readonly WalkedManifest[]> {
  let batch: WalkedManifest[] = [];
  let bytes = 0;
  for await (const manifest of manifests) {
    batch.push(manifest);
    bytes += manifest.bytes.byteLength;
    if (batch.length < readAhead && bytes < readAheadBytes) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

function writtenOf({ reference }: PlannedImage): string {
  return reference.kind === 'tag' ? reference.tag : reference.digest;
}

function pairOf(from: RepositoryName, to: RepositoryName): string {
  return `${from} ${to}`;
}

async function digestThere(
  manifests: ImportRepository['manifests'],
  reference: Reference,
): Promise<Digest | undefined> {
  try {
    return (await manifests.stat(reference)).digest;
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'MANIFEST_UNKNOWN') return undefined;
    throw error;
  }
}
