// Hard links, so that equal blobs of a root exist once, and copies where the file system refuses them.
import type { Key } from '../object-store.ts';
import { errnoOf, refusesLink } from './errno.ts';
import { parentOf } from './file-tree.ts';
import { newStagingPath, type StoreParts, stagingDirectory } from './store-parts.ts';

/** Makes `to` the same file as `from`, or where that is refused a copy; durable. False when `from` is absent. */
export async function linkFile(parts: StoreParts, from: Key, to: Key): Promise<boolean> {
  const { tree, directories } = parts;
  const source = tree.openForReading(from);
  if (source === undefined) return false;
  try {
    // Another program may have written it: durable first, visible under the new name then.
    await tree.calls.fsync(source.descriptor);
    await directories.within(parentOf(to), async () => {
      const target = tree.lookBeforeWriting(to);
      const isLinked = target?.ino === source.stats.ino && target.dev === source.stats.dev;
      if (!isLinked) await linkOrCopy(parts, from, to);
    });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && tree.calls.lstatSync(tree.pathOf(from)) === undefined) return false;
    throw error;
  } finally {
    tree.calls.closeSync(source.descriptor);
  }
  await directories.sync(parentOf(to));
  return true;
}

async function linkOrCopy(parts: StoreParts, from: Key, to: Key): Promise<void> {
  const { tree, files } = parts;
  try {
    try {
      await tree.calls.link(tree.pathOf(from), tree.pathOf(to));
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      await linkOver(parts, from, to);
    }
  } catch (error) {
    if (!refusesLink(error)) throw error;
    await files.copyAndRename(tree.pathOf(from), to);
  }
}

/** link(2) does not replace; rename(2) does. */
async function linkOver({ tree, directories, files }: StoreParts, from: Key, to: Key): Promise<void> {
  await directories.ensure(stagingDirectory);
  const path = newStagingPath(tree);
  try {
    await tree.calls.link(tree.pathOf(from), path);
    await tree.calls.rename(path, tree.pathOf(to));
  } finally {
    // Also after a success: had `to` become a link of the same file meanwhile, rename(2) did nothing and the name is still there.
    files.removeDraft(path);
  }
}
