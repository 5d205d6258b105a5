// System calls of which the syncs are timed: what a push waits for on a disk is nearly always one of them.
import type { StorageMeters } from '../storage-meters.ts';
import type { SystemCalls } from './system-calls.ts';

export function withTimedSyncs(calls: SystemCalls, { synced }: Pick<StorageMeters, 'synced'>): SystemCalls {
  const timed = async (sync: Promise<void>): Promise<void> => {
    const sinceMs = calls.elapsed();
    try {
      await sync;
    } catch (error) {
      synced(calls.elapsed() - sinceMs, false);
      throw error;
    }
    synced(calls.elapsed() - sinceMs, true);
  };
  return {
    ...calls,
    fsync: (descriptor) => timed(calls.fsync(descriptor)),
    fdatasync: (descriptor) => timed(calls.fdatasync(descriptor)),
  };
}
