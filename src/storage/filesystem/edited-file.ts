// Changing a file outside of any store, which others change as well: nothing that somebody else wrote meanwhile is lost.
import { lstatSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isError } from '../../oci/is-error.ts';
import { silentLog } from '../log.ts';
import { meansAbsent } from './errno.ts';
import { sameVersion } from './file-info.ts';
import { FileLocks, minimumStaleMs } from './file-lock.ts';
import { FileTree } from './file-tree.ts';
import { CannotWriteError, publishFile, writing } from './published-file.ts';
import { systemCalls } from './system-calls.ts';

export interface EditOptions {
  readonly maxBytes: number;
  /** Of a file that was not there; the umask applies. */
  readonly newMode: number;
}

/** Somebody who takes no lock wrote it in between, as Apache's htpasswd does. */
class ChangedMeanwhile extends Error {}
const attempts = 10;

/**
 * Replaces the file with what `change` makes of it, undefined when there is none; where it returns undefined all stays as it is. `change` may
 * run again. Of a symbolic link the file is replaced that it leads to. Others that edit it this way wait. Throws CannotWriteError, and
 * StorageError when the lock is not to be had.
 */
export async function editFile(
  path: string,
  change: (now: Buffer | undefined) => Buffer | undefined,
  options: EditOptions,
): Promise<void> {
  const target = targetOf(path);
  const tree = new FileTree(dirname(target), {
    calls: systemCalls,
    log: silentLog,
    fileMode: 0o600,
    directoryMode: 0o700,
  });
  const locks = new FileLocks(tree, minimumStaleMs);
  await writing(target, async () => {
    const held = tree.hold('');
    try {
      const lock = await locks.acquire(held);
      try {
        await editLocked(target, change, options);
      } finally {
        await lock.release();
      }
    } finally {
      held.close();
    }
  });
}

async function editLocked(
  target: string,
  change: (now: Buffer | undefined) => Buffer | undefined,
  { maxBytes, newMode }: EditOptions,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const before = statOf(target);
    // Whoever reads a FIFO waits for its writer.
    if (before?.isFile() === false) throw new CannotWriteError(`cannot change ${target}: it is no regular file`);
    if (before !== undefined && before.size > maxBytes) {
      throw new CannotWriteError(`cannot change ${target}: it has more than ${maxBytes} bytes`);
    }
    const changed = change(before === undefined ? undefined : readFileSync(target));
    if (changed === undefined) return;
    try {
      const signal = new AbortController().signal;
      const beforeRename = () => assertUnchanged(target, before);
      await publishFile(target, [changed], { through: [], signal, newMode, beforeRename });
      return;
    } catch (error) {
      if (!(error instanceof ChangedMeanwhile) || attempt === attempts) throw error;
    }
  }
}

function assertUnchanged(target: string, before: Stats | undefined): void {
  const now = statOf(target);
  const isSame = before === undefined || now === undefined ? now === before : sameVersion(now, before);
  if (!isSame) throw new ChangedMeanwhile(`${target} changes all the time`);
}

function statOf(target: string): Stats | undefined {
  return statSync(target, { throwIfNoEntry: false });
}

/** What is replaced: of a name that leads elsewhere, what it leads to. */
function targetOf(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (!isError(error) || !meansAbsent(error)) throw error;
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
      throw new CannotWriteError(`cannot write ${path}: it is a symbolic link that leads to no file`);
    }
    return join(dirname(path), basename(path));
  }
}
