// The root before it is used: made when missing, looked at, and refused in words that tell an operator what to do.
import { constants, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { StorageError } from '../storage-error.ts';
import { errnoOf } from './errno.ts';
import type { FileTree } from './file-tree.ts';

const { O_DIRECTORY, O_RDONLY, R_OK, W_OK, X_OK } = constants;

/** Returns the attributes of the directory. */
export async function prepareRoot(tree: FileTree, access: 'read' | 'write'): Promise<Stats> {
  if (access === 'write') await create(tree);
  try {
    const descriptor = tree.calls.openSync(tree.root, O_RDONLY | O_DIRECTORY, 0);
    try {
      const stats = tree.calls.fstatSync(descriptor);
      tree.calls.accessSync(tree.root, access === 'read' ? R_OK | X_OK : R_OK | W_OK | X_OK);
      return stats;
    } finally {
      tree.calls.closeSync(descriptor);
    }
  } catch (error) {
    throw refusal(tree.root, error, access === 'read' ? 'read' : 'write to');
  }
}

/**
 * Which directory it is: no copy of it, and none that was unpacked from an archive, is the same one. Nobody can guess the time
 * to the microsecond; where the file system keeps none it is 0, and the number alone has to do.
 */
export function placeOf({ ino, birthtimeMs }: Stats): string {
  return `${ino}-${birthtimeMs}`;
}

async function create({ calls, root, directoryMode }: FileTree): Promise<void> {
  const parent = dirname(root);
  try {
    if (calls.lstatSync(root) !== undefined) return;
    await calls.makeTree(root, directoryMode);
    const descriptor = calls.openSync(parent, O_RDONLY | O_DIRECTORY, 0);
    try {
      await calls.fsync(descriptor);
    } finally {
      calls.closeSync(descriptor);
    }
  } catch (error) {
    throw refusal(root, error, 'write to');
  }
}

function refusal(root: string, error: unknown, intent: 'read' | 'write to'): unknown {
  const code = errnoOf(error);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new StorageError('read-only', `cannot ${intent} the storage directory ${root} (${code})`, error);
  }
  if (code === 'ENOTDIR' || code === 'EEXIST' || code === 'ELOOP') {
    return new StorageError('unsafe', `the storage directory ${root} is not a directory (${code})`, error);
  }
  if (code === 'ENOENT') {
    return new StorageError('unavailable', `the storage directory ${root} does not exist`, error);
  }
  if (code === undefined) return error;
  return new StorageError('unavailable', `cannot use the storage directory ${root} (${code})`, error);
}
