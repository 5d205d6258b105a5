// What lies at a path that somebody wrote: a root of layouts, a directory that is itself a layout, or a file that should be an
// archive of one. The one answer, for `serve` and for every command.
import { join } from 'node:path';
import { isError } from '../oci/is-error.ts';
import { isRegularFile, kindAt, namesIn } from '../storage/filesystem/path-probe.ts';
import { hasImageIndex } from './image-index-file.ts';

export type PathKind = 'root' | 'layout' | 'archive';

/** Throws the system's error when nothing is there; undefined for a device, a socket or a pipe. */
export function pathKindOf(path: string): PathKind | undefined {
  const found = kindAt(path);
  if (found === 'file') return 'archive';
  if (found === 'other') return undefined;
  // Skopeo and crane read layouts without the other file.
  if (hasImageIndex(path)) return 'layout';
  // A new layout may not have its index yet.
  return isRegularFile(join(path, 'oci-layout')) && namesIn(path)?.includes('blobs') === true ? 'layout' : 'root';
}

/** The same where an argument may mean something else than a path: what may not be looked at, or is no such thing, counts as absent. */
export function pathKindIfAny(path: string): PathKind | 'absent' {
  try {
    return pathKindOf(path) ?? 'absent';
  } catch (error) {
    if (isError(error) && 'code' in error) return 'absent';
    throw error;
  }
}
