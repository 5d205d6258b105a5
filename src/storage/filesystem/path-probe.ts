// Questions about paths that somebody wrote, before any store is open. Errors are the system's own, for whoever explains them.
import {
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { isError } from '../../oci/is-error.ts';
import { meansAbsent } from './errno.ts';

export type ProbedKind = 'file' | 'directory' | 'other';

/** What a path leads to, links followed; 'other': a device, a socket, a pipe. Throws where nothing is, or nobody may look. */
export function kindAt(path: string): ProbedKind {
  const stats = statSync(path);
  if (stats.isFile()) return 'file';
  return stats.isDirectory() ? 'directory' : 'other';
}

/** False also for a link to a file: what it leads to is not of this directory. */
export function isRegularFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** False also for what may not be looked at. */
export function exists(path: string): boolean {
  return existsSync(path);
}

/** True also where the system knows no owners. Throws where nothing is. */
export function isOwn(path: string): boolean {
  return process.geteuid === undefined || statSync(path).uid === process.geteuid();
}

/** Changes whenever the file is written to or replaced; undefined where there is no regular file, but perhaps a link to one. */
export function versionOfFile(path: string): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false, bigint: true });
  if (stats?.isFile() !== true) return undefined;
  return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join('-');
}

/** Of a file that is no link; undefined when there is none. */
export function modifiedAtMs(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

/** Symbolic links resolved. Throws where nothing is. */
export function realPathOf(path: string): string {
  return realpathSync(path);
}

/** Undefined where there is no directory. Throws ENOTDIR for a file. */
export function namesIn(directory: string): readonly string[] | undefined {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isError(error) && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A small file as text; undefined when there is none. */
export function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (meansAbsent(error)) return undefined;
    throw error;
  }
}

export interface Beginning {
  readonly text: string;
  readonly isWhole: boolean;
}

/** Up to `limit` bytes of a file. */
export function beginningOf(path: string, limit: number): Beginning {
  const descriptor = openSync(path, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const buffer = Buffer.alloc(Math.min(size, limit));
    const length = readSync(descriptor, buffer, 0, buffer.byteLength, 0);
    return { text: buffer.toString('utf8', 0, length), isWhole: size <= limit };
  } finally {
    closeSync(descriptor);
  }
}
