// One collection of everything that a mount holds: its layouts, the pool, uploads that nobody goes on with, and what is left of
// repositories that are gone.

import { digestsIn } from '../layout/blobs/stored-digests.ts';
import type { HistoryRules } from '../layout/changes/index-transaction.ts';
import type { Ages } from '../layout/collection/ages.ts';
import { ByteTally } from '../layout/collection/byte-tally.ts';
import type { Collected, CollectedKind } from '../layout/collection/collected.ts';
import type { CollectionRun } from '../layout/collection/layout-collection.ts';
import { OwnChanges } from '../layout/collection/own-changes.ts';
import { storedBlobOf } from '../layout/collection/stored-blobs.ts';
import { layoutKeys, poolDirectory, poolKey, rootPrefix } from '../layout/files/keys.ts';
import { Pace } from '../layout/pacing/pace.ts';
import type { Retained } from '../layout/retention/retained.ts';
import type { RetentionRules } from '../layout/retention/retention-rule.ts';
import { RuleUse } from '../layout/retention/rule-warnings.ts';
import { collectedPrefixes } from './collected-prefixes.ts';
import type { CollectionEvents } from './collection-events.ts';
import { collectEmptyDirectories, collectRecords } from './collection-remains.ts';
import { nameAbove } from './mount.ts';
import type { MountedLayouts } from './mounted-layouts.ts';
import { retain } from './retention.ts';
import { isExpired, type UploadRules } from './upload-sessions.ts';

export interface CollectionOptions extends CollectionEvents {
  /** Nothing is deleted, and nothing written; of retention every decision is told. */
  readonly dryRun: boolean;
  /** In milliseconds; 0: leases, history and age count for nothing. */
  readonly graceMs: number;
  /** Layouts that were never pushed to through a server are left alone. */
  readonly onlyPushed: boolean;
  /** Of the repositories whose prefix this is true for; undefined: everything. */
  readonly isMeant: ((prefix: string) => boolean) | undefined;
  readonly signal: AbortSignal;
}

export interface CollectionTotals {
  readonly freedBytes: number;
  readonly keptBytes: number;
  readonly deleted: Readonly<Record<CollectedKind, number>>;
  readonly skipped: number;
  /** Tags that went by a rule. */
  readonly untagged: number;
  /** Manifests that nothing led to. */
  readonly removed: number;
}

const none: Readonly<Record<CollectedKind, number>> = {
  manifest: 0,
  blob: 0,
  pool: 0,
  upload: 0,
  repository: 0,
  directory: 0,
  record: 0,
};

/** In a dry run `mounted` is one that keeps its changes in memory. */
export async function collectMount(
  mounted: MountedLayouts,
  ages: Ages,
  options: CollectionOptions,
  rules: UploadRules & RetentionRules & HistoryRules,
): Promise<CollectionTotals> {
  const { dryRun, graceMs, isMeant, signal } = options;
  const { reader, writer, collects, origin } = mounted.mount;
  const tally = new ByteTally();
  const deleted: Record<CollectedKind, number> = { ...none };
  let skipped = 0;
  let uploadBytes = 0;
  const onDeleted = (deletion: Collected) => {
    deleted[deletion.kind] += 1;
    options.onDeleted(deletion);
  };
  // Of a directory of others nobody knows who waits for an empty layout.
  const removesEmpty = origin === 'created' || origin === 'earlier';
  const run: CollectionRun = { ages, graceMs, ownChanges: new OwnChanges(), tally, onDeleted, signal, removesEmpty };
  let [untagged, removed] = [0, 0];
  const onRetained = (retained: Retained) => {
    if (!retained.stays && retained.tag !== undefined) untagged += 1;
    if (!retained.stays && retained.tag === undefined) removed += 1;
    options.onRetained(retained);
  };
  const use = new RuleUse(rules.retention);
  const ignoresLeases = graceMs === 0;
  const onUnkept = (bytes: number, deletion: Omit<Collected, 'bytes'>) => {
    tally.free(bytes);
    onDeleted({ ...deletion, bytes });
  };
  const retention = { rules, ages, use, ignoresLeases, tellsAll: dryRun, onRetained, onUnkept, onOdd: options.onOdd };
  let repositories = 0;
  for await (const prefix of collectedPrefixes(reader, {
    isOurs: origin !== 'adopted' && collects === true,
    onUnlisted: (prefix, why) => {
      if (isMeant?.(prefix) === false) return;
      skipped += 1;
      options.onSkipped(nameAbove(mounted, prefix), why.message);
    },
  })) {
    if (signal.aborted) break;
    if (isMeant?.(prefix) === false) continue;
    if (options.onlyPushed && (await reader.stat(layoutKeys(prefix).journal)) === undefined) continue;
    const layout = mounted.at(prefix);
    const unclear = await retain(mounted, prefix, retention);
    const why = (await layout.collect(run)) ?? unclear;
    if (why !== undefined) {
      skipped += 1;
      options.onSkipped(nameAbove(mounted, prefix), why);
    }
    repositories += 1;
    options.onProgress(repositories);
  }
  if (isMeant === undefined && !signal.aborted) {
    for (const warning of use.unused()) options.onOdd(warning);
    await collectPool(mounted, run);
    uploadBytes = await collectUploads(mounted, { rules, ages, dryRun, onDeleted });
    if (writer !== undefined && origin !== undefined) {
      if (origin === 'created') await collectEmptyDirectories(writer, run, rootPrefix);
      await collectRecords(writer, run);
    }
  }
  const freedBytes = tally.freed + uploadBytes;
  return { freedBytes, keptBytes: tally.bytes - tally.freed, deleted, skipped, untagged, removed };
}

/** Of blobs that no repository holds. Those that this run took from the last one went with it. */
async function collectPool({ mount }: MountedLayouts, run: CollectionRun): Promise<void> {
  const { reader, writer } = mount;
  const pace = new Pace();
  for (const digest of await digestsIn(reader, { blobs: poolDirectory })) {
    await pace.step();
    const info = await reader.stat(poolKey(digest));
    if (info === undefined) continue;
    const blob = storedBlobOf(info);
    run.tally.add(blob);
    if (info.hardLinks > 1 || (run.graceMs > 0 && run.ages.ageOf(blob) <= run.graceMs)) continue;
    if (run.signal.aborted) return;
    if (!(await writer?.delete(poolKey(digest)))) continue;
    const bytes = run.tally.drop(blob, false);
    run.onDeleted({ kind: 'pool', where: 'pool', digest, bytes, why: 'no repository holds it' });
  }
}

interface UploadCollection {
  readonly rules: UploadRules;
  readonly ages: Ages;
  readonly dryRun: boolean;
  readonly onDeleted: (deletion: Collected) => void;
}

/** Returns the bytes that were freed. */
async function collectUploads({ mount, sessions }: MountedLayouts, options: UploadCollection): Promise<number> {
  const { rules, ages, dryRun, onDeleted } = options;
  const expired = dryRun
    ? (await mount.reader.staged()).filter((each) => isExpired(each, rules, ages))
    : ((await sessions?.sweep(ages)) ?? []);
  let bytes = 0;
  for (const { id, size } of expired) {
    bytes += size;
    onDeleted({ kind: 'upload', where: id, digest: undefined, bytes: size, why: 'nobody goes on with it' });
  }
  return bytes;
}
