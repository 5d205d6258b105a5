// `update`: lock -> look -> change -> what must be durable first -> draft -> record -> re-check and rename -> sync -> unlock.
// The lock alone is never trusted: the version that `change` saw is compared right before the rename, synchronously.
import type { Stats } from 'node:fs';
import { basename } from 'node:path';
import type { Change, CurrentObject, Key, Replacement, StoredObject, Updated } from '../object-store.ts';
import { StorageError } from '../storage-error.ts';
import type { Draft } from './durable-file.ts';
import { errnoOf, refusesLink, saysNoSpace, toStorageError } from './errno.ts';
import { type FileInfo, labelOf, sameLabel, sameVersion } from './file-info.ts';
import type { FileLocks, HeldLock } from './file-lock.ts';
import { type FileTree, parentOf } from './file-tree.ts';
import type { Leftovers } from './leftovers.ts';
import { readWhole } from './read-file.ts';
import { ReplacedFile } from './replaced-file.ts';
import { appendSmall, deleteFile, keepOrWrite } from './small-file.ts';
import type { StoreParts } from './store-parts.ts';

const maxRounds = 100;

export interface UpdateParts extends StoreParts {
  readonly locks: FileLocks;
  readonly leftovers: Leftovers;
}

/** One update, alone in this process for its directory. */
export async function replaceFile(parts: UpdateParts, key: Key, change: Change): Promise<Updated> {
  const directory = parentOf(key);
  const created: string[] = [];
  let updated: Updated | undefined;
  try {
    for (let round = 0; round < maxRounds && updated === undefined; round += 1) {
      created.push(...(await parts.directories.ensure(directory)));
      updated = await lockedRound(parts, directory, key, change);
    }
  } finally {
    // A new repository whose first update came to nothing leaves nothing.
    if (updated?.replaced !== true) parts.directories.removeEmpty(created);
  }
  if (updated === undefined)
    throw new StorageError('unavailable', `${key} changed before each of ${maxRounds} updates`);
  return updated;
}

