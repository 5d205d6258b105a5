// What a person asks of a repository as a whole: when it changed, and what it takes on the disk.
import { ByteTally } from '../layout/collection/byte-tally.ts';
import type { LayoutDiskUse } from '../layout/collection/disk-use.ts';
import type { ImageLayout } from '../layout/image-layout.ts';

export class RepositoryState {
  readonly #layout: ImageLayout;

  constructor(layout: ImageLayout) {
    this.#layout = layout;
  }

  /** The last push or delete, also by another program; undefined where there is no repository. */
  changedAtMs(): Promise<number | undefined> {
    return this.#layout.changedAtMs();
  }

  /** Of the whole directory, although it may hold other repositories as well. */
  diskUse(): Promise<LayoutDiskUse> {
    return this.#layout.diskUse(new ByteTally());
  }
}
