// A repository of which nothing is left goes once the grace is over, its directory and all: what moorage made for a push. Under the lock of
// its index.json, and only where nothing is beside it that somebody else may have put there; a push makes all of it again.
import { digestAlgorithms } from '../../oci/digest.ts';
import { isRepositoryName } from '../../oci/reference.ts';
import type { Key, ObjectInfo, ObjectReader, ObjectStore } from '../../storage/object-store.ts';
import { Trash } from '../blobs/trash.ts';
import { childPrefix, type LayoutKeys, mayHoldRepositories } from '../files/keys.ts';
import { longestEmptyBytes, saysNothing } from '../index/empty-index.ts';

export interface EmptyLayoutParts {
  readonly store: ObjectStore;
  readonly keys: LayoutKeys;
  /** False while it is younger than the grace. */
  readonly isOld: (index: ObjectInfo) => boolean;
  /** True while a client was told that something is there, or somebody may go back to what left. */
  readonly isWanted: () => Promise<boolean>;
}

/** False where it stays. What is listed, or written there, meanwhile is not lost: the layout stays, or begins anew. */
export async function removeEmptyLayout({ store, keys, isOld, isWanted }: EmptyLayoutParts): Promise<boolean> {
  if (!(await mayBeEmpty(store, keys))) return false;
  const trash = new Trash(store, keys);
  const isRemoved = await store.exclusively(keys.index, async (isOurs) => {
    const index = await store.read(keys.index, longestEmptyBytes);
    if (index === undefined || !saysNothing(index.bytes) || !isOld(index.info)) return false;
    if ((await isWanted()) || !(await isAlone(store, keys)) || !isOurs()) return false;
    // Out of the way first: a program that had it open may write into it at this very moment.
    if (!(await trash.takeIndex())) return false;
    const taken = await store.read(keys.trashedIndex, Number.MAX_SAFE_INTEGER);
    const isSame = taken?.info.label === index.info.label && saysNothing(taken.bytes);
    if (!isSame || (await store.stat(keys.index)) !== undefined) {
      await trash.putIndexBack();
      return false;
    }
    await store.delete(keys.ociLayout);
    await store.delete(keys.trashedIndex);
    return true;
  });
  if (isRemoved === true) await removeDirectory(store, keys);
  return isRemoved === true;
}

/** Cheap, and without the lock. One that was never pushed to is another program's: umoci init begins an image so. */
async function mayBeEmpty(store: ObjectReader, keys: LayoutKeys): Promise<boolean> {
  const info = await store.stat(keys.index);
  if (info === undefined || info.size > longestEmptyBytes) return false;
  return (await store.stat(keys.journal)) !== undefined;
}

/** Nothing is there but what a push makes, without a blob, and directories of other repositories. */
async function isAlone(store: ObjectReader, keys: LayoutKeys): Promise<boolean> {
  for (const { name, kind } of await store.list(keys.directory)) {
    const isOurs = kind === 'object' ? name === 'index.json' || name === 'oci-layout' : isPartOfName(name);
    if (!isOurs && name !== 'blobs') return false;
  }
  for (const { name, kind } of await store.list(keys.inDirectory('blobs'))) {
    if (kind === 'object' || !digestAlgorithms.some((each) => each === name)) return false;
    if ((await store.list(childPrefix(keys.inDirectory('blobs'), name))).length > 0) return false;
  }
  return true;
}

function isPartOfName(name: string): boolean {
  return mayHoldRepositories(name) && isRepositoryName(name);
}

/** As far as nothing is in it: other repositories may lie below, and a push may be under way. */
async function removeDirectory(store: ObjectStore, { directory, inDirectory }: LayoutKeys): Promise<void> {
  const parent = directory.slice(0, Math.max(directory.lastIndexOf('/'), 0)) as Key;
  const below: Readonly<Record<string, readonly string[]>> = {
    [parent]: [directory.slice(parent === '' ? 0 : parent.length + 1)],
    [directory]: ['blobs'],
    [inDirectory('blobs')]: digestAlgorithms,
  };
  await store.removeEmpty(parent, { mayGo: () => true, below: (prefix) => below[prefix] ?? [] });
}
