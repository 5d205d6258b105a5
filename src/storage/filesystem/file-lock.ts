// The lock that server processes share: the only import of proper-lockfile, and what it takes to live with it.
// Its take-over of a stale lock is not exclusive (two holders in 7 of 120 rounds), so whoever holds one asks `isOurs` before
// it matters and relies on its own re-check too. Calls are synchronous: what is looked at is still so when it is acted on.
import { setTimeout as sleep } from 'node:timers/promises';
import lockfile from 'proper-lockfile';
import { isError } from '../../oci/is-error.ts';
import { lockName } from '../own-names.ts';
import { StorageError } from '../storage-error.ts';
import { noStorageMeters, type StorageMeters } from '../storage-meters.ts';
import type { FileTree } from './file-tree.ts';
import type { HeldDirectory } from './held-directory.ts';

/** The library's minimum: after kill -9 the first update waits this long. */
export const minimumStaleMs = 2_000;
const deadlineMs = 30_000;
/** A waiter looks this often: a holder gives the lock up for a few milliseconds at most. */
const shortestWaitMs = 1;
const longestWaitMs = 3;
/** A lock that is not fair starves whoever comes second: once another process was met, leave it a gap between two holds. */
const politeForMs = 5_000;
const politeGapMs = 4;
/** Whoever came meanwhile was not met: the gap after a hold of this length lets him in. */
const longHoldMs = 250;

export interface HeldLock {
  /** False once another process may have taken the lock over. */
  isOurs(): boolean;
  /** True where another process was met lately that wants such a lock too: then it is given back after each use. */
  isWanted(): boolean;
  release(): Promise<void>;
}

interface Mark {
  /** The lock directory's mtime as we left it: nobody else's lock has it. */
  mtimeMs: number;
  granted: boolean;
}

type Done = (error: unknown, result?: unknown) => void;

export class FileLocks {
  readonly #tree: FileTree;
  readonly #staleMs: number;
  readonly #meters: Pick<StorageMeters, 'lockWaited'>;
  /** By lock path, which is nobody else's while the directory is held, of the locks that this store holds or is being granted. */
  readonly #marks = new Map<string, Mark>();
  readonly #calls = this.#callsForLibrary();
  /** When another process was last found to hold a lock that we wanted. */
  #metAtMs = Number.NEGATIVE_INFINITY;
  #released: { readonly directory: string; readonly atMs: number; readonly wasLong: boolean } | undefined;

  constructor(tree: FileTree, staleMs: number, meters: Pick<StorageMeters, 'lockWaited'> = noStorageMeters) {
    this.#meters = meters;
    this.#tree = tree;
    this.#staleMs = Math.max(staleMs, minimumStaleMs);
  }

  /** Waits its turn among processes, while the directory is held; one caller at a time for each directory (KeyQueue sees to that). */
  async acquire(directory: HeldDirectory): Promise<HeldLock> {
    const { calls } = this.#tree;
    const sinceMs = calls.elapsed();
    const deadline = sinceMs + deadlineMs;
    await this.#leaveGap(directory.key);
    for (;;) {
      try {
        const lock = await this.#tryOnce(directory);
        this.#meters.lockWaited(calls.elapsed() - sinceMs);
        return lock;
      } catch (error) {
        if (!isHeld(error)) throw error;
        this.#metAtMs = calls.elapsed();
        if (calls.elapsed() >= deadline) {
          throw new StorageError('unavailable', `the lock could not be taken: ${directory.keyOf(lockName)}`, error);
        }
      }
      await sleep(shortestWaitMs + calls.random() * (longestWaitMs - shortestWaitMs));
    }
  }

  async #tryOnce(directory: HeldDirectory): Promise<HeldLock> {
    const path = directory.at(lockName);
    const key = directory.keyOf(lockName);
    const release = await lockfile.lock(path, {
      lockfilePath: path,
      realpath: false,
      stale: this.#staleMs,
      retries: 0,
      fs: this.#calls,
      // The library's default throws from a timer, which ends the process.
      onCompromised: (error) => this.#lose(path, key, mark, error),
    });
    const mark = this.#marks.get(path);
    if (mark !== undefined) mark.granted = true;
    const sinceMs = this.#tree.calls.elapsed();
    return {
      isOurs: () => mark !== undefined && this.#marks.get(path) === mark && this.#isUntouched(path, mark),
      isWanted: () => this.#tree.calls.elapsed() - this.#metAtMs <= politeForMs,
      release: async () => {
        if (mark === undefined || this.#marks.get(path) !== mark) return;
        try {
          await release();
        } catch (error) {
          this.#tree.log.warn('lock not released: it goes stale', { key, error });
        } finally {
          this.#marks.delete(path);
          const atMs = this.#tree.calls.elapsed();
          this.#released = { directory: directory.key, atMs, wasLong: atMs - sinceMs >= longHoldMs };
        }
      },
    };
  }

