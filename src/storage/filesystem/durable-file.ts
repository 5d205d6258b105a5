// Whole files made durable before they are seen: drafts, and their publication by rename, across file systems too.
// A failed fsync poisons a draft: a second one answers OK although pages are lost, so it is discarded and never retried.
import { constants, type Stats } from 'node:fs';
import type { Key, Replacement } from '../object-store.ts';
import { afterCommon, lengthOf, type Pieces, piecesOf, withoutFirst } from '../pieces.ts';
import type { Directories } from './directories.ts';
import { errnoOf } from './errno.ts';
import { FailedSyncs } from './failed-syncs.ts';
import { type FileTree, nameOf, newDraftName, parentOf } from './file-tree.ts';
import type { HeldDirectory, OpenedFile } from './held-directory.ts';
import { SyncedFiles } from './synced-files.ts';

const { COPYFILE_EXCL, COPYFILE_FICLONE, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;

/** IOV_MAX: what writev(2) takes at most. */
const mostPieces = 1_024;
/** Small enough that writing it at once is cheaper than asking a thread to. */
const smallBytes = 65_536;
/** Over what is in memory already: a run of entries, of which a tag touches one. */
const smallChangeBytes = 262_144;

/**
 * A file that is durable under a name of its own and still open. Its descriptor is the caller's to close. Its path is good as long
 * as its directory is held.
 */
export interface Draft {
  readonly path: string;
  readonly descriptor: number;
  readonly stats: Stats;
}

/** A file that is open to be written, and what it holds. */
export interface HeldPieces {
  readonly descriptor: number;
  readonly pieces: Pieces;
}

export class DurableFiles {
  readonly #tree: FileTree;
  readonly #directories: Directories;
  readonly #failed = new FailedSyncs();
  readonly #synced = new SyncedFiles();

  constructor(tree: FileTree, directories: Directories) {
    this.#tree = tree;
    this.#directories = directories;
  }

  /**
   * Makes the bytes of a file durable that is there already. False where that failed before: what a power cut leaves of it nobody knows,
   * so it is to be written anew.
   */
  async sync(file: OpenedFile): Promise<boolean> {
    return this.#madeDurable(file, file.stats, 'fsync');
  }

  /** A sync of it failed: what stands in it now, and is not written again, may be gone after a power cut. */
  isLost(stats: Stats): boolean {
    return this.#failed.has(stats);
  }

  /** The same as `sync` for one that nobody but this process writes to: after each write it says so by `changes`. */
  async syncOurs(file: OpenedFile, how: 'fsync' | 'fdatasync'): Promise<boolean> {
    const now = this.#tree.calls.fstatSync(file.descriptor);
    const isDurable = await this.#madeDurable(file, now, how);
    if (isDurable) this.#synced.note(now);
    return isDurable;
  }

  async #madeDurable({ descriptor, stats }: OpenedFile, now: Stats, how: 'fsync' | 'fdatasync'): Promise<boolean> {
    if (stats.size === 0) this.#failed.forget(stats);
    else if (this.#failed.has(stats)) return false;
    if (this.#synced.has(now)) return true;
    try {
      await this.#tree.calls[how](descriptor);
      return true;
    } catch (error) {
      this.#failed.note(now);
      throw error;
    }
  }

  /** Before bytes of a file are written or cut that `syncOurs` is asked for. */
  changes({ stats }: OpenedFile): void {
    this.#synced.changes(stats);
  }

  /** Writes a new file and makes its bytes durable. Its mtime gets a random part, so that its version differs where clocks are coarse. */
  async draft(path: string, bytes: Replacement['bytes']): Promise<Draft> {
    const { calls } = this.#tree;
    const descriptor = await this.written(path, bytes, (written) => this.#stamp(written));
    try {
      const stats = calls.fstatSync(descriptor);
      this.began(stats);
      return { path, descriptor, stats };
    } catch (error) {
      calls.closeSync(descriptor);
      this.removeDraft(path);
      throw error;
    }
  }

  /**
   * The same in the place of a file that nobody sees and nobody else has open, whose bytes are known: only what differs is written. Closed and
   * removed when that fails.
   */
  async redraft(path: string, { descriptor, pieces: held }: HeldPieces, bytes: Replacement['bytes']): Promise<Draft> {
    const { calls } = this.#tree;
    try {
      const pieces = piecesOf(bytes);
      const { at, left } = afterCommon(held, pieces);
      await this.#writeFrom(descriptor, left, at);
      if (lengthOf(pieces) < lengthOf(held)) await calls.ftruncate(descriptor, lengthOf(pieces));
      this.#stamp(descriptor);
      await calls.fsync(descriptor);
      return { path, descriptor, stats: calls.fstatSync(descriptor) };
    } catch (error) {
      calls.closeSync(descriptor);
      this.removeDraft(path);
      throw error;
    }
  }

  #stamp(descriptor: number): void {
    const { calls } = this.#tree;
    const mtimeSeconds = (Math.floor(calls.now()) + partOfMillisecond(calls.random())) / 1_000;
    calls.futimesSync(descriptor, mtimeSeconds, mtimeSeconds);
  }

  /** The same with the times that the file system gives it: returns the descriptor, which is the caller's to close. */
  async written(
    path: string,
    bytes: Replacement['bytes'],
    mark: (descriptor: number) => void = () => {},
  ): Promise<number> {
    const { calls, fileMode } = this.#tree;
    const descriptor = calls.openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, fileMode);
    try {
      await this.#writeAll(descriptor, piecesOf(bytes));
      mark(descriptor);
      await calls.fsync(descriptor);
      return descriptor;
    } catch (error) {
      calls.closeSync(descriptor);
      this.removeDraft(path);
      throw error;
    }
  }

  /** Of a file that was just made: where no time of birth is kept, its number may have been that of one of which a sync failed. */
  began(stats: Stats): void {
    this.#failed.forget(stats);
  }

  /** Renames a durable file over `key`, durably; it stays where it is when that fails. */
  async publish(path: string, key: Key): Promise<void> {
    const directory = parentOf(key);
    await this.#directories.within(directory, async (target) => {
      target.lstatFile(nameOf(key));
      try {
        await this.#tree.calls.rename(path, target.at(nameOf(key)));
      } catch (error) {
        if (errnoOf(error) !== 'EXDEV') throw error;
        await this.copyAndRename(path, key, target);
        this.removeDraft(path);
      }
      await this.#directories.sync(directory, target);
    });
  }

  /**
   * Copies within the target's file system first. Other tools take every file in `blobs/<algorithm>` for a blob, so the copy
   * starts in the layout's own directory; deeper ones are tried because any component may be a mount point.
   */
  async copyAndRename(path: string, key: Key, target: HeldDirectory): Promise<void> {
    const directories = draftDirectoriesOf(key);
    for (const directory of directories) {
      const isRenamed = await this.#tree.holding(directory, async (held) => {
        const draft = held.at(newDraftName());
        try {
          await this.#copy(path, draft);
          await this.#tree.calls.rename(draft, target.at(nameOf(key)));
          return true;
        } catch (error) {
          this.removeDraft(draft);
          if (errnoOf(error) !== 'EXDEV' || directory === directories.at(-1)) throw error;
          return false;
        }
      });
      if (isRenamed) return;
    }
  }

  /** Clears a draft away, if it is still there. */
  removeDraft(path: string): void {
    try {
      this.#tree.calls.unlinkSync(path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') this.#tree.log.warn('a file being written was left behind', { path, error });
    }
  }

  async #copy(from: string, to: string): Promise<void> {
    const { calls } = this.#tree;
    await calls.copyFile(from, to, COPYFILE_EXCL | COPYFILE_FICLONE);
    const descriptor = calls.openSync(to, O_NOFOLLOW, 0);
    try {
      await calls.fsync(descriptor);
    } finally {
      calls.closeSync(descriptor);
    }
  }

  async #writeAll(descriptor: number, pieces: Pieces): Promise<void> {
    const { calls } = this.#tree;
    const isSmall = lengthOf(pieces) <= smallBytes;
    const [only, ...others] = isSmall ? [Buffer.concat(pieces)] : pieces;
    if (only !== undefined && others.length === 0) {
      for (let offset = 0; offset < only.byteLength; )
        offset += isSmall ? calls.writeSync(descriptor, only, offset) : await calls.write(descriptor, only, offset);
      return;
    }
    await this.#writeFrom(descriptor, pieces, 0);
  }

  async #writeFrom(descriptor: number, pieces: Pieces, at: number): Promise<void> {
    const { calls } = this.#tree;
    const isSmall = lengthOf(pieces) <= smallChangeBytes;
    let offset = at;
    for (let left = pieces; left.length > 0; ) {
      const some = left.slice(0, mostPieces);
      const written = isSmall
        ? calls.writevSync(descriptor, some, offset)
        : await calls.writev(descriptor, some, offset);
      offset += written;
      left = withoutFirst(left, written);
    }
  }
}

/** Never so near to a whole millisecond that the file system or a double rounds it to one, which is what its clock may show by itself. */
function partOfMillisecond(random: number): number {
  return 0.01 + 0.98 * random;
}

/** The directories that a copy may be made in before it is renamed to `key`, best first. */
function draftDirectoriesOf(key: Key): readonly string[] {
  const parents = parentOf(key).split('/');
  const blobs = parents.indexOf('blobs');
  const first = blobs === -1 ? parents.length : blobs;
  return Array.from({ length: parents.length - first + 1 }, (_, more) => parents.slice(0, first + more).join('/'));
}
