// Repositories that full names in a layout made, and of which every tag is gone: their name leads nowhere, and the history of the layout
// knows what could be gone back to.
import { isRepositoryName, type RepositoryName } from '../oci/reference.ts';
import type { Registry } from './registry.ts';
import type { Repository, WritableRepository } from './repository.ts';

/** Undefined where no layout further up knows of one. */
export async function goneRepository(
  registry: Registry,
  name: RepositoryName,
): Promise<Repository | WritableRepository | undefined> {
  for await (const found of registry.layouts()) {
    const path = pathBelow(found.name, name);
    if (path === undefined) continue;
    const { moves } = await found.layout.history.tags(found.layout.names(path));
    if (moves.length > 0) return registry.repositoryIn(found, path);
  }
  return undefined;
}

function pathBelow(above: RepositoryName | '', name: RepositoryName): RepositoryName | undefined {
  if (above === '') return name;
  const path = name.startsWith(`${above}/`) ? name.slice(above.length + 1) : '';
  return isRepositoryName(path) ? path : undefined;
}
