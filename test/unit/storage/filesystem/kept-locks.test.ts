// The lock between updates that follow each other at once: taken once, and never kept from other processes for long.
import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type SystemCalls, systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import type { Key } from '../../../../src/storage/object-store.ts';
import { storeOnDisk } from './store-on-disk.ts';

const index = 'team/app/index.json' as Key;

/** What was kept is given back when the test says so, not when the machine is slow. */
function stopTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
}

/** Counts how often the lock is taken. */
async function countingStore(replaced: Partial<SystemCalls> = {}, root?: string) {
  const taken: string[] = [];
  const mkdirSync: SystemCalls['mkdirSync'] = (path, mode) => {
    systemCalls.mkdirSync(path, mode);
    if (path.endsWith('.moorage.lock')) taken.push(path);
  };
  const on = await storeOnDisk({ ...replaced, mkdirSync }, {}, root);
  const lock = join(on.root, 'team/app/.moorage.lock');
  const update = async (isFollowed: boolean, text = 'x') => {
    const bytes = Buffer.from(`${text}${Math.random()}`);
    const change = async () => ({ bytes, first: [], record: () => [], note: () => [], remove: [] });
    await (await on.store.update(index, change, { isFollowed: () => isFollowed })).previous?.close();
  };
  // The directory is there: in one that was made for an update no lock is kept.
  await update(false);
  taken.length = 0;
  return { ...on, taken, lock, update };
}

test('is taken once for updates that follow each other, and given back with the last one (the clock is injected)', async () => {
  const { taken, lock, update } = await countingStore({ elapsed: () => 0 });
  stopTimers();
  for (let at = 0; at < 10; at += 1) {
    await update(true);
    expect(existsSync(lock)).toBe(true);
  }
  await update(false);
  expect(taken).toHaveLength(1);
  expect(existsSync(lock)).toBe(false);
});

test('is given back at once where nothing follows', async () => {
  const { taken, lock, update } = await countingStore();
  for (let at = 0; at < 3; at += 1) {
    await update(false);
    expect(existsSync(lock)).toBe(false);
  }
  expect(taken).toHaveLength(3);
});

test('is given back where what was to follow does not come, and when the store is closed', async () => {
  const { store, lock, update } = await countingStore();
  stopTimers();
  await update(true);
  expect(existsSync(lock)).toBe(true);
  await vi.advanceTimersByTimeAsync(20);
  vi.useRealTimers();
  await expect.poll(() => existsSync(lock)).toBe(false);
  stopTimers();
  await update(true);
  expect(existsSync(lock)).toBe(true);
  await store.close();
  expect(existsSync(lock)).toBe(false);
});

test('is given back after half a second of updates, with a gap for others (the clock is injected)', async () => {
  let skippedMs = 0;
  const { taken, lock, update } = await countingStore({ elapsed: () => skippedMs });
  stopTimers();
  await update(true);
  skippedMs = 600;
  await update(true);
  vi.useRealTimers();
  expect(taken).toHaveLength(1);
  expect(existsSync(lock)).toBe(false);
  const beganMs = performance.now();
  await update(false);
  expect(performance.now() - beganMs).toBeGreaterThan(2);
  expect(taken).toHaveLength(2);
});

test('is not kept where another process was met', async () => {
  const { taken, lock, update } = await countingStore();
  mkdirSync(lock);
  const updated = update(true);
  await new Promise((resolve) => setTimeout(resolve, 20));
  rmdirSync(lock);
  await updated;
  expect(existsSync(lock)).toBe(false);
  await update(true);
  expect(taken).toHaveLength(2);
});

test('is taken anew where another process took it over, or the directory went', async () => {
  const { root, store, taken, lock, update } = await countingStore();
  onTestFinished(() => store.close());
  stopTimers();
  await update(true);
  rmdirSync(lock);
  await update(true);
  expect(taken).toHaveLength(2);
  const { renameSync } = await import('node:fs');
  renameSync(join(root, 'team/app'), join(root, 'team/moved'));
  await update(false);
  expect(readdirSync(join(root, 'team/app'))).toEqual(['index.json']);
});

test('lets another store in while updates follow each other without an end', async () => {
  const one = await countingStore();
  const other = await countingStore({}, one.root);
  let isDone = false;
  const writing = (async () => {
    while (!isDone) await one.update(true);
    await one.update(false);
  })();
  for (let at = 0; at < 3; at += 1) await other.update(false);
  isDone = true;
  await writing;
  expect(one.taken.length).toBeGreaterThan(1);
});

test('is given back where nobody can tell whether it still holds (injected)', async () => {
  let isFailing = false;
  const descriptorPathSync: SystemCalls['descriptorPathSync'] = (descriptor) => {
    if (isFailing) throw Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'readlink' });
    return systemCalls.descriptorPathSync(descriptor);
  };
  const { lock, update } = await countingStore({ descriptorPathSync });
  stopTimers();
  await update(true);
  isFailing = true;
  await expect(update(true)).rejects.toThrow('EIO');
  isFailing = false;
  expect(existsSync(lock)).toBe(false);
  await update(false);
});

test('where it cannot be told why a lock was not taken, nothing stays open (injected)', async () => {
  const open = new Set<number>();
  let isFailing = false;
  const fail = (code: string) => Object.assign(new Error(code), { code, syscall: 'mkdir' });
  const { store } = await storeOnDisk({
    openSync: (...values) => {
      const descriptor = systemCalls.openSync(...values);
      open.add(descriptor);
      return descriptor;
    },
    closeSync: (descriptor) => {
      open.delete(descriptor);
      systemCalls.closeSync(descriptor);
    },
    mkdirSync: (path, mode) => {
      isFailing = path.endsWith('.moorage.lock') && existsSync(path.replace(/[^/]+$/, 'index.json'));
      if (isFailing) throw fail('ENOENT');
      systemCalls.mkdirSync(path, mode);
    },
    descriptorPathSync: (descriptor) => {
      if (isFailing) throw fail('EIO');
      return systemCalls.descriptorPathSync(descriptor);
    },
  });
  const change = async () => ({ bytes: Buffer.from('x'), first: [], record: () => [], note: () => [], remove: [] });
  await store.update(index, change);
  const before = open.size;
  await expect(store.update(index, change)).rejects.toMatchObject({ failure: 'unavailable' });
  isFailing = false;
  expect(open.size).toBe(before);
});
