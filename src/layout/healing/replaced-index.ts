// An index.json that we replaced, still open: a program that had opened it before writes into a file that has no name any more.
import type { ReplacedObject, StoredObject } from '../../storage/object-store.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { IndexDocument } from '../index/index-document.ts';
import { maxIndexBytes } from '../index/index-limits.ts';

export class ReplacedIndex {
  readonly #object: ReplacedObject;
  #isKnown: (bytes: Uint8Array) => boolean;

  /** `held` is what it held when it was replaced. */
  constructor(object: ReplacedObject, held: Pick<IndexDocument, 'equals'>) {
    this.#object = object;
    this.#isKnown = (bytes) => held.equals(bytes);
  }

  /** What somebody wrote into it since the last time; undefined when nobody did. */
  async readStray(): Promise<StoredObject | undefined> {
    const stored = await this.#readIfChanged();
    if (stored === undefined || this.#isKnown(stored.bytes)) return undefined;
    this.#isKnown = (bytes) => Buffer.compare(bytes, stored.bytes) === 0;
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
