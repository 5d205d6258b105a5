// What lies at a PATH: a root of layouts, a directory that is itself a layout, or a file that should be an archive of one.
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasImageIndex } from './image-index-file.ts';

export type PathKind = 'root' | 'layout' | 'archive';

/** Throws the system's error when nothing is there; undefined for a device, a socket or a pipe. */
export async function lookAtPath(path: string): Promise<PathKind | undefined> {
  const found = await stat(path);
  if (found.isFile()) return 'archive';
  if (!found.isDirectory()) return undefined;
  // Skopeo and crane read layouts without the other file.
  if (hasImageIndex(path)) return 'layout';
  const hasLayoutFile = (await lstat(join(path, 'oci-layout')).catch(() => undefined))?.isFile() === true;
  // A new layout may not have its index yet.
  return hasLayoutFile && (await readdir(path)).includes('blobs') ? 'layout' : 'root';
}
