// What clients of one layout were told to be there: they may list it until the grace is over, and a collection leaves it alone for as
// long (docs/collection.md#leases). Asked for by many requests, so it is a look into memory for all but the first of each blob.
import { type Digest, isDigest } from '../../oci/digest.ts';
import type { Clock } from '../../storage/clock.ts';
import type { Log } from '../../storage/log.ts';
import type { Key, ObjectStore } from '../../storage/object-store.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { appendLeases, type Lease } from './lease-file.ts';

interface Taken {
  readonly atMs: number;
  readonly written: Promise<void>;
}

/** The oldest are forgotten first, and taken anew. */
const maxTaken = 50_000;

export interface LeasesOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** How long they hold. */
  readonly graceMs: number;
  /** Where other processes read them; undefined where nothing is collected by itself: then only this process knows what it told. */
  readonly file: LeasePlace | undefined;
}

/** Where the leases of a layout are written down, and the directory that the layout has once it is there. */
export interface LeasePlace {
  readonly store: ObjectStore;
  readonly key: Key;
  readonly directory: Key;
}

export class Leases {
  readonly #options: LeasesOptions;
  /** In the order of their times. */
  readonly #taken = new Map<Digest, Taken>();
  /** What clients count on, and when they were told. */
  readonly #told = new Map<Digest, number>();
  #isFailing = false;

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  /**
   * Before whoever asks looks whether they are there. True when something new was written down: what was looked at before must be looked at
   * again, since it may have been collected between the two. `isLaid`: there is a layout.
   */
  async take(digests: Iterable<string>, isLaid = false): Promise<boolean> {
    const fresh: Digest[] = [];
    const running: Promise<void>[] = [];
    const { clock, graceMs } = this.#options;
    if (graceMs === 0) return false;
    const oldestMs = clock.elapsed() - graceMs / 2;
    for (const digest of digests) {
      if (!isDigest(digest)) continue;
      const taken = this.#taken.get(digest);
      if (taken === undefined || taken.atMs < oldestMs) fresh.push(digest);
      else running.push(taken.written);
    }
    if (fresh.length > 0) running.push(this.#write(fresh, oldestMs, isLaid));
    await Promise.all(running);
    return fresh.length > 0;
  }

  /** The same for what a client is about to be told to be there. */
  tell(digest: Digest, isLaid = false): Promise<boolean> {
    const { clock, graceMs } = this.#options;
    this.#told.delete(digest);
    this.#told.set(digest, clock.elapsed());
    forgetOldest(this.#told, (atMs) => atMs < clock.elapsed() - graceMs);
    return this.take([digest], isLaid);
  }

  /** Those of them that were told to be there, and not deleted through us since. */
  told(digests: Iterable<string>): ReadonlySet<string> {
    const oldestMs = this.#options.clock.elapsed() - this.#options.graceMs;
    const told = new Set<string>();
    for (const digest of digests) {
      const atMs = isDigest(digest) ? this.#told.get(digest) : undefined;
      if (atMs !== undefined && atMs >= oldestMs) told.add(digest);
    }
    return told;
  }

  /** It was deleted by somebody who asked for that. */
  forget(digest: Digest): void {
    this.#told.delete(digest);
    this.#taken.delete(digest);
  }

  #write(digests: readonly Digest[], oldestMs: number, isLaid: boolean): Promise<void> {
    const { clock, file, graceMs: forMs } = this.#options;
    const atMs = clock.now();
    const lines = digests.map((digest) => ({ digest, atMs, forMs }));
    const written = (file === undefined ? nothingWritten : this.#append(file, lines, isLaid)).then(
      () => {
        this.#isFailing = false;
      },
      (error: unknown) => {
        for (const digest of digests) this.#taken.delete(digest);
        this.#tell(error);
      },
    );
    const taken = { atMs: clock.elapsed(), written };
    for (const digest of digests) {
      this.#taken.delete(digest);
      this.#taken.set(digest, taken);
    }
    forgetOldest(this.#taken, (each) => each.atMs < oldestMs);
    return written;
  }

  /** Where there is no layout as yet, nothing is there that could be collected, and what comes is young: a push that fails leaves nothing. */
  async #append({ store, key, directory }: LeasePlace, lines: readonly Lease[], isLaid: boolean): Promise<void> {
    if (isLaid || (await store.listingVersion(directory)) !== undefined) return appendLeases(store, key, lines);
    for (const { digest } of lines) this.#taken.delete(digest);
  }

  /** On a full disk requests go on: a client that lists what was collected meanwhile is refused, and pushes it again. */
  #tell(error: unknown): void {
    if (!(error instanceof StorageError)) throw error;
    if (!this.#isFailing) this.#options.log.warn('leases cannot be written down', { error });
    this.#isFailing = true;
  }
}

function forgetOldest<Value>(map: Map<Digest, Value>, isOld: (value: Value) => boolean): void {
  for (const [digest, value] of map) {
    if (!isOld(value) && map.size <= maxTaken) return;
    map.delete(digest);
  }
}

const nothingWritten = Promise.resolve();
