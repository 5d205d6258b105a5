// `update`: lock -> look -> change -> what must be durable first -> draft -> record -> re-check and rename -> sync -> unlock.
// The lock alone is never trusted: the version that `change` saw is compared right before the rename, synchronously.
import { constants, type Stats } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Change, CurrentObject, Key, Replacement, SmallObject, StoredObject, Updated } from '../object-store.ts';
import { piecesOf } from '../pieces.ts';
import { StorageError } from '../storage-error.ts';
import type { Draft } from './durable-file.ts';
import { errnoOf, refusesLink, saysNoSpace, toStorageError } from './errno.ts';
import { type FileInfo, labelOf, sameLabel, sameVersion } from './file-info.ts';
import type { HeldLock } from './file-lock.ts';
import { type FileTree, nameOf, newDraftName, parentOf } from './file-tree.ts';
import type { HeldDirectory } from './held-directory.ts';
import { type LockedWork, type LockParts, whileLocked } from './locked-directory.ts';
import { moveFile } from './moved-file.ts';
import { readWhole } from './read-file.ts';
import { ReplacedFile } from './replaced-file.ts';
import { appendSmall, deleteFile, keepOrWrite } from './small-file.ts';
import type { PublishedPieces } from './spare-files.ts';

const maxRounds = 100;

/** What is replaced: its directory is held, and locked. */
interface Target {
  readonly held: HeldDirectory;
  readonly name: string;
  readonly key: Key;
  readonly lock: HeldLock;
}

/** One update, alone in this process for its directory. */
export async function replaceFile(
  parts: LockParts,
  key: Key,
  change: Change,
  isFollowed?: () => boolean,
): Promise<Updated> {
  const directory = parentOf(key);
  const created: string[] = [];
  let updated: Updated | undefined;
  try {
    for (let round = 0; round < maxRounds && updated === undefined; round += 1) {
      created.push(...(await parts.directories.ensure(directory)));
      // Undefined also when the directory was removed: it is made again.
      const work: LockedWork<Updated | undefined> = (held, lock) =>
        attempt(parts, { held, name: nameOf(key), key, lock }, change);
      // A directory that was made for this may have to go again, and a lock is in it.
      const isKept = () => created.length === 0 && isFollowed?.() === true;
      updated = await whileLocked(parts, directory, work, isKept);
    }
  } finally {
    // A new repository whose first update came to nothing leaves nothing.
    if (updated?.replaced !== true) parts.directories.removeEmpty(created);
  }
  if (updated === undefined)
    throw new StorageError('unavailable', `${key} changed before each of ${maxRounds} updates`);
  return updated;
}

/** Undefined when the object or the lock was lost to somebody else before the rename: nothing has happened then. */
async function attempt(parts: LockParts, target: Target, change: Change): Promise<Updated | undefined> {
  const found = FoundFile.lookFor(parts.tree, target);
  let replacement: Awaited<ReturnType<Change>>;
  try {
    replacement = await change(found);
  } catch (error) {
    if (found?.moved === true) return undefined;
    throw error;
  }
  if (found?.moved === true) return undefined;
  if (replacement === undefined) return { replaced: false, info: found?.info, previous: undefined, problem: undefined };
  const added: Key[] = [];
  try {
    for (const object of replacement.first) if (await keepOrWrite(parts, object)) added.push(object.key);
    return await replaceFound(parts, target, found, replacement);
  } catch (error) {
    // While nothing new is visible, what was to be there first only fills the disk.
    if (saysNoSpace(error) && target.lock.isOurs() && isAsFound(target, found)) {
      for (const each of added) await deleteFile(parts, each);
    }
    throw error;
  }
}

function isAsFound({ held, name }: Target, found: FoundFile | undefined): boolean {
  const now = held.lstatFile(name);
  return now === undefined || found === undefined ? now === found : sameVersion(now, found.info.stats);
}

/** Drafts and publishes, once everything that must be there before is. */
async function replaceFound(
  parts: LockParts,
  target: Target,
  found: FoundFile | undefined,
  replacement: Replacement,
): Promise<Updated | undefined> {
  const { held, name, lock } = target;
  const seen = found?.info.stats;
  let previous =
    found && ReplacedFile.open(parts.tree, { held, name, seen: found.info.stats, isSettled: found.info.settled });
  if (found !== undefined && previous === undefined) return undefined;
  let info: FileInfo | undefined;
  let problem: unknown;
  try {
    const taken = parts.spares.take(held, (stats) => parts.files.isLost(stats));
    const draftName = taken?.name ?? newDraftName();
    const path = held.at(draftName);
    const draft = await (taken === undefined
      ? parts.files.draft(path, replacement.bytes)
      : parts.files.redraft(path, taken, replacement.bytes));
    try {
      await appendEach(parts, replacement.record(labelOf(draft.stats)));
      parts.tree.markPublished(draft.stats);
      if (!lock.isOurs()) return undefined;
      // It is complete: whoever finds it from now on may open it.
      if (taken !== undefined) parts.tree.calls.unleaseSync(draft.descriptor);
      if (!publish(parts.tree, draft, target, seen)) return undefined;
      const displaced = seen && takeDisplaced(parts, { held, name: draftName, seen });
      if (displaced?.stray !== undefined) {
        await previous?.close();
        previous = displaced.stray;
      }
      const published = infoOfPublished(parts.tree, draft);
      await parts.directories.sync(held.key, held);
      const pieces = piecesOf(replacement.bytes);
      const spare = previous && displaced?.held && { name: draftName, replaced: previous, ...displaced.held };
      parts.spares.keep(held.key, { stats: draft.stats, pieces }, spare);
      // Still under the lock: a push of the same object waits, and then finds it gone.
      problem = await finish(parts, replacement, published);
      info = published;
    } finally {
      parts.tree.calls.closeSync(draft.descriptor);
      if (info === undefined) parts.files.removeDraft(draft.path);
    }
  } finally {
    if (info === undefined) await previous?.close();
  }
  return { replaced: true, info, previous, problem };
}

