// Whether a directory has an index.json of an image layout. Web projects have files of that name as well.
import { join } from 'node:path';
import { hasIndexMember } from '../layout/index/index-text.ts';
import { isError } from '../oci/is-error.ts';
import { type Beginning, beginningOf, isRegularFile } from '../storage/filesystem/path-probe.ts';

/** The members that tell stand at the beginning. */
const lookedAtBytes = 64 * 1024;

/**
 * False only for what is certainly something else. An index.json that is cut short, or may not be read, belongs to a layout whose
 * errors are told where it is opened.
 */
export function hasImageIndex(directory: string): boolean {
  const path = join(directory, 'index.json');
  try {
    // What a link leads to is not of this directory.
    return isRegularFile(path) && mayBeIndex(beginningOf(path, lookedAtBytes));
  } catch (error) {
    if (!(isError(error) && 'code' in error)) throw error;
    return error.code === 'EACCES';
  }
}

function mayBeIndex({ text, isWhole }: Beginning): boolean {
  if (!isWhole) return /^\s*\{/.test(text) && /"(?:manifests|schemaVersion|mediaType)"\s*:/.test(text);
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) && hasIndexMember(Object.keys(value));
  } catch {
    return true;
  }
}
