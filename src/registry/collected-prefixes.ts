// Where a collection looks for blobs: in every layout, and in a root of ours also where blobs were pushed and nothing was listed, or is
// any more.
import {
  childPrefix,
  historyDirectory,
  indexFileName,
  keptManifestsName,
  type LayoutPrefix,
  layoutKeys,
  mayHoldRepositories,
  rootPrefix,
  trashDirectory,
} from '../layout/files/keys.ts';
import { isRepositoryName } from '../oci/reference.ts';
import type { Child, Key, ObjectReader } from '../storage/object-store.ts';
import { childrenOf, type OnUnlisted } from './layout-prefixes.ts';

/** `isOurs`: nobody but this registry and the tools of its operator makes directories here. */
export async function* collectedPrefixes(
  reader: ObjectReader,
  { isOurs, onUnlisted }: { readonly isOurs: boolean; readonly onUnlisted: OnUnlisted },
): AsyncIterable<LayoutPrefix> {
  const pending: Key[] = [rootPrefix];
  for (let prefix = pending.pop(); prefix !== undefined; prefix = pending.pop()) {
    const children = await childrenOf(reader, prefix, onUnlisted);
    const names = new Set(children.map(({ name }) => name));
    for (const { name, kind } of children)
      if (kind === 'prefix' && mayHoldRepositories(name)) pending.push(childPrefix(prefix, name));
    if (prefix === rootPrefix ? names.has('index.json') : isRepositoryName(prefix)) {
      const layout = prefix as LayoutPrefix;
      if (names.has('index.json') || (isOurs && names.has('blobs') && (await wasPushedTo(reader, layout))))
        yield layout;
    }
  }
}

/** What somebody else put into a directory called `blobs` is not ours to judge: skopeo shares one among layouts. */
async function wasPushedTo(reader: ObjectReader, prefix: LayoutPrefix): Promise<boolean> {
  const { journal, leases, leasesBefore } = layoutKeys(prefix);
  for (const key of [journal, leases, leasesBefore]) if ((await reader.stat(key)) !== undefined) return true;
  return false;
}

/** Of layouts that an interrupted collection took blobs from. */
export function trashedPrefixes(reader: ObjectReader): AsyncIterable<LayoutPrefix> {
  return prefixesBelow(reader, trashDirectory, ({ name, kind }) =>
    kind === 'prefix' ? name === 'blobs' : name === indexFileName,
  );
}

/** Of repositories of which manifests are kept that were deleted. */
export function keptPrefixes(reader: ObjectReader): AsyncIterable<LayoutPrefix> {
  return prefixesBelow(reader, historyDirectory, ({ name }) => name === keptManifestsName);
}

/** Where something of `directory`, which has what it knows of repositories below their prefix, is found. */
async function* prefixesBelow(
  reader: ObjectReader,
  directory: Key,
  isFound: (child: Child) => boolean,
): AsyncIterable<LayoutPrefix> {
  const pending: Key[] = [directory];
  for (let here = pending.pop(); here !== undefined; here = pending.pop()) {
    const prefix = here.slice(directory.length + 1);
    for (const child of await reader.list(here)) {
      if (isFound(child) && (prefix === '' || isRepositoryName(prefix))) yield prefix as LayoutPrefix;
      else if (child.kind === 'prefix') pending.push(childPrefix(here, child.name));
    }
  }
}
