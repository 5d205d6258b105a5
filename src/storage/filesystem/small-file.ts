// Objects that fit in memory: written whole, kept when they are already right, or appended to.
import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import type { Key, ObjectInfo, SmallObject } from '../object-store.ts';
import { StorageError } from '../storage-error.ts';
import { meansAbsent } from './errno.ts';
import { type FileTree, nameOf, parentOf } from './file-tree.ts';
import { type HeldDirectory, irregularFile, type OpenedFile } from './held-directory.ts';
import { appendWhole, type OpenAppends } from './open-appends.ts';
import { readWhole } from './read-file.ts';
import type { StoreParts } from './store-parts.ts';

const { O_APPEND, O_CREAT, O_WRONLY } = constants;

/** Creates or replaces the object; afterwards its bytes and its entry are durable. */
export async function writeSmall({ tree, directories, files }: StoreParts, object: SmallObject): Promise<ObjectInfo> {
  const { calls } = tree;
  return directories.drafting(async (staging) => {
    const draft = await files.draft(staging.at(randomUUID()), object.bytes);
    try {
      await files.publish(draft.path, object.key);
      const stats = calls.fstatSync(draft.descriptor);
      // Where the draft was copied to another file system, its descriptor shows a file without a name.
      return tree.markPublished(stats.nlink > 0 ? stats : statNow(tree.statFile(object.key)));
    } catch (error) {
      files.removeDraft(draft.path);
      throw error;
    } finally {
      calls.closeSync(draft.descriptor);
    }
  });
}

/** Durable afterwards, and not written again when it has these bytes: another server may be reading it. True when there was none. */
export async function keepOrWrite(parts: StoreParts, object: SmallObject): Promise<boolean> {
  const { tree } = parts;
  const opened = tree.openForReading(object.key);
  if (opened !== undefined) {
    try {
      const isRight =
        opened.stats.size === object.bytes.byteLength && (await hasBytes(parts, opened.descriptor, object));
      if (isRight && (await syncFile(parts, object.key, opened))) return false;
    } finally {
      tree.calls.closeSync(opened.descriptor);
    }
  }
  await writeSmall(parts, object);
  return opened === undefined;
}

/** Some network file systems show one file under another inode each time: nobody replaces it so often. */
const mostAppends = 3;

/**
 * Appends in one write, not synced; all of it or nothing. Where another process put a new file into the place of the one that was opened, to
 * that one as well.
 */
export async function appendSmall({ tree, directories, appends }: StoreParts, object: SmallObject): Promise<void> {
  if (appends.append(object.key, object.bytes)) return;
  await directories.withinUnsynced(parentOf(object.key), async (held) => {
    for (let count = 0; count < mostAppends; count += 1) if (appendOnce(tree, appends, held, object)) return;
  });
}

/** False when the file is another one by now. */
function appendOnce(tree: FileTree, appends: OpenAppends, held: HeldDirectory, { key, bytes }: SmallObject): boolean {
  const opened = tree.openIn(held, nameOf(key), O_WRONLY | O_APPEND | O_CREAT);
  if (opened === undefined) throw irregularFile(key);
  let isOf = false;
  try {
    appendWhole(tree.calls, opened.descriptor, key, bytes);
    // Whoever moved it away reads it there; what took its place was written without these bytes.
    const now = held.lstatFile(nameOf(key));
    isOf = now?.ino === opened.stats.ino;
    return isOf || now === undefined;
  } finally {
    if (isOf) appends.keep(key, opened);
    else tree.calls.closeSync(opened.descriptor);
  }
}

/** False when there is nothing to delete; that it is gone is durable when this returns. `onUnlinked`: it is gone, and a power cut may bring it back. */
export async function deleteFile(
  { tree, directories }: StoreParts,
  key: Key,
  onUnlinked: () => void = () => {},
): Promise<boolean> {
  const held = tree.tryHold(parentOf(key));
  if (held === undefined) return false;
  try {
    const isThere = held.lstatFile(nameOf(key)) !== undefined;
    if (isThere) await tree.calls.unlink(held.at(nameOf(key)));
    if (isThere) onUnlinked();
    // Also where it is gone: whoever deleted it may have been refused the sync, or killed before it.
    await directories.sync(held.key, held);
    return isThere;
  } catch (error) {
    if (meansAbsent(error)) return false;
    throw error;
  } finally {
    held.close();
  }
}

/** Makes an existing file and its entry durable. False where a sync of it failed before: it is to be written anew. */
export async function syncFile({ files, directories }: StoreParts, key: Key, opened: OpenedFile): Promise<boolean> {
  if (!(await files.sync(opened))) return false;
  await directories.ensure(parentOf(key));
  await directories.sync(parentOf(key));
  return true;
}

async function hasBytes({ tree }: StoreParts, descriptor: number, { bytes }: SmallObject): Promise<boolean> {
  const now = await readWhole(tree, descriptor, bytes.byteLength);
  return Buffer.compare(now.bytes, bytes) === 0;
}

function statNow(stats: Stats | undefined): Stats {
  if (stats === undefined) throw new StorageError('unavailable', 'an object was removed right after it was written');
  return stats;
}
