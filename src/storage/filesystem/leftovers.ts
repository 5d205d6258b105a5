// Drafts beside an index.json that a crash left behind: cleared away by the next update there, once they are an hour old.
import { RecentSet } from '../recent-set.ts';
import { draftPrefix, type FileTree } from './file-tree.ts';

/** Nobody takes this long from the first to the last call of one write. */
export const abandonedAfterMs = 3_600_000;

export class Leftovers {
  readonly #tree: FileTree;
  /** Directories looked at this hour: with many nested repositories a look is not cheap. */
  readonly #looked = new RecentSet(16_384);

  constructor(tree: FileTree) {
    this.#tree = tree;
  }

  /** Never fails: an update is not refused for what somebody else left there. */
  async sweep(directory: string): Promise<void> {
    const now = this.#tree.calls.now();
    const look = `${Math.floor(now / abandonedAfterMs)} ${directory}`;
    if (this.#looked.has(look)) return;
    this.#looked.add(look);
    try {
      await this.#remove(directory, now - abandonedAfterMs);
    } catch (error) {
      this.#tree.log.warn('files left behind by a crash could not be removed', { directory, error });
    }
  }

  async #remove(directory: string, changedBeforeMs: number): Promise<void> {
    const { calls, log } = this.#tree;
    for (const { name } of await calls.readdir(this.#tree.pathOf(directory))) {
      if (!name.startsWith(draftPrefix)) continue;
      const path = this.#tree.pathOf(directory === '' ? name : `${directory}/${name}`);
      const stats = calls.lstatSync(path);
      if (stats === undefined || !stats.isFile() || stats.ctimeMs > changedBeforeMs) continue;
      log.warn('a file left behind by a crash is removed', { path });
      await calls.unlink(path);
    }
  }
}
