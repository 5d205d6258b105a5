// Syncs that are timed: what they do stays the same, also when they fail.
import { openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openFilesystemStore } from '../../../../src/storage/filesystem/filesystem-store.ts';
import { systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import { withTimedSyncs } from '../../../../src/storage/filesystem/timed-syncs.ts';
import type { Key } from '../../../../src/storage/object-store.ts';
import { silentLog } from '../../../support/silent-log.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

function counting() {
  const synced: [number, boolean][] = [];
  const waited: number[] = [];
  const meters = {
    synced: (ms: number, isDone: boolean) => void synced.push([ms, isDone]),
    lockWaited: (ms: number) => void waited.push(ms),
  };
  return { meters, synced, waited };
}

it('are told with how long they took, by the clock of the calls', async () => {
  const { meters, synced } = counting();
  let atMs = 1_000;
  const elapsed = () => {
    atMs += 7;
    return atMs;
  };
  const calls = withTimedSyncs({ ...systemCalls, elapsed }, meters);
  const path = join(await temporaryDirectory(), 'file');
  writeFileSync(path, 'x');
  const descriptor = openSync(path, 'r+');
  await calls.fsync(descriptor);
  await calls.fdatasync(descriptor);
  await calls.close(descriptor);
  expect(synced).toEqual([
    [7, true],
    [7, true],
  ]);
});

it('fail as they would, and are told as failed', async () => {
  const { meters, synced } = counting();
  const calls = withTimedSyncs({ ...systemCalls, fsync: () => Promise.reject(new Error('EIO')) }, meters);
  await expect(calls.fsync(3)).rejects.toThrow('EIO');
  expect(synced.map(([, isDone]) => isDone)).toEqual([false]);
});

it('a store tells of its syncs and locks', async () => {
  const { meters, synced, waited } = counting();
  const store = await openFilesystemStore(await temporaryDirectory(), { log: silentLog, meters });
  const replacement = { bytes: Buffer.from('x'), first: [], record: () => [], note: () => [], remove: [] };
  const { previous } = await store.update('file' as Key, async () => replacement);
  await previous?.close();
  await store.close();
  expect(synced.length).toBeGreaterThan(0);
  expect(waited).toHaveLength(1);
});
