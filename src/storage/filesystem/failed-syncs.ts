// Files of which a sync failed. The system tells of lost pages once and takes them for written from then on (fsync(2)): a second sync
// answers OK and proves nothing, so such a file counts as lost, and is written anew.
import type { Stats } from 'node:fs';
import { RecentSet } from '../recent-set.ts';

const maxFiles = 10_000;

export class FailedSyncs {
  readonly #files = new RecentSet(maxFiles);

  note(stats: Stats): void {
    this.#files.add(idOf(stats));
  }

  /** Costs nothing while no sync ever failed. */
  has(stats: Stats): boolean {
    return this.#files.size > 0 && this.#files.has(idOf(stats));
  }

  /** Of a new file: where no time of birth is kept, its number may have been that of a lost one. */
  forget(stats: Stats): void {
    if (this.#files.size > 0) this.#files.delete(idOf(stats));
  }
}

function idOf({ dev, ino, birthtimeMs }: Stats): string {
  return `${dev} ${ino} ${birthtimeMs}`;
}
