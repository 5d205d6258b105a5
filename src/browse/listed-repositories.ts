// The repositories of a registry, a page at a time, as a person looks through them.
import type { RepositoryName } from '../oci/reference.ts';
import type { IsShown } from '../registry/catalog.ts';
import { type Page, type PageRequest, pageOf } from '../registry/page.ts';
import type { Registry } from '../registry/registry.ts';
import { isoTimeOf } from './iso-time.ts';
import type { SearchedNames } from './searched-names.ts';
import { unlessUnreadable } from './unreadable.ts';

export interface RepositoryFacts {
  readonly name: RepositoryName;
  /** How many; undefined where they cannot be read. */
  readonly tags?: number | undefined;
  /** The last push or delete (RFC 3339). */
  readonly changedAt?: string | undefined;
  /** In words, why it cannot be read. */
  readonly problem?: string | undefined;
}

export interface RepositoryQuery extends PageRequest {
  /** Only those whose names hold it. */
  readonly text?: string | undefined;
  /** Undefined: all. */
  readonly isShown?: IsShown | undefined;
}

const atATime = 8;

/** In byte order; of a search as it was some seconds ago. Throws the reason of `gone` when its client has left. */
export async function listRepositories(
  registry: Registry,
  searched: SearchedNames,
  { text, isShown, ...page }: RepositoryQuery,
  gone?: AbortSignal,
): Promise<Page<RepositoryFacts>> {
  const { items, more } =
    text === undefined
      ? await registry.catalog(page, isShown, gone)
      : pageOf(await searched.holding(text, isShown, gone), page);
  const facts: RepositoryFacts[] = [];
  for (let at = 0; at < items.length; at += atATime) {
    gone?.throwIfAborted();
    facts.push(...(await Promise.all(items.slice(at, at + atATime).map((name) => factsOf(registry, name, isShown)))));
  }
  return { items: facts, more };
}

/**
 * One that cannot be read does not keep the others from being seen. Of a directory that others have a part in, nothing is told of all to who may
 * not see all.
 */
function factsOf(registry: Registry, name: RepositoryName, isShown: IsShown | undefined): Promise<RepositoryFacts> {
  return unlessUnreadable<RepositoryFacts>(
    async () => {
      const { tags, state } = await registry.repository(name);
      const { items } = await tags.list({});
      const isOwn = isShown === undefined || !(await state.isAmongOthers());
      return { name, tags: items.length, changedAt: isOwn ? isoTimeOf(await state.changedAtMs()) : undefined };
    },
    (problem) => ({ name, problem }),
  );
}
