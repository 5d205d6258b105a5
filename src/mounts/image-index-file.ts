// Whether a directory has an index.json of an image layout. Web projects have files of that name as well.
import { closeSync, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { hasIndexMember } from '../layout/index/index-document.ts';

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
    return lstatSync(path).isFile() && mayBeIndex(beginningOf(path));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    return error.code === 'EACCES';
  }
}

interface Beginning {
  readonly text: string;
  readonly isWhole: boolean;
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

function beginningOf(path: string): Beginning {
  const descriptor = openSync(path, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const buffer = Buffer.alloc(Math.min(size, lookedAtBytes));
    const length = readSync(descriptor, buffer, 0, buffer.byteLength, 0);
    return { text: buffer.toString('utf8', 0, length), isWhole: size <= lookedAtBytes };
  } finally {
    closeSync(descriptor);
  }
}
