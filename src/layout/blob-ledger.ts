// What this process knows of blob files that it need not look at again: which bytes it hashed or made durable itself.
import { LRUCache } from 'lru-cache';
import type { Key, ObjectInfo, VersionLabel } from '../storage/object-store.ts';

interface Known {
  readonly label: VersionLabel;
  readonly hashed: boolean;
}

/** Bounded: what was forgotten is hashed or synced once more. */
const maxBlobs = 100_000;

export class BlobLedger {
  readonly #known = new LRUCache<Key, Known>({ max: maxBlobs });

  /** The file has exactly the bytes of its name: we hashed them. Holds while size, time and inode stay the same. */
  isHashed(key: Key, info: ObjectInfo): boolean {
    const known = this.#known.get(key);
    return known?.hashed === true && known.label === info.label;
  }

  isDurable(key: Key, info: ObjectInfo): boolean {
    return this.#known.get(key)?.label === info.label;
  }

  setHashed(key: Key, info: ObjectInfo): void {
    this.#known.set(key, { label: info.label, hashed: true });
  }

  setDurable(key: Key, info: ObjectInfo): void {
    if (!this.isDurable(key, info)) this.#known.set(key, { label: info.label, hashed: false });
  }

  /** Deleted through the API: it must never come back by itself. */
  forget(key: Key): void {
    this.#known.delete(key);
  }
}
