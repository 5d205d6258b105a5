// The tags of a repository with what each of them is, a page at a time.
import type { RepositoryName } from '../oci/reference.ts';
import { type Page, type PageRequest, pageOf } from '../registry/page.ts';
import type { Registry } from '../registry/registry.ts';
import { summarizeTags, type TagSummary } from '../transfer/image-summary.ts';
import { LookingSource } from './looking-source.ts';

export interface TagQuery extends PageRequest {
  /** Only those that hold it. */
  readonly text?: string | undefined;
}

/** Of one tag: an image for more platforms is summed up by the first of them. A page of them may be 200. */
const mostNodes = 60;

/** In byte order. Throws NAME_UNKNOWN, and the reason of `gone` when its client has left. */
export async function listTagSummaries(
  registry: Registry,
  name: RepositoryName,
  { text, ...page }: TagQuery,
  gone?: AbortSignal,
): Promise<Page<TagSummary>> {
  const { tags } = await registry.repository(name);
  const all = text === undefined ? undefined : (await tags.list({})).items.filter((tag) => tag.includes(text));
  const { items, more } = all === undefined ? await tags.list(page) : pageOf(all, page);
  const options = { maxNodes: mostNodes, signal: gone };
  return { items: await summarizeTags(new LookingSource(registry), name, items, options), more };
}
