// The lock between processes: what proper-lockfile does not give by itself. Its races and time are injected.
import { existsSync, mkdirSync, rmdirSync, statSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { FileLocks } from '../../../../src/storage/filesystem/file-lock.ts';
import { type SystemCalls, systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import { treeOnDisk } from './store-on-disk.ts';

function locksOnDisk(replaced: Partial<SystemCalls> = {}) {
  const { tree, warnings } = treeOnDisk(replaced);
  const locks = new FileLocks(tree, 2_000);
  const acquire = async () => {
    const held = tree.hold('');
    onTestFinished(() => held.close());
    return locks.acquire(held);
  };
  return { locks: { acquire }, path: `${tree.root}/.moorage.lock`, warnings };
}

/** As a process that died `ageMs` ago left it. */
function abandonedLock(path: string, ageMs: number): void {
  mkdirSync(path);
  const left = new Date(Date.now() - ageMs);
  utimesSync(path, left, left);
}

afterEach(() => {
  vi.useRealTimers();
});

test('a lock is a directory while it is held', async () => {
  const { locks, path } = locksOnDisk();
  const lock = await locks.acquire();
  expect(existsSync(path)).toBe(true);
  expect(lock.isOurs()).toBe(true);
  await lock.release();
  expect(existsSync(path)).toBe(false);
  expect(lock.isOurs()).toBe(false);
});

test('waits for the holder and then gets it', async () => {
  const { locks, path } = locksOnDisk();
  mkdirSync(path);
  let acquired = false;
  const waiting = locks.acquire().then((lock) => {
    acquired = true;
    return lock;
  });
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(acquired).toBe(false);
  rmdirSync(path);
  await (await waiting).release();
});

test('gives up with `unavailable` in the end (the clock is injected)', async () => {
  let now = Date.now();
  const { locks, path } = locksOnDisk({
    now: () => now,
    elapsed: () => {
      now += 900;
      return now;
    },
    // Its holder is alive and keeps it fresh.
    lstatSync: (each) => {
      const alive = new Date(now);
      utimesSync(each, alive, alive);
      return systemCalls.lstatSync(each);
    },
  });
  mkdirSync(path);
  await expect(locks.acquire()).rejects.toMatchObject({ failure: 'unavailable' });
  expect(existsSync(path)).toBe(true);
});

test('leaves others a gap between two holds, once it met one; alone it does not wait', async () => {
  const { locks, path } = locksOnDisk();
  /** No timer fires and no thread answers meanwhile: only what needs no waiting happens. */
  const atOnce = async (): Promise<void> => {
    for (let i = 0; i < 50; i += 1) await Promise.resolve();
  };
  await (await locks.acquire()).release();
  const alone = locks.acquire();
  await atOnce();
  expect(existsSync(path)).toBe(true);
  await (await alone).release();

  mkdirSync(path);
  const meeting = locks.acquire();
  await atOnce();
  rmdirSync(path);
  await (await meeting).release();
  const polite = locks.acquire();
  await atOnce();
  expect(existsSync(path)).toBe(false);
  await (await polite).release();
});

test('a clock that is set back makes nobody wait for it to come round again', async () => {
  let stepMs = 0;
  const { locks, path } = locksOnDisk({ now: () => Date.now() + stepMs });
  mkdirSync(path);
  const meeting = locks.acquire();
  rmdirSync(path);
  await (await meeting).release();
  stepMs = -20_000;
  const began = performance.now();
  await (await locks.acquire()).release();
  // Another process was met: a gap of some milliseconds, and no more.
  expect(performance.now() - began).toBeLessThan(15_000);
});

test('a directory that was removed while it was held is an error at once', async () => {
  const { locks, path } = locksOnDisk({
    mkdirSync: (each, mode) => {
      rmdirSync(dirname(path));
      systemCalls.mkdirSync(each, mode);
    },
  });
  await expect(locks.acquire()).rejects.toMatchObject({ code: 'ENOENT' });
});

describe('the lock of a dead process', () => {
  test('is taken over when it is stale', async () => {
    const { locks, path, warnings } = locksOnDisk();
    abandonedLock(path, 2_100);
    const lock = await locks.acquire();
    expect(lock.isOurs()).toBe(true);
    expect(warnings).toEqual(['stale lock taken over']);
    await lock.release();
  });

  test('is stale two seconds after its last sign of life', async () => {
    const { locks, path } = locksOnDisk();
    abandonedLock(path, 0);
    const diedAtMs = statSync(path).mtimeMs;
    const lock = await locks.acquire();
    expect(Date.now() - diedAtMs).toBeGreaterThanOrEqual(2_000);
    await lock.release();
  });

  test('is stale too when it lies in the future, as after a start without a clock', async () => {
    const { locks, path } = locksOnDisk();
    abandonedLock(path, -86_400_000);
    const lock = await locks.acquire();
    expect(lock.isOurs()).toBe(true);
    await lock.release();
  });

  test('is left alone when another process took it over first (the race is injected)', async () => {
    let raced = false;
    const { locks, path, warnings } = locksOnDisk({
      lstatSync: (each) => {
        const stats = systemCalls.lstatSync(each);
        // Right after the library found the lock stale, another process replaces it by its own.
        if (!raced && stats !== undefined) {
          raced = true;
          rmdirSync(each);
          mkdirSync(each);
          setTimeout(() => rmdirSync(each), 100);
        }
        return stats;
      },
    });
    abandonedLock(path, 10_000);
    const lock = await locks.acquire();
    expect(raced).toBe(true);
    expect(warnings).toEqual([]);
    await lock.release();
  });
});

describe('a lock that is held', () => {
  test('is no longer ours once another process took it over, and is not released then', async () => {
    const { locks, path, warnings } = locksOnDisk();
    const lock = await locks.acquire();
    rmdirSync(path);
    mkdirSync(path);
    const other = new Date(Date.now() - 100);
    utimesSync(path, other, other);
    expect(lock.isOurs()).toBe(false);
    await lock.release();
    expect(existsSync(path)).toBe(true);
    expect(warnings).toEqual(['lock was taken over while held: left to its new holder']);
  });

  test('is kept fresh while it is held', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const { locks, path } = locksOnDisk();
    const lock = await locks.acquire();
    for (let i = 0; i < 5; i += 1) {
      await vi.advanceTimersByTimeAsync(1_000);
      expect(statSync(path).mtime.getTime()).toBe(Date.now());
    }
    expect(lock.isOurs()).toBe(true);
    await lock.release();
    expect(existsSync(path)).toBe(false);
  });

  test('is kept where the file system keeps whole seconds (injected)', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const { locks, warnings } = locksOnDisk({
      lstatSync: (each) => {
        const stats = systemCalls.lstatSync(each);
        if (stats === undefined) return undefined;
        const mtimeMs = Math.floor(stats.mtimeMs / 1_000) * 1_000;
        return Object.assign(stats, { mtimeMs, mtime: new Date(mtimeMs) });
      },
    });
    const lock = await locks.acquire();
    await vi.advanceTimersByTimeAsync(5_500);
    expect(warnings).toEqual([]);
    expect(lock.isOurs()).toBe(true);
    await lock.release();
  });

  test('that vanished is reported lost, and the process lives on', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const { locks, path, warnings } = locksOnDisk();
    const lock = await locks.acquire();
    rmdirSync(path);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(warnings).toEqual(['lock lost: the update is done again']);
    expect(lock.isOurs()).toBe(false);
    await lock.release();
  });

  test('is not stamped ahead of time, which would make a crash cost up to a second more', async () => {
    const { locks, path } = locksOnDisk();
    const lock = await locks.acquire();
    expect(statSync(path).mtimeMs).toBeLessThanOrEqual(Date.now());
    await lock.release();
  });
});
