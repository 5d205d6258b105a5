// The tags of one repository.
import type { ImageLayout } from '../layout/image-layout.ts';
import type { RepositoryNames } from '../layout/names/repository-names.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { RepositoryName, Tag } from '../oci/reference.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';

export class Tags {
  readonly #layout: ImageLayout;
  readonly #names: RepositoryNames;

  constructor(layout: ImageLayout, names: RepositoryNames) {
    this.#layout = layout;
    this.#names = names;
  }

  /** In byte order, without the tags that only carry referrers responses. Throws NAME_UNKNOWN for a repository that does not exist. */
  async list(page: PageRequest): Promise<Page<Tag>> {
    const tags = await this.#layout.tags(this.#names, 'shared');
    if (tags === undefined) throw new RegistryError('NAME_UNKNOWN');
    return pageOf(tags, page);
  }

  /** The repository that the image of a tag says it belongs to, with its registry, e.g. `docker.io/library/alpine`; undefined where it says none. */
  fullName(tag: Tag | undefined): Promise<RepositoryName | undefined> {
    return this.#layout.fullName(this.#names, tag);
  }
}
