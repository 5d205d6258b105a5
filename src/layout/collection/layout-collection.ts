// Deletes what nobody needs from one layout, while it is served, pushed to, and written by other programs: docs/collection.md proves that
// nothing is deleted that somebody was told to be there, or lists.
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { Trash } from '../blobs/trash.ts';
import { poolKey } from '../files/keys.ts';
import { UnsearchableError } from '../manifests/outlines-below.ts';
import { Pace } from '../pacing/pace.ts';
import type { ByteTally } from './byte-tally.ts';
import type { Collected } from './collected.ts';
import { removeEmptyLayout } from './empty-layout.ts';
import { LayoutMarking, type MarkingParts, type MarkingRules } from './layout-marking.ts';

export interface CollectionRun extends MarkingRules {
  readonly tally: ByteTally;
  readonly onDeleted: (deletion: Collected) => void;
  readonly signal: AbortSignal;
  /** A repository of which nothing is left goes. */
  readonly removesEmpty: boolean;
}

export interface LayoutCollectionParts extends MarkingParts {
  /** Of the repository, for people. */
  readonly prefix: string;
}

export interface WritingParts {
  readonly store: ObjectStore;
  /** Puts back what other programs took from what was acknowledged: what is about to come back leads to something. */
  readonly heal: (signal: AbortSignal) => Promise<void>;
  /** Makes durable what index.json says: after a power cut it must not lead to what was deleted. */
  readonly settle: () => Promise<void>;
  /** Forgets what left longer ago; returns what is gone by that. */
  readonly forgetLeft: (
    within: Pick<MarkingRules, 'graceMs' | 'ages'>,
  ) => Promise<readonly { readonly digest: Digest; readonly bytes: number }[]>;
  /** Its file is gone: what is remembered of it is worth nothing. */
  readonly forget: (digest: Digest) => void;
}

/** Why a layout was left as it is, in words for an operator; undefined when it was not. */
export type Skipped = string | undefined;

/** Under the lock of an index, where pushes wait. */
const maxBatch = 100;
const maxBatchMs = 20;
/** Looked at together before they are deleted. */
const maxRound = 1_000;
const deletedTogether = 50;
/** A repository that is pushed to all the time is read under the lock then. */
const maxTries = 3;

export class LayoutCollection {
  readonly #parts: LayoutCollectionParts;

  constructor(parts: LayoutCollectionParts) {
    this.#parts = parts;
  }

  /** Deletes it, a batch at a time. Ends early once the signal is aborted; what is in the trash is done with then. */
  async collect(run: CollectionRun, { store, heal, settle, forget, forgetLeft }: WritingParts): Promise<Skipped> {
    return unlessUnclear(async () => {
      const trash = new Trash(store, this.#parts.keys);
      await trash.putAllBack();
      await heal(run.signal);
      const marking = await this.#marking(run);
      const free = [...marking.free()];
      if (free.length > 0) await settle();
      while (free.length > 0 && !run.signal.aborted) {
        const taken = await this.#take(free.splice(0, maxRound), { marking, trash, store, signal: run.signal });
        await this.#deleteTaken(taken, { marking, trash, store, run, forget });
      }
      for (const { digest, bytes } of await forgetLeft(run)) this.#reportForgotten(digest, bytes, run);
      const { keys, leases } = this.#parts;
      if (run.removesEmpty && !run.signal.aborted) await this.#removeIfEmpty(marking, store, run);
      // Last: they also say that blobs without an index.json are ours to judge.
      await store.exclusively(keys.index, () => leases.renew(store, run.ages));
    });
  }

  async #marking(run: CollectionRun): Promise<LayoutMarking> {
    const marking = await LayoutMarking.of(this.#parts, run);
    for (const blob of marking.stored.values()) run.tally.add(blob);
    return marking;
  }

  /** Moves them out of the layout, batch by batch under the lock of its index, as far as nobody needs them at that moment. */
  async #take(free: readonly Digest[], { marking, trash, store, signal }: Taking): Promise<readonly Digest[]> {
    const { keys } = this.#parts;
    const pending = [...free];
    const taken: Digest[] = [];
    let tries = 0;
    while (pending.length > 0 && !signal.aborted) {
      await marking.addIndexIfChanged();
      tries += 1;
      const isThere = await store.exclusively(keys.index, async (isOurs) => {
        // Listed meanwhile: read outside of the lock and tried again, unless that happens all the time.
        if (tries > maxTries) await marking.addIndexIfChanged();
        else if (!(await marking.isCurrent())) return true;
        tries = 0;
        const leased = await marking.leased();
        const endMs = performance.now() + maxBatchMs;
        for (let count = 0; count < maxBatch && performance.now() < endMs && isOurs(); count += 1) {
          const digest = pending.pop();
          if (digest === undefined) return true;
          if (leased.has(digest) || !marking.isFree(digest)) continue;
          const info = await store.stat(keys.blob(digest));
          if (info === undefined || !marking.isStillOld(info)) continue;
          if (await trash.take(digest)) taken.push(digest);
        }
        return true;
      });
      // Another program removed the whole directory.
      if (isThere === undefined) break;
    }
    return taken;
  }

