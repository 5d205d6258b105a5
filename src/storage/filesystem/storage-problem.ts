// Why nothing can be read or stored in a root right now, asked of the system each time: it passes as soon as the reason does.
import { constants } from 'node:fs';
import { StorageError } from '../storage-error.ts';
import { errnoOf } from './errno.ts';
import type { FileTree } from './file-tree.ts';
import type { FreeSpace } from './free-space.ts';
import type { RootIdentity } from './root-identity.ts';

const { R_OK, W_OK, X_OK } = constants;

/** In words for an operator who may not see the log; undefined when all is well. `space` is undefined where nothing is written. */
export async function storageProblem(
  tree: FileTree,
  root: RootIdentity,
  space: FreeSpace | undefined,
): Promise<string | undefined> {
  try {
    await root.assertPresent();
    tree.calls.accessSync(tree.root, space === undefined ? R_OK | X_OK : R_OK | W_OK | X_OK);
    return space !== undefined && (await space.isShort()) ? 'the disk of the storage directory is full' : undefined;
  } catch (error) {
    if (error instanceof StorageError) return 'the storage directory is gone, or is not the one that was opened';
    const code = errnoOf(error);
    if (code === undefined) throw error;
    if (code === 'EROFS') return 'the file system of the storage directory is mounted read-only';
    return `the storage directory cannot be ${space === undefined ? 'read' : 'written to'} (${code})`;
  }
}
