// The inspection of one layout: every finding, in the order in which a tool that opens it would meet them. Only reads.

import type { Reconciled } from '../../layout/changes/reconciled.ts';
import { type LayoutPrefix, layoutKeys } from '../../layout/files/keys.ts';
import { createManifestCaches } from '../../layout/manifests/manifest-caches.ts';
import { ManifestReader } from '../../layout/manifests/manifest-reader.ts';
import type { ScanRules } from '../../layout/manifests/unreferenced-manifests.ts';
import type { NameRules } from '../../layout/names/name-rules.ts';
import { paced } from '../../layout/pacing/steps.ts';
import type { Digest } from '../../oci/digest.ts';
import type { DirectoryListing } from '../../storage/filesystem/directory-listing.ts';
import { silentLog } from '../../storage/log.ts';
import type { ObjectReader } from '../../storage/object-store.ts';
import { type BlobProgress, unwatched } from '../../transfer/progress.ts';
import type { HashedFiles } from '../hashed-files.ts';
import { findNoBlobs } from './blob-presence.ts';
import { ContentChecks } from './content-checks.ts';
import { type Dialect, dialectsOf } from './dialects.ts';
import { findBlobFiles, findFiles } from './file-findings.ts';
import type { FindingSubject } from './finding.ts';
import { type FindingGroup, FindingList } from './finding-list.ts';
import { findIndex, unlessUnreadable } from './index-findings.ts';
import { asItSeems, type InspectedLayout } from './inspected-layout.ts';
import { findContent } from './manifest-findings.ts';
import { findingNames } from './name-findings.ts';
import { findRaw, findReconcile, findReferrersTags } from './referrer-findings.ts';
import { findUntagged } from './untagged-findings.ts';

export interface InspectLayoutOptions {
  readonly store: ObjectReader;
  readonly prefix: LayoutPrefix;
  /** The name it is served under, and how names in it are understood. */
  readonly name: string;
  readonly rules: NameRules & ScanRules;
  readonly files: DirectoryListing | undefined;
  /** What a reconcile would change. */
  readonly reconcile: () => Promise<readonly Reconciled[]>;
  /** Entries that other programs took off the list, as far as a journal knows. */
  readonly remembered: () => Promise<readonly FindingSubject[]>;
  /** Reads every blob and compares its digest. */
  readonly verify: boolean;
  readonly progress?: BlobProgress | undefined;
  /** What was read whole before, of other layouts. */
  readonly hashed: HashedFiles;
  /** Where they are put, for who wants them although not all was looked at. */
  readonly findings?: FindingList;
}

export interface LayoutInspection {
  /** How many entries index.json has; undefined when it cannot be read. */
  readonly entries: number | undefined;
  readonly dialects: readonly Dialect[];
  readonly findings: readonly FindingGroup[];
}

export async function inspectLayout(options: InspectLayoutOptions): Promise<LayoutInspection> {
  const { store, prefix, files, name, rules, verify, hashed, progress = unwatched } = options;
  const { findings = new FindingList() } = options;
  const keys = layoutKeys(prefix);
  const unwanted = { missing: asItSeems, onUnreadable: () => {} };
  const inspected: InspectedLayout = { store, keys, files, findings, hashed, progress, ...unwanted };
  const fileNames = await findFiles(inspected);
  const index = await findIndex(inspected);
  const blobs: Digest[] = [];
  await findBlobFiles(inspected, (digest) => (verify || hashed.isSuspect(digest)) && blobs.push(digest));
  const checks = new ContentChecks(inspected);
  if (index !== undefined) {
    await paced(findingNames(index, name, rules, findings));
    await findContent(inspected, checks, index);
    if (isMissingManifests(findings)) await findNoBlobs(inspected, keys, findings);
    const caches = createManifestCaches();
    const manifests = new ManifestReader({ store, keys, caches, log: silentLog, facts: undefined });
    await unlessUnreadable(inspected, () => findReferrersTags(inspected, index, manifests));
    await unlessUnreadable(inspected, () => findUntagged(index, name, rules, manifests, findings));
    const raw =
      rules.scan !== 'off' ? await unlessUnreadable(inspected, () => findRaw(inspected, index, manifests)) : undefined;
    for (const taken of (await unlessUnreadable(inspected, options.remembered)) ?? []) {
      findings.add('taken-off-the-list', taken);
    }
    const changes = await unlessUnreadable(inspected, options.reconcile);
    findReconcile(inspected, index, changes ?? [], raw ?? new Set());
  }
  if (verify) await checks.verifyAll(blobs);
  else await checks.reportKnown(blobs);
  return {
    entries: index?.entries.length,
    dialects: index === undefined ? [] : dialectsOf(index, fileNames),
    findings: findings.groups(),
  };
}

function isMissingManifests(findings: FindingList): boolean {
  return findings.has('dangling-tag') || findings.has('dangling-entry');
}
