// Where the server of a directory keeps what it derived from it: for whoever only looks, and has found out what the server must know.
import { join } from 'node:path';
import type { FactsPlace } from '../layout/files/kept-lines.ts';
import { ownFactsDirectory } from '../layout/files/keys.ts';
import { openFilesystemStore } from '../storage/filesystem/filesystem-store.ts';
import { exists, isOwn } from '../storage/filesystem/path-probe.ts';
import { idKey } from '../storage/filesystem/root-id.ts';
import type { Log } from '../storage/log.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { OpenedMount } from './opened-mount.ts';

/** Also before the server has kept anything. Undefined where no server ever wrote, or nobody but the server may; its store is the caller's to close. */
export async function ownFacts({ path, kind }: OpenedMount, log: Log): Promise<FactsPlace | undefined> {
  const id = join(path, idKey);
  if (kind === 'archive' || !exists(id)) return undefined;
  // What another user begins, such as root, the server could not go on with.
  if (!exists(join(path, ownFactsDirectory)) && !isOwn(id)) return undefined;
  try {
    return { store: await openFilesystemStore(path, { log }), directory: ownFactsDirectory };
  } catch (error) {
    if (error instanceof StorageError) return undefined;
    throw error;
  }
}
