// What a person asks of a repository as a whole: when it changed, and what it takes on the disk.
import { ByteTally } from '../layout/collection/byte-tally.ts';
import type { LayoutDiskUse } from '../layout/collection/disk-use.ts';
import type { ImageLayout } from '../layout/image-layout.ts';
import type { LayoutIndex } from '../layout/index/layout-index.ts';
import type { RepositoryNames } from '../layout/names/repository-names.ts';

export class RepositoryState {
  readonly #layout: ImageLayout;

  readonly #names: RepositoryNames;

  constructor(layout: ImageLayout, names: RepositoryNames) {
    this.#layout = layout;
    this.#names = names;
  }

  /** True where one directory holds several repositories: what is asked below is then about all of them. */
  async isAmongOthers(): Promise<boolean> {
    return this.#names.path !== '' || (await this.#layout.isShared());
  }

  /** The last push or delete, also by another program; undefined where there is no repository. */
  changedAtMs(): Promise<number | undefined> {
    return this.#layout.changedAtMs();
  }

  /** What lies in its directory, and what its index.json says; undefined where there is no repository. */
  async traces(): Promise<{ readonly index: LayoutIndex; readonly fileNames: readonly string[] } | undefined> {
    const index = await this.#layout.readIndex();
    return index && { index, fileNames: await this.#layout.fileNames() };
  }

  /** Of the whole directory, although it may hold other repositories as well. */
  diskUse(): Promise<LayoutDiskUse> {
    return this.#layout.diskUse(new ByteTally());
  }
}
