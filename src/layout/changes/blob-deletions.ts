// Deletes of blobs beside pushes of manifests: what a listed manifest needs is not deleted, and neither is what one that is being
// pushed right now will need. Another server may list one all the same: then the blob is put back.
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import type { BlobWriter } from '../blobs/blob-writer.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import { needsOf } from '../manifests/blob-needs.ts';
import type { ManifestReader } from '../manifests/manifest-reader.ts';
import { UnsearchableError } from '../manifests/outlines-below.ts';

export interface BlobDeleteRules {
  /** What a delete does with a blob that a manifest of the repository needs. */
  readonly referencedBlobs: 'refuse' | 'allow';
}

/** Of the manifests that need a blob so many are named to whoever wants to delete it. */
const maxNamed = 10;

export interface BlobDeletionsOptions {
  readonly blobs: BlobWriter;
  readonly manifests: ManifestReader;
  readonly readIndex: () => Promise<LayoutIndex | undefined>;
  /** Makes durable what was read, if a power cut could still take it back. */
  readonly settle: () => Promise<void>;
  readonly rules: BlobDeleteRules;
}

export class BlobDeletions {
  readonly #options: BlobDeletionsOptions;
  readonly #pushes = new Set<Promise<unknown>>();
  readonly #deletes = new Map<string, Promise<unknown>>();

  constructor(options: BlobDeletionsOptions) {
    this.#options = options;
  }

  /** True where an image may lose a layer through us. */
  get mayDeleteReferenced(): boolean {
    return this.#options.rules.referencedBlobs === 'allow';
  }

  /** Runs the push of a manifest, after the deletes of what it refers to that began before it. */
  async pushing<Result>(
    references: Iterable<{ readonly digest: string }>,
    push: () => Promise<Result>,
  ): Promise<Result> {
    const pushed = this.#afterDeletes(references, push);
    this.#pushes.add(pushed);
    try {
      return await pushed;
    } finally {
      this.#pushes.delete(pushed);
    }
  }

  /** False when it was not there. Throws UNSUPPORTED (405) with the manifests that need it. */
  async delete(digest: Digest): Promise<boolean> {
    const before = [...this.#pushes, this.#deletes.get(digest)];
    const deleted = Promise.allSettled(before).then(() => this.#delete(digest));
    this.#deletes.set(digest, deleted);
    try {
      return await deleted;
    } finally {
      if (this.#deletes.get(digest) === deleted) this.#deletes.delete(digest);
    }
  }

  async #afterDeletes<Result>(
    references: Iterable<{ readonly digest: string }>,
    push: () => Promise<Result>,
  ): Promise<Result> {
    const pending = new Map(this.#deletes);
    const concerned = new Set<Promise<unknown>>();
    for (const { digest } of pending.size === 0 ? [] : references) {
      const deleting = pending.get(digest);
      if (deleting !== undefined) concerned.add(deleting);
    }
    if (concerned.size > 0) await Promise.allSettled(concerned);
    return push();
  }

  async #delete(digest: Digest): Promise<boolean> {
    const { blobs, manifests, readIndex, settle, rules } = this.#options;
    if (rules.referencedBlobs === 'allow') return blobs.delete(digest);
    if (!(await manifests.has(digest))) return false;
    const searched = await readIndex();
    if (searched !== undefined && searched.listed(digest).length > 0) throw refusal('index.json lists it');
    await this.#refuseIfNeeded(digest, searched);
    await settle();
    const deleted = await blobs.unlink(digest);
    try {
      const index = await readIndex();
      if (index !== searched) await this.#refuseIfNeeded(digest, index);
    } catch (error) {
      await blobs.linkAgain(digest);
      throw error;
    }
    await blobs.freePool(digest);
    return deleted;
  }

  async #refuseIfNeeded(digest: Digest, index: LayoutIndex | undefined): Promise<void> {
    if (index === undefined) return;
    const needed = await this.#neededBy(digest, index);
    if (needed.length === 0) return;
    const more = needed.length > maxNamed ? ' and others' : '';
    throw refusal(`needed by ${needed.slice(0, maxNamed).join(', ')}${more}`);
  }

  /** Some of the manifests, or none. */
  async #neededBy(digest: Digest, index: LayoutIndex): Promise<readonly Digest[]> {
    const found = new Set<Digest>();
    try {
      for await (const { manifest } of needsOf(digest, index, this.#options.manifests)) {
        found.add(manifest);
        if (found.size > maxNamed) break;
      }
    } catch (error) {
      if (!(error instanceof UnsearchableError)) throw error;
      if (found.size === 0) throw refusal(`nobody can tell whether a manifest needs it: ${error.message}`);
    }
    return [...found];
  }
}

function refusal(detail: string): RegistryError {
  return new RegistryError('UNSUPPORTED', { detail });
}
