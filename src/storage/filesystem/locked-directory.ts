// Work in a directory under the lock that every process of a root takes before it replaces something there.
import { errnoOf } from './errno.ts';
import type { FileLocks, HeldLock } from './file-lock.ts';
import type { HeldDirectory } from './held-directory.ts';
import { giveBack, type KeptLock, type KeptLocks } from './kept-locks.ts';
import type { Leftovers } from './leftovers.ts';
import type { SpareFiles } from './spare-files.ts';
import type { StoreParts } from './store-parts.ts';

export interface LockParts extends StoreParts {
  readonly locks: FileLocks;
  readonly leftovers: Leftovers;
  readonly kept: KeptLocks;
  readonly spares: SpareFiles;
}

export type LockedWork<Result> = (held: HeldDirectory, lock: HeldLock) => Promise<Result>;

/**
 * Undefined when there is no such directory, or it was removed meanwhile. One caller at a time in this process (KeyQueue). `isFollowed`,
 * asked when the work is done: whether the lock is kept for the next caller, who comes at once.
 */
export async function whileLocked<Result>(
  parts: LockParts,
  directory: string,
  work: LockedWork<Result>,
  isFollowed: () => boolean = () => false,
): Promise<Result | undefined> {
  const locked = (await parts.kept.take(directory)) ?? (await lockIn(parts, directory));
  if (locked === undefined) return undefined;
  let isKept = false;
  try {
    await parts.leftovers.sweep(locked.held);
    const result = await work(locked.held, locked.lock);
    isKept = isFollowed();
    return result;
  } catch (error) {
    if (isGone(parts, error, locked.held)) return undefined;
    throw error;
  } finally {
    await (isKept ? parts.kept.keep(locked) : giveBack(locked));
  }
}

async function lockIn({ tree, locks }: LockParts, directory: string): Promise<KeptLock | undefined> {
  let held: HeldDirectory | undefined;
  try {
    held = tree.hold(directory);
    const lock = await locks.acquire(held);
    return { held, lock, sinceMs: tree.calls.elapsed() };
  } catch (error) {
    try {
      if (isGone({ tree }, error, held)) return undefined;
    } finally {
      held?.close();
    }
    throw error;
  }
}

function isGone({ tree }: Pick<StoreParts, 'tree'>, error: unknown, held: HeldDirectory | undefined): boolean {
  return errnoOf(error) === 'ENOENT' && (held === undefined || !tree.isInPlace(held));
}
