// What lies at a PATH: a root of layouts, a directory that is itself a layout, or a file that should be an archive of one.
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export type PathKind = 'root' | 'layout' | 'archive';

/** Throws the system's error when nothing is there; undefined for a device, a socket or a pipe. */
export async function lookAtPath(path: string): Promise<PathKind | undefined> {
  const found = await stat(path);
  if (found.isFile()) return 'archive';
  if (!found.isDirectory()) return undefined;
  const [hasIndex, hasLayoutFile] = await Promise.all(['index.json', 'oci-layout'].map((name) => isFile(path, name)));
  // A new layout may not have its index yet; skopeo and crane read layouts without the other file.
  return hasIndex || (hasLayoutFile && (await readdir(path)).includes('blobs')) ? 'layout' : 'root';
}

async function isFile(directory: string, name: string): Promise<boolean> {
  const found = await lstat(join(directory, name)).catch(() => undefined);
  return found?.isFile() === true;
}
