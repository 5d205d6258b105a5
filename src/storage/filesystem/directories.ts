// Directories that exist durably: created with their parents, each entry fsynced in the directory that holds it.
// Concurrent syncs of one directory share one fsync (shared-syncs.ts).

import { stagingDirectory } from '../own-names.ts';
import { RecentSet } from '../recent-set.ts';
import { StorageError } from '../storage-error.ts';
import { errnoOf } from './errno.ts';
import { type FileTree, nameOf, parentOf } from './file-tree.ts';
import type { HeldDirectory } from './held-directory.ts';
import { OpenDirectories } from './open-directories.ts';
import { SharedSyncs } from './shared-syncs.ts';

const attempts = 5;
const nothing: ReadonlyMap<string, string> = new Map();

type WorkIn<Result> = (held: HeldDirectory) => Promise<Result>;

export class Directories {
  readonly #tree: FileTree;
  /** Directories, with their inodes, whose entry is known to be durable. */
  readonly #durable = new RecentSet(16_384);
  /** The last sync was refused: what was put there is found, and may be gone after a power cut. */
  readonly #owed = new RecentSet(1_024);
  readonly #syncs: SharedSyncs;
  readonly #open: OpenDirectories;

  constructor(tree: FileTree) {
    this.#tree = tree;
    this.#open = new OpenDirectories(tree);
    this.#syncs = new SharedSyncs((directory, held) => this.#syncOnce(directory, held));
  }

  /** The root was mounted again or replaced. */
  forget(): void {
    this.#durable.clear();
    this.#open.forget();
  }

  /** What is open and not in use is closed. */
  letGo(): void {
    this.#open.forget();
  }

  /** The same, and nothing stays open from now on. */
  close(): void {
    this.#open.close();
  }

