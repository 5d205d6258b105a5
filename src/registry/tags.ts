// The tags of one repository.
import type { ImageLayout } from '../layout/image-layout.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { Tag } from '../oci/reference.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';

export class Tags {
  readonly #layout: ImageLayout;

  constructor(layout: ImageLayout) {
    this.#layout = layout;
  }

  /** In byte order, without the tags that only carry referrers responses. Throws NAME_UNKNOWN for a repository that does not exist. */
  async list(page: PageRequest): Promise<Page<Tag>> {
    const tags = await this.#layout.tags();
    if (tags === undefined) throw new RegistryError('NAME_UNKNOWN');
    return pageOf(tags, page);
  }
}
