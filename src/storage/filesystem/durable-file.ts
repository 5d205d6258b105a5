// Whole files made durable before they are seen: drafts, and their publication by rename, across file systems too.
// A failed fsync poisons a draft: a second one answers OK although pages are lost, so it is discarded and never retried.
import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import type { Key } from '../object-store.ts';
import type { Directories } from './directories.ts';
import { errnoOf, refusesLink } from './errno.ts';
import { type FileTree, parentOf } from './file-tree.ts';

const { COPYFILE_EXCL, COPYFILE_FICLONE, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;

/** Small enough that writing it at once is cheaper than asking a thread to. */
const smallBytes = 65_536;

/** Where small objects are drafted: outside of every layout. */
export const stagingDirectory = '.moorage/staging';

/** A file that is durable under a name of its own and still open. Its descriptor is the caller's to close. */
export interface Draft {
  readonly path: string;
  readonly descriptor: number;
  readonly stats: Stats;
}

export class DurableFiles {
  readonly #tree: FileTree;
  readonly #directories: Directories;

  constructor(tree: FileTree, directories: Directories) {
    this.#tree = tree;
    this.#directories = directories;
  }

  /** Writes a new file and makes its bytes durable. Its mtime gets a random part, so that its version differs where clocks are coarse. */
  async draft(path: string, bytes: Uint8Array): Promise<Draft> {
    const { calls, fileMode } = this.#tree;
    const descriptor = calls.openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, fileMode);
    try {
      await this.#writeAll(descriptor, bytes);
      const mtimeSeconds = (Math.floor(calls.now()) + calls.random()) / 1_000;
      calls.futimesSync(descriptor, mtimeSeconds, mtimeSeconds);
      await calls.fsync(descriptor);
      return { path, descriptor, stats: calls.fstatSync(descriptor) };
    } catch (error) {
      calls.closeSync(descriptor);
      this.removeDraft(path);
      throw error;
    }
  }

  /** Creates or replaces the object; true afterwards: bytes and entry are durable. Returns the attributes it was published with. */
  async write(key: Key, bytes: Uint8Array): Promise<Stats> {
    const { calls } = this.#tree;
    const draft = await this.#directories.within(stagingDirectory, () =>
      this.draft(`${this.#tree.pathOf(stagingDirectory)}/${randomUUID()}`, bytes),
    );
    try {
      await this.publish(draft.path, key);
      const stats = calls.fstatSync(draft.descriptor);
      // Where the draft was copied to another file system, its descriptor shows a file without a name.
      return stats.nlink > 0 ? stats : this.#statNow(key);
    } catch (error) {
      this.removeDraft(draft.path);
      throw error;
    } finally {
      calls.closeSync(draft.descriptor);
    }
  }

  /** Renames a durable file over `key`, durably; it stays where it is when that fails. */
  async publish(path: string, key: Key): Promise<void> {
    const directory = parentOf(key);
    await this.#directories.within(directory, async () => {
      this.#tree.lookBeforeWriting(key);
      try {
        await this.#tree.calls.rename(path, this.#tree.pathOf(key));
      } catch (error) {
        if (errnoOf(error) !== 'EXDEV') throw error;
        await this.#copyAndRename(path, key);
        this.removeDraft(path);
      }
    });
    await this.#directories.sync(directory);
  }

  /** Makes `to` a hard link of the file `from`, or where that is refused a copy; durable. False when `from` is absent. */
  async link(from: Key, to: Key): Promise<boolean> {
    const { calls } = this.#tree;
    const source = this.#tree.openForReading(from);
    if (source === undefined) return false;
    const directory = parentOf(to);
    try {
      // Another program may have written it: durable first, visible under the new name then.
      await calls.fsync(source.descriptor);
      await this.#directories.within(directory, async () => {
        const target = this.#tree.lookBeforeWriting(to);
        const isLinked = target?.ino === source.stats.ino && target.dev === source.stats.dev;
        if (!isLinked) await this.#linkOrCopy(from, to);
      });
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' && calls.lstatSync(this.#tree.pathOf(from)) === undefined) return false;
      throw error;
    } finally {
      calls.closeSync(source.descriptor);
    }
    await this.#directories.sync(directory);
    return true;
  }

  removeDraft(path: string): void {
    try {
      this.#tree.calls.unlinkSync(path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') this.#tree.log.warn('a file being written was left behind', { path, error });
    }
  }

  async #linkOrCopy(from: Key, to: Key): Promise<void> {
    const { calls } = this.#tree;
    try {
      await calls.link(this.#tree.pathOf(from), this.#tree.pathOf(to));
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') await this.#linkOver(from, to);
      else if (refusesLink(error)) await this.#copyAndRename(this.#tree.pathOf(from), to);
      else throw error;
    }
  }

  /** link(2) does not replace; rename(2) does. */
  async #linkOver(from: Key, to: Key): Promise<void> {
    const { calls } = this.#tree;
    await this.#directories.ensure(stagingDirectory);
    const path = `${this.#tree.pathOf(stagingDirectory)}/${randomUUID()}`;
    try {
      await calls.link(this.#tree.pathOf(from), path);
      await calls.rename(path, this.#tree.pathOf(to));
      // Had `to` become a link of the same file meanwhile, rename did nothing and the name is still there.
      this.removeDraft(path);
    } catch (error) {
      this.removeDraft(path);
      if (!refusesLink(error)) throw error;
      await this.#copyAndRename(this.#tree.pathOf(from), to);
    }
  }

  /**
   * Copies within the target's file system first. Other tools take every file in `blobs/<algorithm>` for a blob, so the copy
   * starts in the layout's own directory; deeper ones are tried because any component may be a mount point.
   */
  async #copyAndRename(path: string, key: Key): Promise<void> {
    const directories = draftDirectoriesOf(key);
    for (const directory of directories) {
      const draftPath = this.#tree.newDraftPath(directory);
      try {
        await this.#copy(path, draftPath);
        await this.#tree.calls.rename(draftPath, this.#tree.pathOf(key));
        return;
      } catch (error) {
        this.removeDraft(draftPath);
        if (errnoOf(error) !== 'EXDEV' || directory === directories.at(-1)) throw error;
      }
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

  #statNow(key: Key): Stats {
    const stats = this.#tree.lookBeforeWriting(key);
    if (stats === undefined) throw new Error(`${key} was removed right after it was written`);
    return stats;
  }

  async #writeAll(descriptor: number, bytes: Uint8Array): Promise<void> {
    const { calls } = this.#tree;
    for (let offset = 0; offset < bytes.byteLength; ) {
      offset +=
        bytes.byteLength <= smallBytes
          ? calls.writeSync(descriptor, bytes, offset)
          : await calls.write(descriptor, bytes, offset);
    }
  }
}

/** The directories that a copy may be made in before it is renamed to `key`, best first. */
function draftDirectoriesOf(key: Key): readonly string[] {
  const parents = parentOf(key).split('/');
  const blobs = parents.indexOf('blobs');
  const first = blobs === -1 ? parents.length : blobs;
  return Array.from({ length: parents.length - first + 1 }, (_, more) => parents.slice(0, first + more).join('/'));
}
