// A new file of known content: drafted and synced once, and given its names. What was there before is left to those who look at it.
import { randomUUID } from 'node:crypto';
import type { Key } from '../object-store.ts';
import { StorageError } from '../storage-error.ts';
import { errnoOf, refusesLink, saysNoSpace } from './errno.ts';
import type { FileInfo } from './file-info.ts';
import { nameOf, parentOf } from './file-tree.ts';
import type { HeldDirectory } from './held-directory.ts';
import { linked } from './linked-file.ts';
import type { StoreParts } from './store-parts.ts';

export interface NewObject {
  readonly bytes: Uint8Array;
  readonly key: Key;
  /** Another name of the same file, among our own ones; it is gone without where there is no space for it, or it lies on another file system. */
  readonly sharedAs: Key | undefined;
}

interface Places {
  readonly staging: HeldDirectory;
  readonly target: HeldDirectory;
  readonly shared: HeldDirectory | undefined;
}

/** Durable afterwards. Undefined, and nothing is done, where a file has one of the names, or links are refused. */
export async function createFile(parts: StoreParts, object: NewObject): Promise<FileInfo | undefined> {
  const { directories } = parts;
  const { key, sharedAs } = object;
  return directories.drafting((staging) =>
    directories.within(parentOf(key), (target) =>
      sharedAs === undefined
        ? createIn(parts, object, { staging, target, shared: undefined })
        : directories.withinOwn(parentOf(sharedAs), (shared) => createIn(parts, object, { staging, target, shared })),
    ),
  );
}

async function createIn(parts: StoreParts, object: NewObject, places: Places): Promise<FileInfo | undefined> {
  const { tree, files } = parts;
  const { staging, shared } = places;
  // Before anything is written: what is there already needs no file.
  if (object.sharedAs !== undefined && shared?.lstat(nameOf(object.sharedAs)) !== undefined) return undefined;
  const path = staging.at(randomUUID());
  const descriptor = await files.written(path, object.bytes);
  let hasName = true;
  try {
    if (!linkNew(parts, path, places.target.at(nameOf(object.key)))) return undefined;
    const [synced, isShared] = await Promise.allSettled([
      parts.directories.sync(places.target.key, places.target),
      shareAs(parts, path, object, shared),
    ]);
    if (synced.status === 'rejected') throw synced.reason;
    if (isShared.status === 'rejected') throw isShared.reason;
    if (!isShared.value) files.removeDraft(path);
    hasName = false;
    const stats = tree.calls.fstatSync(descriptor);
    files.began(stats);
    if (stats.nlink < 1 + Number(isShared.value)) assertThere(parts, object.key);
    return tree.infoOf(stats, tree.calls.now());
  } finally {
    tree.calls.closeSync(descriptor);
    if (hasName) files.removeDraft(path);
  }
}

/** False where something has the name, or no link can be made. */
function linkNew({ tree }: StoreParts, from: string, to: string): boolean {
  try {
    tree.calls.linkSync(from, to);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST' || refusesLink(error)) return false;
    throw error;
  }
}

/** Gives the draft's name away, durably. False without space, or where it cannot be: to share it only saves some, and waits until it is pushed again. */
async function shareAs(
  parts: StoreParts,
  path: string,
  { sharedAs }: NewObject,
  shared: HeldDirectory | undefined,
): Promise<boolean> {
  if (sharedAs === undefined || shared === undefined) return false;
  try {
    parts.tree.calls.renameSync(path, shared.at(nameOf(sharedAs)));
    await linked(parts, shared);
    return true;
  } catch (error) {
    if (saysNoSpace(error) || refusesLink(error)) return false;
    throw error;
  }
}

/** Another program may take it away again at once. */
function assertThere({ tree }: StoreParts, key: Key): void {
  if (tree.statFile(key) !== undefined) return;
  throw new StorageError('unavailable', `${key} was removed right after it was created`);
}