  /**
   * Looks for the last time. Whoever was told that a blob is there wrote that down before looking at it, and whoever lists something looks
   * at it once more afterwards: so what is needed shows now, or is put back by whoever misses it.
   */
  async #deleteTaken(taken: readonly Digest[], { marking, trash, store, run, forget }: Deleting): Promise<void> {
    try {
      await marking.addLater();
    } catch (error) {
      for (const digest of taken) await trash.putBack(digest);
      throw error;
    }
    const free: Digest[] = [];
    for (const digest of taken) {
      if (marking.isFree(digest)) free.push(digest);
      else await trash.putBack(digest);
    }
    const pace = new Pace();
    while (free.length > 0) {
      // Together, since they share the syncs of their directory.
      const deleted = await Promise.all(
        free.splice(0, deletedTogether).map(async (digest) => ((await trash.delete(digest)) ? [digest] : [])),
      );
      for (const digest of deleted.flat()) {
        forget(digest);
        await this.#report(digest, marking, run);
        await freePooled(digest, { marking, store, run });
      }
      await pace.step();
    }
  }

  async #removeIfEmpty(marking: LayoutMarking, store: ObjectStore, run: CollectionRun): Promise<void> {
    const { keys, prefix, leftWithin } = this.#parts;
    if (prefix === '') return;
    const isWanted = async () =>
      run.graceMs > 0 && ((await marking.leased()).size > 0 || (await leftWithin(run)).length > 0);
    if (!(await removeEmptyLayout({ store, keys, isOld: (index) => marking.isStillOld(index), isWanted }))) return;
    run.onDeleted({ kind: 'repository', where: prefix, digest: undefined, bytes: 0, why: 'nothing is left in it' });
  }

  #reportForgotten(digest: Digest, bytes: number, { tally, onDeleted }: CollectionRun): void {
    tally.free(bytes);
    const why = 'it was deleted, and can no longer be rolled back to';
    onDeleted({ kind: 'manifest', where: this.#parts.prefix, digest, bytes, why });
  }

  async #report(digest: Digest, marking: LayoutMarking, { tally, onDeleted }: CollectionRun): Promise<void> {
    const { store, prefix } = this.#parts;
    const blob = marking.stored.get(digest);
    if (blob === undefined) return;
    const isPooled = blob.file !== undefined && (await store.stat(poolKey(digest)))?.label === blob.file;
    const bytes = tally.drop(blob, isPooled);
    const isManifest = marking.isManifest(digest);
    const why = isManifest ? 'no entry, index or referrer leads to it' : 'no manifest needs it';
    onDeleted({ kind: isManifest ? 'manifest' : 'blob', where: prefix, digest, bytes, why });
  }
}

interface Taking {
  readonly marking: LayoutMarking;
  readonly trash: Trash;
  readonly store: ObjectStore;
  readonly signal: AbortSignal;
}

interface Deleting extends Omit<Taking, 'signal'> {
  readonly run: CollectionRun;
  readonly forget: (digest: Digest) => void;
}

interface Freeing {
  readonly marking: LayoutMarking;
  readonly store: ObjectStore;
  readonly run: CollectionRun;
}

/** The link of the pool goes with the last one of a repository. */
async function freePooled(digest: Digest, { marking, store, run }: Freeing): Promise<void> {
  const blob = marking.stored.get(digest);
  const pooled = await store.stat(poolKey(digest));
  if (pooled === undefined || blob?.file !== pooled.label) return;
  if (pooled.hardLinks === 1) await store.delete(poolKey(digest));
  else run.ownChanges.note(pooled.label, run.ownChanges.stampsOf(blob), pooled.changedAtMs);
}

/** Where it is not known what is needed nothing is deleted. */
async function unlessUnclear(work: () => Promise<void>): Promise<Skipped> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof UnsearchableError || error instanceof StorageError) return error.message;
    if (error instanceof RegistryError) return error.entries[0]?.detail ?? error.message;
    throw error;
  }
}
