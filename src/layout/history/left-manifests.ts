// Manifests that a tag left, or that were deleted, not long ago: an operator can go back to them, so whoever collects keeps them with all
// that they lead to. The files of those that were deleted are kept apart, where nothing serves them.
import { algorithmOf, type Digest, digestAlgorithms, isDigest } from '../../oci/digest.ts';
import type { Key, ObjectReader, ObjectStore } from '../../storage/object-store.ts';
import type { LayoutKeys } from '../files/keys.ts';
import { pacedDigestOf } from '../pacing/paced-digest.ts';
import type { RemovedManifest, TagMove, TagTarget } from './tag-move.ts';

/** The largest manifest that a setting lets in. */
const mostBytes = 64 * 1024 * 1024;

export interface LeftWithin {
  readonly graceMs: number;
  /** Of moments that were written down, in milliseconds. */
  readonly ages: { since(atMs: number): number };
}

/** Each target that a tag or the list left less than `graceMs` ago. Pure. */
export function leftSince(
  { moves, removed }: { readonly moves: readonly TagMove[]; readonly removed: readonly RemovedManifest[] },
  { graceMs, ages }: LeftWithin,
): ReadonlyMap<Digest, TagTarget> {
  const left = new Map<Digest, TagTarget>();
  for (const { target, atMs } of [
    ...timedBackwards(moves),
    ...removed.map((each) => ({ ...each, target: each.removed })),
  ]) {
    if (target !== undefined && ages.since(atMs) < graceMs) left.set(target.digest, target);
  }
  return left;
}

/** A clock that ran ahead for a while gave moves of then a time to come: what follows them tells that they were before. */
function* timedBackwards(moves: readonly TagMove[]): Generator<{ target: TagTarget | undefined; atMs: number }> {
  let earliestMs = Number.POSITIVE_INFINITY;
  for (const { from, atMs } of moves.toReversed()) {
    earliestMs = Math.min(earliestMs, atMs);
    yield { target: from, atMs: earliestMs };
  }
}

/** The bytes of a manifest that was deleted; undefined when they are not kept, or are not what the digest says. */
export async function readKept(store: ObjectReader, keys: LayoutKeys, digest: Digest): Promise<Buffer | undefined> {
  const object = await store.read(keys.keptManifest(digest), mostBytes);
  if (object === undefined) return undefined;
  const { buffer, byteOffset, byteLength } = object.bytes;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  return (await pacedDigestOf(bytes, algorithmOf(digest))) === digest ? bytes : undefined;
}

export interface ForgottenManifest {
  readonly digest: Digest;
  readonly bytes: number;
}

/** Deletes what is kept of manifests that are not among `left`, and was not put there lately. Returns what went. */
export async function forgetKept(
  store: ObjectStore,
  keys: LayoutKeys,
  left: ReadonlyMap<Digest, unknown>,
  { graceMs, ages }: LeftWithin,
): Promise<readonly ForgottenManifest[]> {
  const gone: ForgottenManifest[] = [];
  for (const algorithm of digestAlgorithms) {
    for (const { name, kind } of await store.list(keys.keptManifests(algorithm))) {
      const digest = `${algorithm}:${name}`;
      if (kind !== 'object' || !isDigest(digest) || left.has(digest)) continue;
      const key: Key = keys.keptManifest(digest);
      const info = await store.stat(key);
      // What could not be noted, on a full disk, is known by its file alone.
      if (info === undefined || ages.since(info.changedAtMs) < graceMs) continue;
      if (await store.delete(key)) gone.push({ digest, bytes: info.size });
    }
  }
  return gone;
}