  /** Makes `directory` (a key) and its parents exist durably; returns the keys of those it created, outermost first. */
  async ensure(directory: string): Promise<readonly string[]> {
    const created: string[] = [];
    if (directory === '') return created;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#syncAll(this.#walk(directory, created));
        return created;
      } catch (error) {
        // Another program removed an empty parent between two of our calls.
        if (errnoOf(error) === 'ENOENT' && attempt < attempts) continue;
        this.removeEmpty(created);
        throw error;
      }
    }
  }

  /**
   * Holds the directory while `work` puts something into it, and runs it again when the directory was removed meanwhile. Those that were made
   * for it are durable when this returns, not before; made for work that fails they are removed.
   */
  within<Result>(directory: string, work: WorkIn<Result>): Promise<Result> {
    return this.#within(directory, work, {});
  }

  /** The same for what is only drafted there: it is moved or linked from wherever the directory is by then. */
  drafting<Result>(work: WorkIn<Result>): Promise<Result> {
    return this.withinOwn(stagingDirectory, work);
  }

  /** The same for a directory of ours that nobody moves while it is served: where it is, is asked once a second. */
  withinOwn<Result>(directory: string, work: WorkIn<Result>): Promise<Result> {
    return this.#within(directory, work, { anywhere: true });
  }

  /** The same for what a power cut may take away again, with the directories that were made for it: nothing is synced. */
  withinUnsynced<Result>(directory: string, work: WorkIn<Result>): Promise<Result> {
    return this.#within(directory, work, { isUnsynced: true });
  }

  async #within<Result>(
    directory: string,
    work: WorkIn<Result>,
    { anywhere = false, isUnsynced = false }: { readonly anywhere?: boolean; readonly isUnsynced?: boolean },
  ): Promise<Result> {
    const created: string[] = [];
    for (let attempt = 1; ; attempt += 1) {
      let open = this.#open.take(directory, anywhere);
      let held = open;
      try {
        const unsynced = open === undefined ? this.#walk(directory, created) : nothing;
        held ??= this.#tree.hold(directory);
        // What is open is taken for durable: until these are, others find out for themselves.
        if (unsynced.size === 0) open ??= this.#open.add(held);
        const working = work(held);
        const syncing = unsynced.size === 0 || isUnsynced ? undefined : this.#syncAll(unsynced);
        const [done, synced] = await Promise.allSettled([working, syncing]);
        if (done.status === 'rejected') throw done.reason;
        if (synced.status === 'rejected') throw synced.reason;
        return done.value;
      } catch (error) {
        const vanished = held === undefined || !this.#tree.isInPlace(held);
        if (open !== undefined && vanished) this.#open.drop(open);
        if (errnoOf(error) === 'ENOENT' && vanished && attempt < attempts) continue;
        this.removeEmpty(created);
        throw error;
      } finally {
        if (open !== undefined) this.#open.release(open);
        else held?.close();
      }
    }
  }

  /** Makes the entries of a directory durable as they are now. Whoever holds it already goes on holding it until then. */
  sync(directory: string, held?: HeldDirectory): Promise<void> {
    return this.#syncs.share(directory, held);
  }

  /**
   * Tries the syncs again that were refused: whoever finds there what an earlier attempt put there takes it for durable. What is refused once
   * more stays to be done, and keeps nobody from writing elsewhere.
   */
  async syncOwed(): Promise<void> {
    for (const directory of this.#owed.size === 0 ? [] : [...this.#owed.values()]) {
      try {
        if (this.#tree.calls.lstatSync(this.#tree.pathOf(directory)) === undefined) this.#owed.delete(directory);
        else await this.sync(directory);
      } catch {
        // Whoever was refused the first time was told; it is tried with the next write.
      }
    }
  }

  /** Removes directories that `ensure` created for nothing, as far as they are empty. */
  removeEmpty(created: readonly string[]): void {
    for (const directory of created.toReversed()) {
      const holder = this.#tree.tryHold(parentOf(directory));
      try {
        if (holder !== undefined) this.#tree.calls.rmdirSync(holder.at(nameOf(directory)));
      } catch {
        return; // Somebody uses it.
      } finally {
        holder?.close();
      }
    }
  }

  /** Makes what is missing; returns what is not known to be durable, with the directory that it lies in. */
  #walk(directory: string, created: string[]): ReadonlyMap<string, string> {
    const { calls } = this.#tree;
    const unsynced = new Map<string, string>();
    let parent = '';
    for (const name of directory.split('/')) {
      const key = parent === '' ? name : `${parent}/${name}`;
      const path = this.#tree.pathOf(key);
      const stats = calls.lstatSync(path) ?? this.#create(key, created);
      if (!stats.isDirectory()) throw new StorageError('unsafe', `${key} is not a directory`);
      // With its birth, since an inode number is given out again.
      const identity = `${stats.ino} ${stats.birthtimeMs} ${key}`;
      // Also one that we did not create: the process that did may not have synced it yet.
      if (!this.#durable.has(identity)) unsynced.set(identity, parent);
      parent = key;
    }
    return unsynced;
  }

  /** All at once: the file system's journal takes them in one commit, and nobody is answered before the last. */
  async #syncAll(unsynced: ReadonlyMap<string, string>): Promise<void> {
    const syncs = [...unsynced].map(([identity, holder]) => this.sync(holder).then(() => this.#durable.add(identity)));
    const refused = (await Promise.allSettled(syncs)).find((sync) => sync.status === 'rejected');
    if (refused !== undefined) throw refused.reason;
  }

  #create(key: string, created: string[]) {
    const { calls, directoryMode } = this.#tree;
    const holder = this.#tree.hold(parentOf(key));
    try {
      if (holder.key === '') this.#tree.assertTrusted(holder);
      calls.mkdirSync(holder.at(nameOf(key)), directoryMode);
      created.push(key);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    } finally {
      holder.close();
    }
    const stats = calls.lstatSync(this.#tree.pathOf(key));
    if (stats === undefined) throw new StorageError('unavailable', `${key} was removed while it was created`);
    return stats;
  }

  async #syncOnce(directory: string, held: HeldDirectory | undefined): Promise<void> {
    const { calls } = this.#tree;
    try {
      if (held !== undefined) await calls.fsync(held.descriptor);
      else await this.#tree.holding(directory, ({ descriptor }) => calls.fsync(descriptor));
    } catch (error) {
      this.#owed.add(directory);
      throw error;
    }
    this.#owed.delete(directory);
  }
}
