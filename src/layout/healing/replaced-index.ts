// An index.json that we replaced, still open: a program that had opened it before writes into a file that has no name any more.
import type { ReplacedObject, StoredObject } from '../../storage/object-store.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { maxIndexBytes } from '../index/index-limits.ts';

export class ReplacedIndex {
  readonly #object: ReplacedObject;
  #known: Uint8Array;

  /** `bytes` are what it held when it was replaced. */
  constructor(object: ReplacedObject, bytes: Uint8Array) {
    this.#object = object;
    this.#known = bytes;
  }

  /** What somebody wrote into it since the last time; undefined when nobody did. */
  async readStray(): Promise<StoredObject | undefined> {
    const stored = await this.#readIfChanged();
    if (stored === undefined || Buffer.compare(stored.bytes, this.#known) === 0) return undefined;
    this.#known = stored.bytes;
    return stored;
  }

  /** What is larger than an index may be says nothing: the replacement that it came too late for is published. */
  async #readIfChanged(): Promise<StoredObject | undefined> {
    try {
      return await this.#object.readIfChanged(maxIndexBytes);
    } catch (error) {
      if (error instanceof StorageError && error.failure === 'too-large') return undefined;
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#object.close();
  }
}
