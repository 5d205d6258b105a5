// How much room there is for new content. Some is kept free: deletes, repairs and other programs need it, and on a file system that
// is filled to the last block nothing works any more, for anybody.
import type { Room } from '../object-store.ts';
import { StorageError } from '../storage-error.ts';
import type { FileTree } from './file-tree.ts';

/** Unless another size is given, whichever is less. */
const usualMinFreeBytes = 64 * 1024 * 1024;
const usualMinFreeShare = 0.02;
/** For so long the answer of the system is counted on from, by what was written since. */
const trustMs = 1_000;

export class FreeSpace {
  readonly #tree: FileTree;
  readonly #minFree: number | undefined;
  #room: Room | undefined;
  #measuredAtMs = 0;
  #writtenSince = 0;

  /** `minFree` in bytes; undefined keeps as much free as is usual, 0 nothing. */
  constructor(tree: FileTree, minFree: number | undefined) {
    this.#tree = tree;
    this.#minFree = minFree;
  }

  /** Refuses ('no-space') new content of so many bytes that would leave less than is kept free. */
  async assertRoom(bytes: number): Promise<void> {
    if (this.#minFree === 0 || (this.#isFresh() && this.#fits(bytes))) return;
    // Also where the last measurement would refuse: somebody may have made room since.
    await this.measure();
    if (this.#fits(bytes)) return;
    throw new StorageError('no-space', `${bytes} bytes would leave less than ${this.#kept()} bytes free`);
  }

  /** To be counted until the next measurement, so that a burst does not go beyond what is kept free. */
  wrote(bytes: number): void {
    this.#writtenSince += bytes;
  }

  /** True while new content of any size is refused, as the system says now. */
  async isShort(): Promise<boolean> {
    const { free } = await this.measure();
    return free < Math.max(this.#kept(), 1);
  }

  /** Asks the system. */
  async measure(): Promise<Room> {
    const room = (await roomOf(this.#tree)) ?? unlimited;
    this.#measuredAtMs = this.#tree.calls.elapsed();
    this.#writtenSince = 0;
    this.#room = room;
    return room;
  }

  #isFresh(): boolean {
    return this.#room !== undefined && this.#tree.calls.elapsed() - this.#measuredAtMs < trustMs;
  }

  #fits(bytes: number): boolean {
    const { free } = this.#room ?? unlimited;
    return free - this.#writtenSince - bytes >= this.#kept();
  }

  #kept(): number {
    const { total } = this.#room ?? unlimited;
    return this.#minFree ?? Math.floor(Math.min(usualMinFreeBytes, total * usualMinFreeShare));
  }
}

const unlimited: Room = { free: Number.POSITIVE_INFINITY, total: Number.POSITIVE_INFINITY };

/** Undefined where the file system does not tell how large it is: then it does not tell how full it is either. */
export async function roomOf({ calls, root }: FileTree): Promise<Room | undefined> {
  const { bsize, blocks, bavail } = await calls.statfs(root);
  return blocks > 0 ? { free: bavail * bsize, total: blocks * bsize } : undefined;
}
