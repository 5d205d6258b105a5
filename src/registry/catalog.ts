// The repositories of all mounts: every directory that holds an index.json, and the full names inside it, in byte order.
import {
  childPrefix,
  indexFileName,
  type LayoutPrefix,
  layoutKeys,
  mayHoldRepositories,
  rootPrefix,
} from '../layout/files/keys.ts';
import { byteOrder } from '../layout/index/layout-index.ts';
import { mayHoldFullNames } from '../layout/names/full-names.ts';
import type { VirtualPath } from '../layout/names/name-table.ts';
import { Pace } from '../layout/pacing/pace.ts';
import { RegistryError } from '../oci/error-code.ts';
import { isRepositoryName, type RepositoryName } from '../oci/reference.ts';
import type { Child, Key, ObjectReader } from '../storage/object-store.ts';
import { StorageError } from '../storage/storage-error.ts';
import { mountOf, nameAbove } from './mount.ts';
import type { MountedLayouts } from './mounted-layouts.ts';

/**
 * Walks every mount: costs a directory listing and a read for each layout, so it is asked for rarely and never while serving content.
 * Throws the reason of `ended` as soon as nobody waits any more.
 */
export async function repositoryNames(
  mounts: readonly MountedLayouts[],
  ended: AbortSignal,
): Promise<readonly RepositoryName[]> {
  const names = new Set<RepositoryName>();
  const pace = new Pace();
  for (const mounted of mounts) {
    for await (const name of namesIn(mounted, ended)) {
      await pace.step();
      // What another mount hides is not what a pull of this name would get.
      if (isRepositoryName(name) && mountOf(mounts, name) === mounted) names.add(name);
    }
  }
  return [...names].sort(byteOrder);
}

async function* namesIn(mounted: MountedLayouts, ended: AbortSignal): AsyncIterable<RepositoryName> {
  for await (const prefix of layoutPrefixes(mounted.mount.reader, ended)) {
    for (const path of await pathsIn(mounted, prefix)) {
      const below = [prefix, path].filter((part) => part !== '').join('/');
      const name = nameAbove(mounted, below);
      if (name !== '') yield name;
    }
  }
}

/** Where the layouts of a store lie. Throws the reason of `ended`, which is asked before each directory. */
export async function* layoutPrefixes(store: ObjectReader, ended?: AbortSignal): AsyncIterable<LayoutPrefix> {
  const pending: Key[] = [rootPrefix];
  for (let prefix = pending.pop(); prefix !== undefined; prefix = pending.pop()) {
    ended?.throwIfAborted();
    for (const { name, kind } of await childrenOf(store, prefix)) {
      if (kind === 'prefix' && mayHoldRepositories(name)) pending.push(childPrefix(prefix, name));
      else if (kind === 'object' && name === indexFileName && (prefix === rootPrefix || isRepositoryName(prefix))) {
        yield prefix as LayoutPrefix;
      }
    }
  }
}

/** One directory that may not be listed is no reason to serve none of the others. */
async function childrenOf(store: ObjectReader, prefix: Key): Promise<readonly Child[]> {
  try {
    return await store.list(prefix);
  } catch (error) {
    if (prefix === rootPrefix || !(error instanceof StorageError)) throw error;
    // A volume that went meanwhile is one: half a list would be taken for all there is.
    await store.list(rootPrefix);
    return [];
  }
}

/** Most layouts hold one repository, which a search of the bytes tells without parsing them. */
async function pathsIn(mounted: MountedLayouts, prefix: LayoutPrefix): Promise<readonly VirtualPath[]> {
  if (!(await mayHoldFullNames(mounted.mount.reader, layoutKeys(prefix)))) return [''];
  try {
    return (await mounted.at(prefix).repositories()) ?? [];
  } catch (error) {
    // It is there, and a pull from it says why it cannot be served.
    if (error instanceof RegistryError || error instanceof StorageError) return [''];
    throw error;
  }
}
