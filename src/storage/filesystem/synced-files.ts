// Files that this process wrote, made durable and has not written to since. Another sync of one would prove nothing new, and costs a commit of the
// file system's journal: a pushed blob passes three places that each need to be sure (the chunk, the commit, the link).
import type { Stats } from 'node:fs';
import { recentMap } from '../recent-map.ts';

/** More than are between a chunk and its link at any time; what is forgotten is synced once more. */
const maxFiles = 1_000;

export class SyncedFiles {
  readonly #files = recentMap<string, string>(maxFiles);

  /** `stats`: of before the sync began, so that what was written meanwhile does not count. */
  note(stats: Stats): void {
    this.#files.set(idOf(stats), contentOf(stats));
  }

  /** Before something is written to it: a file system's clock may stand still for some milliseconds. */
  changes(stats: Stats): void {
    this.#files.delete(idOf(stats));
  }

  has(stats: Stats): boolean {
    return this.#files.get(idOf(stats)) === contentOf(stats);
  }
}

function idOf({ dev, ino }: Stats): string {
  return `${dev} ${ino}`;
}

/** Numbers of files are used again: a new one has other times. */
function contentOf({ size, mtimeMs, birthtimeMs }: Stats): string {
  return `${size} ${mtimeMs} ${birthtimeMs}`;
}
