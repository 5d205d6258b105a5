// Hard links, so that equal blobs of a root exist once, and copies where the file system refuses them.
import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import type { Key } from '../object-store.ts';
import { StorageError } from '../storage-error.ts';
import { errnoOf, refusesLink } from './errno.ts';
import { nameOf, parentOf } from './file-tree.ts';
import type { FreeSpace } from './free-space.ts';
import type { HeldDirectory, OpenedFile } from './held-directory.ts';
import type { StoreParts } from './store-parts.ts';

/** What is linked: its directory is held, and the file open. */
interface Source {
  readonly held: HeldDirectory;
  readonly name: string;
  readonly file: OpenedFile;
}

export interface LinkParts extends StoreParts {
  readonly space: FreeSpace;
}

/**
 * Makes `to` the same file as `from`, or where that is refused a copy; durable. False when `from` is absent, or a sync of it failed before. Where
 * others replace or delete the one or the other at the same time, `to` is as the last of them left it: its version tells.
 */
export async function linkFile(parts: LinkParts, from: Key, to: Key): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    const linked = await tryLink(parts, from, to, attempt < maxAttempts);
    if (linked !== 'replaced') return linked;
  }
}

/** Each needs another replacement of the source in the moment between two system calls. */
const maxAttempts = 10;

async function tryLink(parts: LinkParts, from: Key, to: Key, mayTryAgain: boolean): Promise<boolean | 'replaced'> {
  const { tree, directories, files } = parts;
  const held = tree.tryHold(parentOf(from));
  if (held === undefined) return false;
  const name = nameOf(from);
  let file: OpenedFile | undefined;
  try {
    file = tree.openIn(held, name, constants.O_RDONLY);
    if (file === undefined) return false;
    const source = { held, name, file };
    // Another program may have written it: durable first, visible under the new name then.
    if (!(await files.sync(file))) return false;
    await directories.within(parentOf(to), async (target) => {
      if (!isSameFile(target.lstatFile(nameOf(to)), source)) await linkOrCopy(parts, source, to, target);
      await linked(parts, target);
    });
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    const found = held.lstat(name);
    if (found === undefined) return false;
    // link(2) finds nothing when another file takes the name, the last one of what it was about to link, at this very moment.
    const isReplaced = file !== undefined && !isSameFile(found, { file });
    if (mayTryAgain && isReplaced) return 'replaced';
    throw error;
  } finally {
    if (file !== undefined) tree.calls.closeSync(file.descriptor);
    held.close();
  }
  return true;
}

/** A name of a file that has others is durable from now on. */
export async function linked({ directories }: StoreParts, target: HeldDirectory): Promise<void> {
  await directories.sync(target.key, target);
}

async function linkOrCopy(parts: LinkParts, source: Source, to: Key, target: HeldDirectory): Promise<void> {
  const { tree, files } = parts;
  const from = source.held.at(source.name);
  try {
    try {
      await tree.calls.link(from, target.at(nameOf(to)));
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      await linkOver(parts, from, target.at(nameOf(to)));
    }
  } catch (error) {
    if (!refusesLink(error)) throw error;
    await parts.space.assertRoom(source.file.stats.size);
    return files.copyAndRename(tree.pathOfOpen(source.file.descriptor) ?? from, to, target);
  }
  if (!isSameFile(target.lstat(nameOf(to)), source)) await assertFile(parts, to, target);
}

/**
 * Another push of the same blob replaced what was linked, or the link, meanwhile: acknowledged or about to be, it stays. What is no
 * file was put under the source's name by somebody else after it was opened.
 */
async function assertFile({ tree, files }: StoreParts, to: Key, target: HeldDirectory): Promise<void> {
  const found = target.lstat(nameOf(to));
  if (found?.isFile() === false) {
    files.removeDraft(target.at(nameOf(to)));
    throw new StorageError('unavailable', `what became ${to} was replaced while it was linked`);
  }
  const file = found && tree.openIn(target, nameOf(to), constants.O_RDONLY);
  if (file === undefined) return;
  try {
    if (await files.sync(file)) return;
    throw new StorageError('unavailable', `what became ${to} while it was linked could not be synced`);
  } finally {
    tree.calls.closeSync(file.descriptor);
  }
}

/** link(2) does not replace; rename(2) does. */
async function linkOver({ tree, directories, files }: StoreParts, from: string, to: string): Promise<void> {
  await directories.drafting(async (staging) => {
    const path = staging.at(randomUUID());
    try {
      await tree.calls.link(from, path);
      await tree.calls.rename(path, to);
    } finally {
      // Also after a success: had `to` become a link of the same file meanwhile, rename(2) did nothing and the name is still there.
      files.removeDraft(path);
    }
  });
}

function isSameFile(stats: Stats | undefined, { file }: Pick<Source, 'file'>): boolean {
  return stats?.ino === file.stats.ino && stats.dev === file.stats.dev;
}
