// Drafts beside an index.json that a crash left behind: cleared away by the next update there, once they are an hour old.

import { draftPrefix } from '../own-names.ts';
import { RecentSet } from '../recent-set.ts';
import type { FileTree } from './file-tree.ts';
import type { HeldDirectory } from './held-directory.ts';

/** Nobody takes this long from the first to the last call of one write. */
export const abandonedAfterMs = 3_600_000;

export class Leftovers {
  readonly #tree: FileTree;
  /** Directories searched this hour: with many nested repositories a search is not cheap. */
  readonly #searched = new RecentSet(16_384);

  constructor(tree: FileTree) {
    this.#tree = tree;
  }

  /** Never fails: an update is not refused for what somebody else left there. */
  async sweep(directory: HeldDirectory): Promise<void> {
    const now = this.#tree.calls.now();
    const search = `${Math.floor(now / abandonedAfterMs)} ${directory.key}`;
    if (this.#searched.has(search)) return;
    this.#searched.add(search);
    try {
      await this.#remove(directory, now - abandonedAfterMs);
    } catch (error) {
      this.#tree.log.warn('files left behind by a crash could not be removed', { directory: directory.key, error });
    }
  }

  async #remove(directory: HeldDirectory, changedBeforeMs: number): Promise<void> {
    const { calls, log } = this.#tree;
    for (const { name } of await calls.readdir(directory.path)) {
      if (!name.startsWith(draftPrefix)) continue;
      const stats = directory.lstat(name);
      if (stats === undefined || !stats.isFile() || stats.ctimeMs > changedBeforeMs) continue;
      log.warn('a file left behind by a crash is removed', { key: directory.keyOf(name) });
      await calls.unlink(directory.at(name));
    }
  }
}
