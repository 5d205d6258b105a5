// A directory below the root that is held open while something is done in it. Its names are looked up from the open directory, so that
// a neighbour who puts a symbolic link in its place, or in the place of one above, leads nobody out of the root. Node has no openat,
// but /proc/self/fd/N/name is the same on Linux; elsewhere a name is looked up from the root, as it was when the parents were real.
import { constants, type Stats } from 'node:fs';
import { isOwnName } from '../own-names.ts';
import { StorageError } from '../storage-error.ts';
import { errnoOf, meansAbsent } from './errno.ts';
import type { SystemCalls } from './system-calls.ts';

const { O_NOFOLLOW, O_NONBLOCK } = constants;

/** Where a process finds its own open files by number, on Linux. */
export const ownDescriptors = '/proc/self/fd';

export interface OpenedFile {
  readonly descriptor: number;
  readonly stats: Stats;
}

export class HeldDirectory {
  /** Below the root; '' is the root itself. */
  readonly key: string;
  readonly descriptor: number;
  /** Lists it. */
  readonly path: string;
  readonly #calls: SystemCalls;
  #identity: string | undefined;

  constructor(calls: SystemCalls, key: string, descriptor: number, path: string) {
    this.#calls = calls;
    this.key = key;
    this.descriptor = descriptor;
    this.path = path;
  }

  /** False where its names are looked up from the root. */
  get isByDescriptor(): boolean {
    return this.path.startsWith(ownDescriptors);
  }

  /** Of the directory itself, whatever it is called by now. */
  get identity(): string {
    if (this.#identity === undefined) {
      const { dev, ino } = this.#calls.fstatSync(this.descriptor);
      this.#identity = `${dev} ${ino}`;
    }
    return this.#identity;
  }

  /** The path of a name in it, as long as it is held. */
  at(name: string): string {
    return `${this.path}/${name}`;
  }

  keyOf(name: string): string {
    return this.key === '' ? name : `${this.key}/${name}`;
  }

  /** Undefined when there is no such name. Follows no link. */
  lstat(name: string): Stats | undefined {
    return this.#calls.lstatSync(this.at(name));
  }

  /** The attributes of what a writer is about to replace or change; undefined when there is nothing. Refuses what is no regular file. */
  lstatFile(name: string): Stats | undefined {
    const stats = this.lstat(name);
    if (stats === undefined || stats.isFile()) return stats;
    throw irregularFile(this.keyOf(name));
  }

  close(): void {
    this.#calls.closeSync(this.descriptor);
  }
}

/** What stands in the way of a write. Of our own files nobody else makes any: what is there can go. */
export function irregularFile(key: string): StorageError {
  const remedy = isOwnName(key) ? ': remove it, and moorage writes its own' : '';
  return new StorageError('unsafe', `${key} is not a regular file${remedy}`);
}

/** Opens a regular file; undefined when there is none. `onOther` is called for what is there and is none. */
export function openRegularFile(
  calls: SystemCalls,
  path: string,
  flags: number,
  { mode, onOther }: { readonly mode: number; readonly onOther: () => void },
): OpenedFile | undefined {
  let descriptor: number;
  try {
    descriptor = calls.openSync(path, flags | O_NOFOLLOW | O_NONBLOCK, mode);
  } catch (error) {
    if (!meansAbsent(error)) throw error;
    if (errnoOf(error) !== 'ENOENT') onOther();
    return undefined;
  }
  try {
    const stats = calls.fstatSync(descriptor);
    if (stats.isFile()) return { descriptor, stats };
  } catch (error) {
    calls.closeSync(descriptor);
    throw error;
  }
  calls.closeSync(descriptor);
  onOther();
  return undefined;
}
