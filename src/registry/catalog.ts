// The repositories of a root: every directory that holds an index.json, in byte order of their names.
import { childPrefix, indexFileName, mayHoldRepositories, rootPrefix } from '../layout/keys.ts';
import { isRepositoryName, type RepositoryName } from '../oci/reference.ts';
import type { Key, ObjectStore } from '../storage/object-store.ts';

/** Walks the root: costs a directory listing per directory, so it is asked for rarely and never while serving content. */
export async function repositoryNames(store: ObjectStore): Promise<readonly RepositoryName[]> {
  const names: RepositoryName[] = [];
  const pending: Key[] = [rootPrefix];
  for (let prefix = pending.pop(); prefix !== undefined; prefix = pending.pop()) {
    for (const { name, kind } of await store.list(prefix)) {
      if (kind === 'prefix' && mayHoldRepositories(name)) pending.push(childPrefix(prefix, name));
      else if (kind === 'object' && name === indexFileName && isRepositoryName(prefix)) names.push(prefix);
    }
  }
  return names.sort((a, b) => (a < b ? -1 : 1));
}
