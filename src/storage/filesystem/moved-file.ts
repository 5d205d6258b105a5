// Renames from one directory of a root to another: one step, so that the bytes are under one of the two names whatever happens.
import type { Key } from '../object-store.ts';
import { errnoOf } from './errno.ts';
import { nameOf, parentOf } from './file-tree.ts';
import type { StoreParts } from './store-parts.ts';

/** False when `from` is absent, or something is under `to`. Refuses what is no regular file, and another file system. */
export async function moveFile({ tree, directories }: StoreParts, from: Key, to: Key): Promise<boolean> {
  const source = tree.tryHold(parentOf(from));
  if (source === undefined) return false;
  try {
    if (source.lstatFile(nameOf(from)) === undefined) return false;
    return await directories.within(parentOf(to), async (target) => {
      if (target.lstat(nameOf(to)) !== undefined) return false;
      try {
        tree.calls.renameSync(source.at(nameOf(from)), target.at(nameOf(to)));
        return true;
      } catch (error) {
        if (errnoOf(error) === 'ENOENT' && source.lstat(nameOf(from)) === undefined) return false;
        throw error;
      }
    });
  } finally {
    source.close();
  }
}
