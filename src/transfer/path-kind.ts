// What lies at a path that a person wrote, as far as the meaning of an argument depends on it.
import { existsSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { hasImageIndex } from '../mounts/image-index-file.ts';
import type { PathKind } from './source-reference.ts';

/** Some tools leave out `oci-layout` (containers/image reads such directories too). What may not be looked at counts as absent. */
export function pathKind(path: string): PathKind {
  const found = statOf(path);
  if (found?.isFile()) return 'archive';
  if (!found?.isDirectory()) return 'absent';
  return hasImageIndex(path) || existsSync(join(path, 'oci-layout')) ? 'layout' : 'directory';
}

/** No permission, a loop of links, a name that cannot be: nothing that this path could mean. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
