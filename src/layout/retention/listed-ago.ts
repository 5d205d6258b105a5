// How long ago something was put on the list of a layout.

import type { ObjectInfo } from '../../storage/object-store.ts';
import type { ReadLayout } from '../changes/read-layout.ts';
import type { Ages } from '../collection/ages.ts';
import type { IndexEntry } from '../index/index-entry.ts';

const dayMs = 24 * 60 * 60 * 1000;

/**
 * Milliseconds, by the latest that anything says: an entry of ours has the time of its push, what another tool wrote that of its file. A tool
 * may write an entry's time from the image, which was built long before. `notedAtMs`: of a push that left no trace.
 */
export async function listedAgo(
  { digest, createdAt }: IndexEntry,
  { store, keys, clock }: Pick<ReadLayout, 'store' | 'keys' | 'clock'>,
  ages: Ages,
  notedAtMs?: number,
): Promise<number> {
  const file = digest && (await store.stat(keys.blob(digest)));
  const written = createdAt === undefined ? Number.NaN : Date.parse(createdAt);
  const created = written <= clock.now() ? written : undefined;
  const times = [notedAtMs, created, file && timeOf(file)];
  // What nothing is known of is as new as can be.
  return least(times.map((atMs) => (atMs === undefined ? undefined : ages.since(atMs)))) ?? 0;
}

/** Reproducible builds (Bazel, Nix, OSTree) set all times to the beginning of 1970: that says nothing of when the file came. */
function timeOf({ modifiedAtMs, changedAtMs }: ObjectInfo): number {
  return modifiedAtMs < dayMs ? changedAtMs : modifiedAtMs;
}

export function least(numbers: readonly (number | undefined)[]): number | undefined {
  const known = numbers.filter((number) => number !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
