// Where blobs, and the index.json of a repository that lists nothing, lie between the moment in which a collection takes them out of a layout
// and that in which they are deleted: long enough to look once more whether somebody needs them. What a crash left there goes back first.
import type { Digest } from '../../oci/digest.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { LayoutKeys } from '../files/keys.ts';
import { digestsIn } from './stored-digests.ts';

export class Trash {
  readonly #store: ObjectStore;
  readonly #keys: LayoutKeys;

  constructor(store: ObjectStore, keys: LayoutKeys) {
    this.#store = store;
    this.#keys = keys;
  }

  /** False when the blob is gone, or lies here already. */
  take(digest: Digest): Promise<boolean> {
    return this.#store.move(this.#keys.blob(digest), this.#keys.trashed(digest));
  }

  /** Durably, since somebody may have been told that it is there. Where it came back by itself what lies here goes. */
  async putBack(digest: Digest): Promise<void> {
    const [blob, trashed] = [this.#keys.blob(digest), this.#keys.trashed(digest)];
    if (await this.#store.move(trashed, blob)) await this.#store.makeDurable(blob);
    else if ((await this.#store.stat(blob)) !== undefined) await this.#store.delete(trashed);
  }

  /** False when it is not here: somebody who needs it put it back. */
  delete(digest: Digest): Promise<boolean> {
    return this.#store.delete(this.#keys.trashed(digest));
  }

  /** What an interrupted collection left. */
  digests(): Promise<readonly Digest[]> {
    return digestsIn(this.#store, { blobs: this.#keys.trash });
  }

  /** False when there is none, or one lies here already. */
  takeIndex(): Promise<boolean> {
    return this.#store.move(this.#keys.index, this.#keys.trashedIndex);
  }

  /** Where another one was written meanwhile that counts, and what lies here goes. */
  async putIndexBack(): Promise<void> {
    const { index, trashedIndex } = this.#keys;
    if (await this.#store.move(trashedIndex, index)) await this.#store.makeDurable(index);
    else if ((await this.#store.stat(index)) !== undefined) await this.#store.delete(trashedIndex);
  }

  /** Under the lock of the index, so that no batch of another process is under way. True when there was something. */
  async putAllBack(): Promise<boolean> {
    const isIndexHere = (await this.#store.stat(this.#keys.trashedIndex)) !== undefined;
    if (!isIndexHere && (await this.digests()).length === 0) return false;
    await this.#store.exclusively(this.#keys.index, async () => {
      await this.putIndexBack();
      for (const digest of await this.digests()) await this.putBack(digest);
    });
    return true;
  }
}
