// Directories that exist durably: created with their parents, each entry fsynced in the directory that holds it.
// Concurrent syncs of one directory share one fsync.
import { constants } from 'node:fs';
import { RecentSet } from '../recent-set.ts';
import { StorageError } from '../storage-error.ts';
import { errnoOf } from './errno.ts';
import type { FileTree } from './file-tree.ts';

const { O_DIRECTORY, O_RDONLY } = constants;
const directoryFlags = O_RDONLY | O_DIRECTORY;
const attempts = 5;

export class Directories {
  readonly #tree: FileTree;
  /** Directories, with their inodes, whose entry is known to be durable. */
  readonly #durable = new RecentSet(16_384);
  readonly #running = new Map<string, Promise<void>>();
  readonly #queued = new Map<string, Promise<void>>();

  constructor(tree: FileTree) {
    this.#tree = tree;
  }

  /** The root was mounted again or replaced. */
  forget(): void {
    this.#durable.clear();
  }

  /** Makes `directory` (a key) and its parents exist durably; returns the keys of those it created, outermost first. */
  async ensure(directory: string): Promise<readonly string[]> {
    const created: string[] = [];
    if (directory === '') return created;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#walk(directory, created);
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
   * Runs `work`, which puts something into `directory`, again when the directory was removed meanwhile. Directories that were
   * made for work that fails are removed.
   */
  async within<Result>(directory: string, work: () => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt += 1) {
      const created = await this.ensure(directory);
      try {
        return await work();
      } catch (error) {
        const vanished = this.#tree.calls.lstatSync(this.#tree.pathOf(directory)) === undefined;
        if (errnoOf(error) === 'ENOENT' && vanished && attempt < attempts) continue;
        this.removeEmpty(created);
        throw error;
      }
    }
  }

  /** Makes the entries of `directory` (a key) durable as they are now. */
  sync(directory: string): Promise<void> {
    const queued = this.#queued.get(directory);
    if (queued !== undefined) return queued;
    const running = this.#running.get(directory);
    if (running === undefined) return this.#start(directory);
    // The one that runs may have begun before our entry was made: wait for it, then share the next.
    const next = running
      .catch(() => {})
      .then(() => {
        this.#queued.delete(directory);
        return this.#start(directory);
      });
    this.#queued.set(directory, next);
    return next;
  }

  /** Removes directories that `ensure` created for nothing, as far as they are empty. */
  removeEmpty(created: readonly string[]): void {
    for (const directory of created.toReversed()) {
      try {
        this.#tree.calls.rmdirSync(this.#tree.pathOf(directory));
      } catch {
        return; // Somebody uses it.
      }
    }
  }

  async #walk(directory: string, created: string[]): Promise<void> {
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
    for (const [identity, holder] of unsynced) {
      await this.sync(holder);
      this.#durable.add(identity);
    }
  }

  #create(key: string, created: string[]) {
    const { calls, directoryMode } = this.#tree;
    const path = this.#tree.pathOf(key);
    try {
      calls.mkdirSync(path, directoryMode);
      created.push(key);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    const stats = calls.lstatSync(path);
    if (stats === undefined) throw new StorageError('unavailable', `${key} was removed while it was created`);
    return stats;
  }

  #start(directory: string): Promise<void> {
    const done = this.#syncOnce(directory).finally(() => {
      if (this.#running.get(directory) === done) this.#running.delete(directory);
    });
    this.#running.set(directory, done);
    return done;
  }

  async #syncOnce(directory: string): Promise<void> {
    const { calls } = this.#tree;
    const descriptor = calls.openSync(this.#tree.pathOf(directory), directoryFlags, 0);
    try {
      await calls.fsync(descriptor);
    } finally {
      calls.closeSync(descriptor);
    }
  }
}
