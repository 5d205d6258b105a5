// Work in a directory under the lock that every process of a root takes before it replaces something there.
import { errnoOf } from './errno.ts';
import type { FileLocks, HeldLock } from './file-lock.ts';
import type { HeldDirectory } from './held-directory.ts';
import type { Leftovers } from './leftovers.ts';
import type { StoreParts } from './store-parts.ts';

export interface LockParts extends StoreParts {
  readonly locks: FileLocks;
  readonly leftovers: Leftovers;
}

/** Undefined when there is no such directory, or it was removed meanwhile. One caller at a time in this process (KeyQueue). */
export async function whileLocked<Result>(
  parts: LockParts,
  directory: string,
  work: (held: HeldDirectory, lock: HeldLock) => Promise<Result>,
): Promise<Result | undefined> {
  let held: HeldDirectory | undefined;
  try {
    held = parts.tree.hold(directory);
    const lock = await parts.locks.acquire(held);
    try {
      await parts.leftovers.sweep(held);
      return await work(held, lock);
    } finally {
      await lock.release();
    }
  } catch (error) {
    const isGone = held === undefined || !parts.tree.isInPlace(held);
    if (errnoOf(error) === 'ENOENT' && isGone) return undefined;
    throw error;
  } finally {
    held?.close();
  }
}
