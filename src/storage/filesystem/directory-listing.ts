// What lies in a directory, also what the store takes for absent: symbolic links, devices, files that may not be read.
import { type Dir, type Dirent, lstatSync, opendirSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { isError } from '../../oci/is-error.ts';
import type { Key } from '../object-store.ts';
import { toStorageError } from './errno.ts';

export type SeenKind = 'file' | 'directory' | 'symbolic link' | 'FIFO' | 'socket' | 'device';

export interface SeenFile {
  readonly name: string;
  readonly kind: SeenKind;
}

/** Who may do what with a file, and since when it is as it is. */
export interface SeenAttributes {
  /** The permissions alone. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of the wall clock: also when it got a name, or other permissions. */
  readonly changedAtMs: number;
}

/** Opens no file, follows no link, and never waits for a pipe. */
export class DirectoryListing {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * In the order of the file system, a few at a time, however many there are; none where there is no directory. Throws a
   * StorageError for one that may not be listed.
   */
  *children(prefix: Key): Generator<SeenFile> {
    const path = this.pathOf(prefix);
    if (kindAt(path) !== 'directory') return;
    const directory = opened(path);
    try {
      for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
        yield { name: entry.name, kind: kindOf(entry) };
      }
    } finally {
      directory.closeSync();
    }
  }

  /** Undefined when nothing is there. */
  kind(key: Key): SeenKind | undefined {
    return kindAt(this.pathOf(key));
  }

  /** True when there is a file of that name where a link leads; the one question that follows a link, and it opens nothing. */
  leadsToFile(link: Key, name: string): boolean {
    try {
      return statSync(`${this.pathOf(link)}/${name}`, { throwIfNoEntry: false })?.isFile() === true;
    } catch (error) {
      // A loop of links, a directory that may not be entered: nothing that could be served.
      if (isError(error) && 'code' in error) return false;
      throw error;
    }
  }

  /** What a symbolic link says; undefined where there is none. */
  targetOf(link: Key): string | undefined {
    try {
      return readlinkSync(this.pathOf(link));
    } catch (error) {
      if (isError(error) && 'code' in error) return undefined;
      throw error;
    }
  }

  /** True when only its owner may read the file. */
  isPrivate(key: Key): boolean {
    const stats = lstatSync(this.pathOf(key), { throwIfNoEntry: false });
    return stats !== undefined && (stats.mode & 0o044) === 0;
  }

  /** Undefined when nothing is there that can be seen. */
  attributesOf(key: Key): SeenAttributes | undefined {
    const stats = lstatAt(this.pathOf(key));
    if (stats === undefined) return undefined;
    const { mode, uid, gid, ctimeMs } = stats;
    return { mode: mode & 0o7777, uid, gid, changedAtMs: ctimeMs };
  }

  /** Where it is on this machine. */
  pathOf(key: Key): string {
    return key === '' ? this.#root : `${this.#root}/${key}`;
  }
}

function opened(path: string): Dir {
  try {
    return opendirSync(path);
  } catch (error) {
    throw toStorageError(error, 'read');
  }
}

function kindAt(path: string): SeenKind | undefined {
  const stats = lstatAt(path);
  return stats === undefined ? undefined : kindOf(stats);
}

function lstatAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // A file on the way, a name that is too long, a directory that may not be entered: nothing that can be seen.
    if (isError(error) && 'code' in error) return undefined;
    throw error;
  }
}

function kindOf(seen: Pick<Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink' | 'isFIFO' | 'isSocket'>): SeenKind {
  if (seen.isFile()) return 'file';
  if (seen.isDirectory()) return 'directory';
  if (seen.isSymbolicLink()) return 'symbolic link';
  if (seen.isFIFO()) return 'FIFO';
  return seen.isSocket() ? 'socket' : 'device';
}