  async #leaveGap(directory: string): Promise<void> {
    const nowMs = this.#tree.calls.elapsed();
    const mayBeWanted = nowMs - this.#metAtMs <= politeForMs || this.#released?.wasLong === true;
    if (!mayBeWanted || this.#released?.directory !== directory) return;
    const restMs = politeGapMs - (nowMs - this.#released.atMs);
    if (restMs > 0) await sleep(restMs);
  }

  #lose(path: string, key: string, mark: Mark | undefined, error: Error): void {
    if (this.#marks.get(path) === mark) this.#marks.delete(path);
    this.#tree.log.warn('lock lost: the update is done again', { key, error });
  }

  #isUntouched(path: string, mark: Mark): boolean {
    return this.#tree.calls.lstatSync(path)?.mtimeMs === mark.mtimeMs;
  }

  /** The part of node:fs that the library calls. */
  #callsForLibrary() {
    return {
      mkdir: (path: string, done: Done) => answer(done, () => this.#make(path)),
      stat: (path: string, done: Done) => answer(done, () => this.#statForLibrary(path)),
      utimes: (path: string, atime: Date, mtime: Date, done: Done) =>
        answer(done, () => this.#touch(path, atime, mtime)),
      rmdir: (path: string, done: Done) => answer(done, () => this.#remove(path)),
      /** Called when the process exits while it holds the lock. */
      rmdirSync: (path: string) => this.#remove(path),
    };
  }

  #make(path: string): void {
    const { calls } = this.#tree;
    calls.mkdirSync(path, 0o777);
    this.#marks.set(path, { mtimeMs: this.#stat(path).mtimeMs, granted: false });
  }

  #stat(path: string) {
    const stats = this.#tree.calls.lstatSync(path);
    if (stats === undefined) throw Object.assign(new Error(`no lock at ${path}`), { code: 'ENOENT', syscall: 'lstat' });
    return stats;
  }

  /** The library takes a lock from the future for a fresh one. Where the clock went back, as on boards without one, that is for ever. */
  #statForLibrary(path: string) {
    const stats = this.#stat(path);
    return this.#marks.has(path) || !this.#isStale(stats.mtimeMs) ? stats : { mtime: new Date(0) };
  }

  #isStale(mtimeMs: number): boolean {
    return Math.abs(this.#tree.calls.now() - mtimeMs) > this.#staleMs;
  }

  #touch(path: string, atime: Date, mtime: Date): void {
    const { calls } = this.#tree;
    const mark = this.#marks.get(path);
    // Before it grants a process's first lock the library probes with a time up to 1 s ahead: a crash would cost that second more.
    const now = new Date(calls.now());
    const time = mark?.granted === false && mtime > now ? now : mtime;
    calls.utimesSync(path, atime, time);
    if (mark !== undefined) mark.mtimeMs = this.#stat(path).mtimeMs;
  }

  #remove(path: string): void {
    const { calls, log } = this.#tree;
    const mark = this.#marks.get(path);
    const stats = calls.lstatSync(path);
    if (stats === undefined) return;
    if (mark === undefined) {
      // A stale lock is taken over: not if another process was faster and the lock is a fresh one by now.
      if (!this.#isStale(stats.mtimeMs)) throw held(path);
      log.warn('stale lock taken over', { path });
    } else if (stats.mtimeMs !== mark.mtimeMs) {
      log.warn('lock was taken over while held: left to its new holder', { path });
      return;
    }
    calls.rmdirSync(path);
  }
}

function answer(done: Done, call: () => unknown): void {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    done(error);
    return;
  }
  done(null, result);
}

function held(path: string): Error {
  return Object.assign(new Error(`lock is held: ${path}`), { code: 'ELOCKED' });
}

function isHeld(error: unknown): boolean {
  return isError(error) && 'code' in error && error.code === 'ELOCKED';
}
