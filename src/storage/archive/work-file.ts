// Files that we derive from archives and keep in a work directory: whole or absent, and never more than a cache.
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { meansAbsent, toStorageError } from '../filesystem/errno.ts';
import { makeTree } from '../filesystem/make-tree.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

const draftSuffix = '.partial';
/** What writes a draft writes it at least this often; an older one was left behind by a crash. */
const draftStaleMs = 10 * 60_000;

/** The bytes; undefined when there is no such regular file, or when it is larger than `limit`. */
export async function readWorkFile(directory: string, name: string, limit: number): Promise<Buffer | undefined> {
  try {
    const file = await open(`${directory}/${name}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stats = await file.stat();
      return stats.isFile() && stats.size <= limit ? await file.readFile() : undefined;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (meansAbsent(error)) return undefined;
    throw toStorageError(error, 'read');
  }
}

/**
 * Makes `name` in `directory`, created when missing, from what `fill` writes: durable and atomic, or not at all. Only the
 * owner may read it: images can be private.
 */
export async function writeWorkFile(
  directory: string,
  name: string,
  fill: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const draft = `${directory}/${name}.${randomUUID()}${draftSuffix}`;
  try {
    await makeTree(directory, 0o700);
    const file = await open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      await fill(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, `${directory}/${name}`);
    await syncDirectory(directory);
  } catch (error) {
    await removeWorkFile(draft);
    throw toStorageError(error, 'write');
  }
}

/** Removes files that begin with `prefix`, but not `name`, nor a draft that somebody may be writing. */
export async function removeOutdated(directory: string, prefix: string, name: string): Promise<void> {
  try {
    for (const entry of await readdir(directory)) {
      if (!entry.startsWith(prefix) || entry === name) continue;
      const path = `${directory}/${entry}`;
      if (!entry.endsWith(draftSuffix) || (await isAbandonedDraft(path))) await removeWorkFile(path);
    }
  } catch (error) {
    if (!meansAbsent(error)) throw toStorageError(error, 'write');
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** One that somebody may be writing still is not. */
export async function isAbandonedDraft(path: string): Promise<boolean> {
  if (!path.endsWith(draftSuffix)) return false;
  try {
    return Date.now() - (await stat(path)).mtimeMs >= draftStaleMs;
  } catch (error) {
    if (meansAbsent(error)) return false;
    throw error;
  }
}

export async function removeWorkFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!meansAbsent(error)) throw error;
  }
}
