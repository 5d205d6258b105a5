// Takes in the blobs that clients push to one layout: durable under their digests, linked into the pool, and leased.
import type { Digest } from '../../oci/digest.ts';
import { KeyQueue } from '../../storage/key-queue.ts';
import type { ObjectInfo, ObjectStore, StagedObject } from '../../storage/object-store.ts';
import { meansNoSpace } from '../../storage/storage-error.ts';
import { type LayoutKeys, poolKey } from '../files/keys.ts';
import type { BlobLedger } from './blob-ledger.ts';
import type { Leases } from './leases.ts';
import type { ReceivedBlobs } from './received-blobs.ts';

export interface BlobIntakeOptions {
  readonly store: ObjectStore;
  readonly keys: LayoutKeys;
  readonly ledger: BlobLedger;
  readonly received: ReceivedBlobs;
  readonly leases: Leases;
  /** False where the pool has none of that size, or one that is damaged. */
  readonly linkPooled: (digest: Digest, size: number) => Promise<boolean>;
}

export class BlobIntake {
  readonly #options: BlobIntakeOptions;
  readonly #puts = new KeyQueue();

  constructor(options: BlobIntakeOptions) {
    this.#options = options;
  }

  /** Publishes staged bytes whose digest was checked, durably, and ends the staged object. A re-push repairs a bad file. */
  async adopt(digest: Digest, staged: StagedObject): Promise<void> {
    const { leases } = this.#options;
    await leases.tell(digest);
    await this.#adopt(digest, staged);
    // The first blob of a repository: there was no place for a lease before.
    await leases.tell(digest);
  }

  async #adopt(digest: Digest, staged: StagedObject): Promise<void> {
    const { store, linkPooled } = this.#options;
    // The pool's file goes when the last repository deletes the blob, perhaps now: what was received is kept until it is linked.
    const isPooled = (await store.stat(poolKey(digest))) !== undefined;
    if (isPooled && (await linkPooled(digest, await staged.size()))) return staged.discard();
    await this.adoptUnshared(digest, staged);
    await this.#share(digest);
  }

  /** The same for the bytes of a manifest: a file of its own. */
  async adoptUnshared(digest: Digest, staged: StagedObject): Promise<void> {
    this.#setReceived(digest, await staged.commit(this.#options.keys.blob(digest)));
  }

  /**
   * The same for bytes that are held in memory, and whose digest was checked. Of the same ones at once, one is written. `isManifest` is asked
   * where something is there already.
   */
  put(digest: Digest, bytes: Uint8Array, isManifest: () => Promise<boolean>): Promise<void> {
    return this.#puts.run(digest, () => this.#put(digest, bytes, isManifest));
  }

  async #put(digest: Digest, bytes: Uint8Array, isManifest: () => Promise<boolean>): Promise<void> {
    const { store, keys, leases } = this.#options;
    const created = await store.create(bytes, keys.blob(digest), poolKey(digest));
    if (created === undefined) {
      await leases.tell(digest);
      await ((await isManifest()) ? this.putUnshared(digest, bytes) : this.#putOver(digest, bytes));
    } else this.#setReceived(digest, created);
    // What was made just now is too young to be collected: the lease may come after it.
    await leases.tell(digest, true);
  }

  /** Of what was pushed before, or stands in the place of it. */
  async #putOver(digest: Digest, bytes: Uint8Array): Promise<void> {
    if (await this.#options.linkPooled(digest, bytes.byteLength)) return;
    await this.putUnshared(digest, bytes);
    await this.#share(digest);
  }

  /** A file of its own, in the place of what is there. */
  async putUnshared(digest: Digest, bytes: Uint8Array): Promise<void> {
    const { store, keys } = this.#options;
    this.#setReceived(digest, await store.write(keys.blob(digest), bytes));
  }

  async #share(digest: Digest): Promise<void> {
    const { store, keys } = this.#options;
    try {
      await store.link(keys.blob(digest), poolKey(digest));
    } catch (error) {
      // The blob is durable where it belongs: to share it only saves space, and waits until it is pushed again.
      if (meansNoSpace(error)) return;
      throw error;
    }
  }

  #setReceived(digest: Digest, info: ObjectInfo): void {
    const { keys, ledger, received } = this.#options;
    ledger.setRight(digest, info);
    ledger.setDurable(keys.blob(digest), info);
    received.add(digest);
  }
}
