// Space that is kept for deletes: a file that is given back when the disk is full, since even taking a name off a list means writing
// the list anew. Other programs fill disks, too, so keeping new content out is not enough. Servers on one root share it.
import { randomFillSync, randomUUID } from 'node:crypto';
import type { Key } from '../object-store.ts';
import { meansAbsent, saysNoSpace } from './errno.ts';
import type { FreeSpace } from './free-space.ts';
import { ownDirectory, type StoreParts, stagingDirectory } from './store-parts.ts';

const largestBytes = 8 * 1024 * 1024;
const largestShare = 0.01;
/** So often it is looked whether it can be laid again. */
const lookEveryMs = 10_000;

const reserveName = 'reserve';
const reserveKey = `${ownDirectory}/${reserveName}` as Key;

export class ReserveFile {
  readonly #parts: StoreParts;
  readonly #space: FreeSpace;
  #looks: NodeJS.Timeout | undefined;
  #laying: Promise<void> | undefined;

  constructor(parts: StoreParts, space: FreeSpace) {
    this.#parts = parts;
    this.#space = space;
  }

  /** From now on it is laid, in the background, whenever it is missing and there is room. */
  keep(): void {
    if (this.#looks !== undefined) return;
    this.#looks = setInterval(() => void this.lay(), lookEveryMs).unref();
    void this.lay();
  }

  /** Never fails: without it deletes work as long as the disk is not full. */
  lay(): Promise<void> {
    this.#laying ??= this.#lay()
      .catch((error: unknown) => {
        if (saysNoSpace(error)) return; // Somebody else took the room meanwhile; a later look finds it again.
        this.#parts.tree.log.warn('no space could be set aside for deletes on a full disk', { error });
      })
      .finally(() => {
        this.#laying = undefined;
      });
    return this.#laying;
  }

  /** Gives the space back. False when there was none. */
  release(): boolean {
    const { tree } = this.#parts;
    const own = tree.tryHold(ownDirectory);
    if (own === undefined) return false;
    try {
      tree.calls.unlinkSync(own.at(reserveName));
    } catch (error) {
      if (meansAbsent(error)) return false;
      throw error;
    } finally {
      own.close();
    }
    tree.log.warn('the disk is full: the space that was set aside for deletes is used', { root: tree.root });
    return true;
  }

  async close(): Promise<void> {
    clearInterval(this.#looks);
    await this.#laying;
  }

  async #lay(): Promise<void> {
    const { tree, directories, files } = this.#parts;
    if (tree.lookAt(reserveKey) !== undefined) return;
    const { free, total } = await this.#space.look();
    const bytes = Math.floor(Math.min(largestBytes, total * largestShare));
    // Twice as much: right after it was given back there is that much free, and not for long.
    if (bytes === 0 || free < 2 * bytes) return;
    await directories.within(stagingDirectory, async (staging) => {
      // Random: zeros take no space where the file system compresses.
      const draft = await files.draft(staging.at(randomUUID()), randomFillSync(Buffer.allocUnsafeSlow(bytes)));
      try {
        await directories.within(ownDirectory, async (own) => tree.calls.renameSync(draft.path, own.at(reserveName)));
      } finally {
        tree.calls.closeSync(draft.descriptor);
        files.removeDraft(draft.path);
      }
    });
  }
}