/** Each file by itself: what is refused of one is no reason to leave out another. Throws the first of what refused them, in the end. */
async function appendEach(parts: LockParts, objects: readonly SmallObject[]): Promise<void> {
  const byKey = new Map<Key, SmallObject[]>();
  for (const object of objects) byKey.set(object.key, [...(byKey.get(object.key) ?? []), object]);
  const refusals: unknown[] = [];
  for (const pieces of byKey.values()) {
    await appendPieces(parts, pieces).catch((error: unknown) => refusals.push(error));
  }
  if (refusals.length > 0) throw refusals[0];
}

/**
 * What is large comes in pieces, and others take their turns between them. A file that is begun with them goes again when one is refused:
 * on a full disk each attempt would leave less space to the next one.
 */
async function appendPieces(parts: LockParts, objects: readonly SmallObject[]): Promise<void> {
  const [first, ...rest] = objects;
  if (first === undefined) return;
  const begins = rest.length > 0 && (parts.tree.statFile(first.key)?.size ?? 0) === 0;
  try {
    await appendSmall(parts, first);
    for (const object of rest) {
      await nextTurn();
      await appendSmall(parts, object);
    }
  } catch (error) {
    if (begins) await takeBack(parts, first.key);
    throw error;
  }
}

async function takeBack(parts: LockParts, key: Key): Promise<void> {
  try {
    await deleteFile(parts, key);
  } catch (error) {
    parts.tree.log.warn('a file that was begun in vain could not be removed', { key, error });
  }
}

/** Returns what kept something from being noted or kept: the replacement is visible by then, and nothing is told that it failed. */
async function finish(parts: LockParts, { note, remove }: Replacement, published: FileInfo): Promise<unknown> {
  let problem: unknown;
  try {
    await appendEach(parts, note(published.label));
  } catch (error) {
    problem = toStorageError(error, 'write');
  }
  for (const { key, keepAs } of remove) {
    try {
      if (keepAs !== undefined && (await moveFile(parts, key, keepAs))) {
        // A rename leaves the old name or the new one; the old one must not come back.
        await parts.directories.sync(parentOf(key));
        continue;
      }
    } catch (error) {
      problem = toStorageError(error, 'write');
    }
    await deleteFile(parts, key);
  }
  return problem;
}

/** Puts the draft under the name if that still is what `change` saw. Two synchronous calls, nothing between. */
function publish(tree: FileTree, draft: Draft, { held, name }: Target, seen: Stats | undefined): boolean {
  const path = held.at(name);
  if (seen === undefined) return createNew(tree, draft, path);
  const now = tree.calls.lstatSync(path);
  if (now === undefined || !sameVersion(now, seen)) return false;
  if (!tree.calls.exchangeSync(draft.path, path)) tree.calls.renameSync(draft.path, path);
  return true;
}

interface Displaced {
  /** Another program renamed its file there between our re-check and our exchange: what is given to the caller as what was replaced. */
  readonly stray?: ReplacedFile | undefined;
  /** What `change` saw, and we had published: the next draft may be written over it. */
  readonly held?: PublishedPieces;
}

/** After an exchange the draft's name holds what was under the key: cleared away unless the next draft may be written there. */
function takeDisplaced(
  { tree, files, spares }: LockParts,
  draft: { readonly held: HeldDirectory; readonly name: string; readonly seen: Stats },
): Displaced | undefined {
  const { held, name, seen } = draft;
  const found = held.lstat(name);
  if (found === undefined) return undefined;
  const isSeen = sameLabel(found, seen);
  const pieces = isSeen ? spares.piecesOf(held.key, seen) : undefined;
  if (pieces !== undefined) return { held: { stats: seen, pieces } };
  const stray = isSeen ? undefined : ReplacedFile.openDisplaced(tree, draft);
  files.removeDraft(held.at(name));
  return { stray };
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
  readonly #target: Target;
  /** True once `read` found that the file had been replaced or removed. */
  moved = false;
  info: FileInfo;

  private constructor(tree: FileTree, target: Target, info: FileInfo) {
    this.#tree = tree;
    this.#target = target;
    this.info = info;
  }

  static lookFor(tree: FileTree, target: Target): FoundFile | undefined {
    const seenAtMs = tree.calls.now();
    const stats = target.held.lstatFile(target.name);
    return stats && new FoundFile(tree, target, tree.infoOf(stats, seenAtMs));
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
    const { held, name, key } = this.#target;
    const opened = this.#tree.openIn(held, name, constants.O_RDONLY);
    if (opened === undefined) {
      this.moved = true;
      throw new StorageError('unavailable', `${key} was removed while it was updated`);
    }
    try {
      return await readWhole(this.#tree, opened.descriptor, limit);
    } finally {
      this.#tree.calls.closeSync(opened.descriptor);
    }
  }
}
