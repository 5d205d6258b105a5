// What the tags of one repository did, as far as it was noted.
import type { TagHistory } from '../layout/history/history-reader.ts';
import type { RollbackPoint } from '../layout/history/rollback-target.ts';
import type { ImageLayout } from '../layout/image-layout.ts';
import type { RepositoryNames } from '../layout/names/repository-names.ts';
import type { Tag } from '../oci/reference.ts';
import { planRollback, type RollbackPlan } from './rollbacks.ts';

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

  /** What going back with a tag would do. Throws MANIFEST_UNKNOWN, in words for an operator. */
  planRollback(tag: Tag, point: RollbackPoint): Promise<RollbackPlan> {
    return planRollback(this.#layout, this.#names, tag, point);
  }
}
