// The tree of files below the root: keys become paths here and nowhere else, and no symbolic link below the root is followed.
// The root itself may be one. What is not a regular file under real directories is absent to readers and `unsafe` to writers.
import { randomUUID } from 'node:crypto';
import { constants, type Dirent, type Stats } from 'node:fs';
import type { Child, Key, VersionLabel } from '../object-store.ts';
import { RecentSet } from '../recent-set.ts';
import { StorageError } from '../storage-error.ts';
import type { StorageLog } from '../storage-log.ts';
import { errnoOf, meansAbsent } from './errno.ts';
import { FileInfo, labelOf } from './file-info.ts';
import type { SystemCalls } from './system-calls.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** For so long a directory that was real is not looked at again for a stat; reading looks each time. */
const trustDirectoriesMs = 1_000;
const maxDirectories = 4_096;

export interface FileTreeOptions {
  readonly calls: SystemCalls;
  readonly log: StorageLog;
  readonly fileMode: number;
  readonly directoryMode: number;
}

export interface OpenedFile {
  readonly descriptor: number;
  readonly stats: Stats;
}

export class FileTree {
  readonly root: string;
  readonly calls: SystemCalls;
  readonly log: StorageLog;
  readonly fileMode: number;
  readonly directoryMode: number;
  #realRoot: string | undefined;
  readonly #published = new RecentSet(16_384);
  /** Parents of keys that were seen to be real directories all the way, and when. */
  readonly #realDirectories = new Map<string, number>();
  readonly #isPublished = (label: VersionLabel): boolean => this.#published.has(label);

  constructor(root: string, options: FileTreeOptions) {
    this.root = root;
    this.calls = options.calls;
    this.log = options.log;
    this.fileMode = options.fileMode;
    this.directoryMode = options.directoryMode;
  }

  /** The root was mounted again or replaced: what was seen of its directories says nothing about it. */
  forget(): void {
    this.#realRoot = undefined;
    this.#realDirectories.clear();
  }

  /** The empty key is the root. */
  pathOf(key: string): string {
    return key === '' ? this.root : `${this.root}/${key}`;
  }

  infoOf(stats: Stats, seenAtMs: number): FileInfo {
    return new FileInfo(stats, seenAtMs, this.#isPublished);
  }

  /** The version of a file that this store wrote is settled from now on, if the file system kept the random part of its mtime. */
  markPublished(stats: Stats): FileInfo {
    if (!Number.isInteger(stats.mtimeMs)) this.#published.add(labelOf(stats));
    return this.infoOf(stats, this.calls.now());
  }

  /** Opens a regular file; undefined when there is none. */
  openForReading(key: Key): OpenedFile | undefined {
    this.#realRoot ??= this.calls.realpathSync(this.root);
    const opened = this.openRegular(key, O_RDONLY);
    if (opened === undefined || this.#isWhereItSeems(opened, key)) return opened;
    this.calls.closeSync(opened.descriptor);
    return undefined;
  }

  /** One question to the kernel where it answers, instead of a look at each parent: most requests for a blob come through here. */
  #isWhereItSeems({ descriptor }: OpenedFile, key: Key): boolean {
    return this.calls.descriptorPathSync(descriptor) === `${this.#realRoot}/${key}` || this.hasRealParents(key);
  }

  /** Opens `key`, whose parents were looked at, with `flags`; undefined when it is absent or no regular file. */
  openRegular(key: Key, flags: number): OpenedFile | undefined {
    let descriptor: number;
    try {
      descriptor = this.calls.openSync(this.pathOf(key), flags | O_NOFOLLOW | O_NONBLOCK, this.fileMode);
    } catch (error) {
      if (!meansAbsent(error)) throw error;
      if (errnoOf(error) !== 'ENOENT') this.#notRegular(key);
      return undefined;
    }
    try {
      const stats = this.calls.fstatSync(descriptor);
      if (stats.isFile()) return { descriptor, stats };
    } catch (error) {
      this.calls.closeSync(descriptor);
      throw error;
    }
    this.calls.closeSync(descriptor);
    this.#notRegular(key);
    return undefined;
  }

  /** For a reader that found no regular file: what is there all the same is no absence. */
  refuseIrregular(key: Key): undefined {
    try {
      this.lookBeforeWriting(key);
    } catch (error) {
      if (!meansAbsent(error)) throw error;
    }
  }

  /** The attributes of what a writer is about to replace or change; undefined when there is nothing. Refuses what is no regular file. */
  lookBeforeWriting(key: Key): Stats | undefined {
    const stats = this.calls.lstatSync(this.pathOf(key));
    if (stats === undefined || stats.isFile()) return stats;
    throw new StorageError('unsafe', `${key} is not a regular file`);
  }

  /** Regular files and directories directly below a prefix, in byte order; names that start with `.moorage` are ours alone. */
  async childrenOf(prefix: Key): Promise<readonly Child[]> {
    const children: Child[] = [];
    for (const entry of await this.#entriesOf(prefix)) {
      if (entry.name.startsWith(ownPrefix)) continue;
      if (entry.isFile()) children.push({ name: entry.name, kind: 'object' });
      else if (entry.isDirectory()) children.push({ name: entry.name, kind: 'prefix' });
    }
    return children.sort((one, other) => Buffer.compare(Buffer.from(one.name), Buffer.from(other.name)));
  }

  /**
   * The same, as it was a moment ago: the attributes of a file are asked for with every request, and would be those of a file
   * outside of the root where a directory on the way is a link.
   */
  hadRealParents(key: string): boolean {
    const parent = parentOf(key);
    const nowMs = this.calls.now();
    const seenAtMs = this.#realDirectories.get(parent);
    if (seenAtMs !== undefined && Math.abs(nowMs - seenAtMs) < trustDirectoriesMs) return true;
    this.#realDirectories.delete(parent);
    if (!this.hasRealParents(key)) return false;
    if (this.#realDirectories.size >= maxDirectories) this.#realDirectories.clear();
    this.#realDirectories.set(parent, nowMs);
    return true;
  }

  /** False when a directory on the way to `key` is absent or is no directory, such as a symbolic link. */
  hasRealParents(key: string): boolean {
    for (let slash = key.indexOf('/'); slash !== -1; slash = key.indexOf('/', slash + 1)) {
      const stats = this.#lookAt(key.slice(0, slash));
      if (stats?.isDirectory() === true) continue;
      if (stats !== undefined) this.#notRegular(key);
      return false;
    }
    return true;
  }

  #lookAt(key: string): Stats | undefined {
    try {
      return this.calls.lstatSync(this.pathOf(key));
    } catch (error) {
      if (meansAbsent(error)) return undefined;
      throw error;
    }
  }

  async #entriesOf(prefix: Key): Promise<readonly Dirent[]> {
    if (prefix !== '' && !this.hasRealParents(`${prefix}/`)) return [];
    try {
      return await this.calls.readdir(this.pathOf(prefix));
    } catch (error) {
      if (meansAbsent(error)) return [];
      throw error;
    }
  }

  /** A new name for a file being written in `directory` (a key), on the same file system as its target. */
  newDraftPath(directory: string): string {
    return `${this.pathOf(directory)}/${draftPrefix}${randomUUID()}`;
  }

  #notRegular(key: string): void {
    this.log.warn('not a regular file below real directories: treated as absent', { key });
  }
}

const ownPrefix = '.moorage';

/** Names of files being written beside their target; other tools see them in a layout for a moment. */
export const draftPrefix = '.moorage-';

export function parentOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf('/')));
}
