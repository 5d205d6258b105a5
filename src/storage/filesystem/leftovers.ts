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

  async sweep(directory: string): Promise<void> {
    const { calls, log } = this.#tree;
    const now = calls.now();
    const look = `${Math.floor(now / abandonedAfterMs)} ${directory}`;
    if (this.#looked.has(look)) return;
    this.#looked.add(look);
    for (const { name } of await calls.readdir(this.#tree.pathOf(directory))) {
      if (!name.startsWith(draftPrefix)) continue;
      const path = this.#tree.pathOf(directory === '' ? name : `${directory}/${name}`);
      const stats = calls.lstatSync(path);
      if (stats === undefined || !stats.isFile() || stats.ctimeMs > now - abandonedAfterMs) continue;
      log.warn('a file left behind by a crash is removed', { path });
      await calls.unlink(path);
    }
  }
}