async function lockedRound(
  parts: UpdateParts,
  directory: string,
  key: Key,
  change: Change,
): Promise<Updated | undefined> {
  let lock: HeldLock;
  try {
    lock = await parts.locks.acquire(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined; // The directory was removed: it is made again.
    throw error;
  }
  try {
    await parts.leftovers.sweep(directory);
    return await attempt(parts, lock, key, change);
  } finally {
    await lock.release();
  }
}

/** Undefined when the object or the lock was lost to somebody else before the rename: nothing has happened then. */
async function attempt(parts: UpdateParts, lock: HeldLock, key: Key, change: Change): Promise<Updated | undefined> {
  const found = FoundFile.lookFor(parts.tree, key);
  let replacement: Awaited<ReturnType<Change>>;
  try {
    replacement = await change(found);
  } catch (error) {
    if (found?.moved === true) return undefined;
    throw error;
  }
  if (found?.moved === true) return undefined;
  if (replacement === undefined) return { replaced: false, info: found?.info, previous: undefined };
  const added: Key[] = [];
  try {
    for (const object of replacement.first) if (await keepOrWrite(parts, object)) added.push(object.key);
    return await replaceFound(parts, lock, key, found, replacement);
  } catch (error) {
    // While nothing new is visible, what was to be there first only fills the disk.
    if (saysNoSpace(error) && lock.isOurs() && isAsFound(parts.tree, key, found)) {
      for (const each of added) await deleteFile(parts, each);
    }
    throw error;
  }
}

function isAsFound(tree: FileTree, key: Key, found: FoundFile | undefined): boolean {
  const now = tree.lookBeforeWriting(key);
  return now === undefined || found === undefined ? now === found : sameVersion(now, found.info.stats);
}

/** Drafts and publishes, once everything that must be there before is. */
async function replaceFound(
  parts: UpdateParts,
  lock: HeldLock,
  key: Key,
  found: FoundFile | undefined,
  replacement: Replacement,
): Promise<Updated | undefined> {
  let previous = found && ReplacedFile.open(parts.tree, key, found.info.stats, found.info.settled);
  if (found !== undefined && previous === undefined) return undefined;
  let info: FileInfo | undefined;
  try {
    const draft = await parts.files.draft(parts.tree.newDraftPath(parentOf(key)), replacement.bytes);
    try {
      for (const object of replacement.record(labelOf(draft.stats))) await appendSmall(parts, object);
      parts.tree.markPublished(draft.stats);
      if (!lock.isOurs() || !publish(parts.tree, draft, key, found?.info.stats)) return undefined;
      const displaced = takeDisplaced(parts, draft, key, found?.info.stats);
      if (displaced !== undefined) {
        await previous?.close();
        previous = displaced;
      }
      const published = infoOfPublished(parts.tree, draft);
      await parts.directories.sync(parentOf(key));
      // Still under the lock: a push of the same object waits, and then finds it gone.
      for (const object of replacement.remove) await deleteFile(parts, object);
      info = published;
    } finally {
      parts.tree.calls.closeSync(draft.descriptor);
      if (info === undefined) parts.files.removeDraft(draft.path);
    }
  } finally {
    if (info === undefined) await previous?.close();
  }
  return { replaced: true, info, previous };
}

/** Puts the draft under `key` if that still is what `change` saw. Two synchronous calls, nothing between. */
function publish(tree: FileTree, draft: Draft, key: Key, seen: Stats | undefined): boolean {
  const path = tree.pathOf(key);
  if (seen === undefined) return createNew(tree, draft, path);
  const now = tree.calls.lstatSync(path);
  if (now === undefined || !sameVersion(now, seen)) return false;
  if (!tree.calls.exchangeSync(draft.path, path)) tree.calls.renameSync(draft.path, path);
  return true;
}

/**
 * After an exchange the draft's name holds what was under the key: cleared away if it is what `change` saw. Else another program
 * renamed its file there between our re-check and our exchange: that one is given to the caller as what was replaced.
 */
function takeDisplaced(
  { tree, files }: UpdateParts,
  draft: Draft,
  key: Key,
  seen: Stats | undefined,
): ReplacedFile | undefined {
  const found = seen && tree.calls.lstatSync(draft.path);
  if (seen === undefined || found === undefined) return undefined;
  const draftKey = `${parentOf(key)}/${basename(draft.path)}` as Key;
  const displaced = sameLabel(found, seen) ? undefined : ReplacedFile.openDisplaced(tree, draftKey, seen);
  files.removeDraft(draft.path);
  return displaced;
}

/** Nothing was there: link(2) refuses when something is by now. */
function createNew(tree: FileTree, draft: Draft, path: string): boolean {
  try {
    tree.calls.linkSync(draft.path, path);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    if (!refusesLink(error)) throw error;
    if (tree.calls.lstatSync(path) !== undefined) return false;
    tree.calls.renameSync(draft.path, path);
    return true;
  }
  tree.calls.unlinkSync(draft.path);
  return true;
}

/**
 * Taken from the draft's descriptor, not from the path, which may be somebody else's by now. If a foreign write in place
 * came first, the attributes from before the rename are given: they match nothing, so the object is read again.
 */
function infoOfPublished(tree: FileTree, draft: Draft): FileInfo {
  const now = tree.calls.fstatSync(draft.descriptor);
  return tree.infoOf(sameLabel(now, draft.stats) ? now : draft.stats, tree.calls.now());
}

/** The file as `update` found it. */
class FoundFile implements CurrentObject {
  readonly #tree: FileTree;
  readonly #key: Key;
  /** True once `read` found that the file had been replaced or removed. */
  moved = false;
  info: FileInfo;

  private constructor(tree: FileTree, key: Key, info: FileInfo) {
    this.#tree = tree;
    this.#key = key;
    this.info = info;
  }

  static lookFor(tree: FileTree, key: Key): FoundFile | undefined {
    const seenAtMs = tree.calls.now();
    const stats = tree.lookBeforeWriting(key);
    return stats && new FoundFile(tree, key, tree.infoOf(stats, seenAtMs));
  }

  async read(limit: number): Promise<StoredObject> {
    try {
      const object = await this.#read(limit);
      this.info = object.info;
      return object;
    } catch (error) {
      // What may not be read is not the caller's to replace: a failure, not a read-only store.
      throw toStorageError(error, 'read');
    }
  }

  async #read(limit: number) {
    const opened = this.#tree.openForReading(this.#key);
    if (opened === undefined) {
      this.moved = true;
      throw new StorageError('unavailable', `${this.#key} was removed while it was updated`);
    }
    try {
      return await readWhole(this.#tree, opened.descriptor, limit);
    } finally {
      this.#tree.calls.closeSync(opened.descriptor);
    }
  }
}
