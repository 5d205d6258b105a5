// Bytes on the disk, where a file may have several names: it counts once, and is free once all of its names are gone.
import type { VersionLabel } from '../../storage/object-store.ts';
import type { StoredBlob } from './stored-blobs.ts';

export class ByteTally {
  readonly #seen = new Set<VersionLabel>();
  /** Names that are left, of files of which some are gone. */
  readonly #left = new Map<VersionLabel, number>();
  #bytes = 0;
  #freed = 0;

  /** Of all that was seen, whether it was dropped or not. */
  get bytes(): number {
    return this.#bytes;
  }

  get freed(): number {
    return this.#freed;
  }

  add({ bytes, file }: StoredBlob): void {
    if (file !== undefined) {
      if (this.#seen.has(file)) return;
      this.#seen.add(file);
    }
    this.#bytes += bytes;
  }

  /** Of what was not added. */
  free(bytes: number): void {
    this.#bytes += bytes;
    this.#freed += bytes;
  }

  /** One of its names goes, and with the last but one that in the pool if there is one. Returns the bytes that this frees. */
  drop({ bytes, links, file }: StoredBlob, isPooled: boolean): number {
    const left = (file === undefined ? 1 : (this.#left.get(file) ?? links)) - 1;
    const isFree = left === 0 || (left === 1 && isPooled);
    if (file !== undefined) this.#left.set(file, isFree ? 0 : left);
    if (!isFree) return 0;
    this.#freed += bytes;
    return bytes;
  }
}
