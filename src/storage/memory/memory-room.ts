// How much a store in memory holds, and what is refused before the machine has none left: the kernel would end the whole process.
import { totalmem } from 'node:os';
import { StorageError } from '../storage-error.ts';

/** Half of what the machine has, or of what the container may have. */
export function usualMemoryBytes(): number {
  const constrained = process.constrainedMemory();
  return Math.floor((constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()) / 2);
}

export class MemoryRoom {
  readonly #limit: number;
  #used = 0;

  /** `limit` in bytes of content; what the program needs for itself comes on top. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Refuses ('no-space') new content. Lists, records and deletes are not asked: they make room, or are small. */
  assert(bytes: number): void {
    if (this.#used + bytes <= this.#limit) return;
    throw new StorageError('no-space', `${bytes} bytes would be more than ${this.#limit} bytes in memory`);
  }

  /** Negative for what is gone. */
  count(bytes: number): void {
    this.#used += bytes;
  }

  get free(): number {
    return Math.max(0, this.#limit - this.#used);
  }

  get limit(): number {
    return this.#limit;
  }
}
