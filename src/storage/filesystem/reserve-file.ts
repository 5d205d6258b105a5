// Space that is kept for deletes: a file that is given back when the disk is full, since even taking a name off a list means writing
// the list anew. Other programs fill disks, too, so keeping new content out is not enough. Servers on one root share it.
import { randomBytes } from 'node:crypto';
import type { Key } from '../object-store.ts';
import { ownDirectory } from '../own-names.ts';
import { RepeatedWork } from '../repeated-work.ts';
import { StorageError } from '../storage-error.ts';
import { meansAbsent, saysNoSpace } from './errno.ts';
import type { FreeSpace } from './free-space.ts';
import type { HeldDirectory } from './held-directory.ts';
import type { RootIdentity } from './root-identity.ts';
import type { StoreParts } from './store-parts.ts';

const largestBytes = 8 * 1024 * 1024;
const largestShare = 0.01;
/** More than file systems compress together, and drawn in a millisecond. */
const fillingBytes = 1024 * 1024;
/** So often it is checked whether it can be laid again. */
const checkEveryMs = 10_000;
/** Far more than it takes: a draft that is older was left by a crash. */
const layingTakesMs = 60_000;

const reserveName = 'reserve';
const reserveKey = `${ownDirectory}/${reserveName}` as Key;

export class ReserveFile {
  readonly #parts: StoreParts;
  readonly #root: RootIdentity;
  readonly #space: FreeSpace;
  readonly #laying = new RepeatedWork(() => this.#layOrReport());
  #isFailing = false;

  constructor(parts: StoreParts, root: RootIdentity, space: FreeSpace) {
    this.#parts = parts;
    this.#root = root;
    this.#space = space;
  }

  /** From now on it is laid, in the background, whenever it is missing and there is room. */
  keep(): void {
    if (this.#laying.isBegun) return;
    this.#laying.every(checkEveryMs);
    void this.lay();
  }

  /** Never fails: without it deletes work as long as the disk is not full. */
  lay(): Promise<void> {
    return this.#laying.now();
  }

  /** Gives the space back, if it is there. */
  release(): void {
    const { tree } = this.#parts;
    const own = tree.tryHold(ownDirectory);
    if (own === undefined) return;
    try {
      tree.calls.unlinkSync(own.at(reserveName));
    } catch (error) {
      if (meansAbsent(error)) return;
      throw error;
    } finally {
      own.close();
    }
    tree.log.warn('the disk is full: the space that was set aside for deletes is used', { root: tree.root });
  }

  close(): Promise<void> {
    return this.#laying.close();
  }

  async #layOrReport(): Promise<void> {
    try {
      await this.#lay();
      this.#isFailing = false;
    } catch (error) {
      this.#report(error);
    }
  }

  async #lay(): Promise<void> {
    const { tree, directories, files } = this.#parts;
    await this.#root.assertPresent();
    if (tree.statFile(reserveKey) !== undefined) return;
    const { free, total } = await this.#space.measure();
    const bytes = Math.floor(Math.min(largestBytes, total * largestShare));
    // Twice as much: right after it was given back there is that much free, and not for long.
    if (bytes === 0 || free < 2 * bytes) return;
    await directories.drafting(async (staging) => {
      if (this.#isBeingLaid(staging)) return;
      // Random: zeros take no space where the file system compresses.
      const filling = Buffer.alloc(bytes, randomBytes(Math.min(bytes, fillingBytes)));
      const draft = await files.draft(staging.at(reserveName), filling);
      try {
        await directories.within(ownDirectory, async (own) => tree.calls.renameSync(draft.path, own.at(reserveName)));
      } catch (error) {
        files.removeDraft(draft.path);
        throw error;
      } finally {
        tree.calls.closeSync(draft.descriptor);
      }
    });
  }

  /** One draft for all servers of the root: starts that are cut short again and again would fill the disk with them. */
  #isBeingLaid(staging: HeldDirectory): boolean {
    const { calls } = this.#parts.tree;
    const draft = staging.lstat(reserveName);
    if (draft === undefined || Math.abs(calls.now() - draft.ctimeMs) < layingTakesMs) return draft !== undefined;
    calls.unlinkSync(staging.at(reserveName));
    return false;
  }

  /** Once for each time it begins to fail. What passes by itself, or is told elsewhere, is no news: no room, a root that is away. */
  #report(error: unknown): void {
    const isAway = error instanceof StorageError && error.failure === 'unavailable';
    if (this.#isFailing || saysNoSpace(error) || isAway) return;
    this.#isFailing = true;
    this.#parts.tree.log.warn('no space can be set aside for deletes on a full disk', { error });
  }
}
