// What the tags of one repository did, as far as it was noted.
import type { TagHistory } from '../layout/history/history-reader.ts';
import type { ImageLayout } from '../layout/image-layout.ts';
import type { RepositoryNames } from '../layout/names/repository-names.ts';
import type { Tag } from '../oci/reference.ts';

export class TagHistories {
  readonly #layout: ImageLayout;
  readonly #names: RepositoryNames;

  constructor(layout: ImageLayout, names: RepositoryNames) {
    this.#layout = layout;
    this.#names = names;
  }

  /** Of one tag, or of all, those that are gone included. Empty where nothing is known, also of a repository that does not exist. */
  of(tag?: Tag): Promise<TagHistory> {
    return this.#layout.history.tags(this.#names, tag);
  }
}
