// What `--shared-blobs DIR` names: the directory with `sha256/`, as skopeo takes it, or a layout or another directory with `blobs/sha256/`.
import { join } from 'node:path';
import { isError } from '../oci/is-error.ts';
import { kindAt } from '../storage/filesystem/path-probe.ts';
import { MountArgumentError } from './mount-argument.ts';

/** Where the directories of algorithms are. Throws MountArgumentError where there is no directory. */
export function sharedBlobDirectory(directory: string): string {
  if (!isDirectory(directory)) throw new MountArgumentError(`--shared-blobs ${directory}: there is no such directory`);
  const below = join(directory, 'blobs');
  return !isDirectory(join(directory, 'sha256')) && isDirectory(below) ? below : directory;
}

function isDirectory(path: string): boolean {
  try {
    return kindAt(path) === 'directory';
  } catch (error) {
    if (isError(error) && 'code' in error) return false;
    throw error;
  }
}
