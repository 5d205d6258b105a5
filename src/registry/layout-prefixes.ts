// Where the layouts of a store lie: every directory that holds an index.json.
import {
  childPrefix,
  indexFileName,
  type LayoutPrefix,
  mayHoldRepositories,
  rootPrefix,
} from '../layout/files/keys.ts';
import { isRepositoryName } from '../oci/reference.ts';
import type { Child, Key, ObjectReader } from '../storage/object-store.ts';
import { StorageError } from '../storage/storage-error.ts';

/** Told of each directory that could not be listed, with the reason. */
export type OnUnlisted = (prefix: Key, why: StorageError) => void;

/** In no order. Throws the reason of `ended`, which is asked before each directory. */
export async function* layoutPrefixes(
  store: ObjectReader,
  ended?: AbortSignal,
  onUnlisted?: OnUnlisted,
): AsyncIterable<LayoutPrefix> {
  const pending: Key[] = [rootPrefix];
  for (let prefix = pending.pop(); prefix !== undefined; prefix = pending.pop()) {
    ended?.throwIfAborted();
    for (const { name, kind } of await childrenOf(store, prefix, onUnlisted)) {
      if (kind === 'prefix' && mayHoldRepositories(name)) pending.push(childPrefix(prefix, name));
      else if (kind === 'object' && name === indexFileName && (prefix === rootPrefix || isRepositoryName(prefix))) {
        yield prefix as LayoutPrefix;
      }
    }
  }
}

/** One directory that may not be listed is no reason to serve none of the others. */
export async function childrenOf(store: ObjectReader, prefix: Key, onUnlisted?: OnUnlisted): Promise<readonly Child[]> {
  try {
    return await store.list(prefix);
  } catch (error) {
    if (prefix === rootPrefix || !(error instanceof StorageError)) throw error;
    // A volume that went meanwhile is one: half a list would be taken for all there is.
    await store.list(rootPrefix);
    onUnlisted?.(prefix, error);
    return [];
  }
}
