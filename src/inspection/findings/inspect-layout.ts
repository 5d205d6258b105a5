// The inspection of one layout: every finding, in the order in which a tool that opens it would meet them. Only reads.
import type { Reconciled } from '../../layout/changes/reconciled.ts';
import { type LayoutPrefix, layoutKeys } from '../../layout/files/keys.ts';
import { IndexUnreadableError } from '../../layout/index/index-document.ts';
import { readIndexDocument, whileUnfinished } from '../../layout/index/index-patience.ts';
import { TooManyElementsError } from '../../layout/index/json-span.ts';
import { LayoutIndex } from '../../layout/index/layout-index.ts';
import { wrongSchemaVersion } from '../../layout/index/schema-version.ts';
import { createManifestCaches } from '../../layout/manifests/manifest-caches.ts';
import { ManifestReader } from '../../layout/manifests/manifest-reader.ts';
import type { ScanRules } from '../../layout/manifests/unreferenced-manifests.ts';
import type { NameRules } from '../../layout/names/name-rules.ts';
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import { systemClock } from '../../storage/clock.ts';
import type { DirectoryListing } from '../../storage/filesystem/directory-listing.ts';
import type { ObjectReader } from '../../storage/object-store.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { type BlobProgress, unwatched } from '../../transfer/progress.ts';
import { findNoBlobs } from './blob-presence.ts';
import { ContentChecks } from './content-checks.ts';
import { type Dialect, dialectsOf } from './dialects.ts';
import { findBlobFiles, findFiles } from './file-findings.ts';
import type { FindingSubject } from './finding.ts';
import { type FindingGroup, FindingList } from './finding-list.ts';
import type { DamagedBlob, InspectedLayout } from './inspected-layout.ts';
import { findContent } from './manifest-findings.ts';
import { findNames } from './name-findings.ts';
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
}

export interface LayoutInspection {
  /** How many entries index.json has; undefined when it cannot be read. */
  readonly entries: number | undefined;
  readonly dialects: readonly Dialect[];
  readonly findings: readonly FindingGroup[];
  readonly damaged: readonly DamagedBlob[];
}

export async function inspectLayout(options: InspectLayoutOptions): Promise<LayoutInspection> {
  const { store, prefix, files, name, rules, verify, progress = unwatched } = options;
  const keys = layoutKeys(prefix);
  const findings = new FindingList();
  const damaged: DamagedBlob[] = [];
  const inspected: InspectedLayout = { store, keys, files, findings, damaged, progress };
  const fileNames = await findFiles(inspected);
  const index = await readIndex(inspected);
  const blobs: Digest[] = [];
  await findBlobFiles(inspected, (digest) => verify && blobs.push(digest));
  const checks = new ContentChecks(inspected);
  if (index !== undefined) {
    findNames(index, name, rules, findings);
    await findContent(inspected, checks, index);
    if (isMissingManifests(findings)) await findNoBlobs(inspected, keys, findings);
    const caches = createManifestCaches();
    const manifests = new ManifestReader({ store, keys, caches, log: silent, facts: undefined });
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
  await checks.verifyAll(blobs);
  return {
    entries: index?.entries.length,
    dialects: index === undefined ? [] : dialectsOf(index, fileNames),
    findings: findings.groups(),
    damaged,
  };
}

function isMissingManifests(findings: FindingList): boolean {
  return findings.has('dangling-tag') || findings.has('dangling-entry');
}

const silent = { info: () => {}, slow: () => {}, warn: () => {} };

async function readIndex({ store, keys, findings }: InspectedLayout): Promise<LayoutIndex | undefined> {
  const path = 'index.json';
  try {
    const document = await whileUnfinished(() => readIndexDocument(store, keys.index), { clock: systemClock });
    if (document === undefined) return undefined;
    if (!document.inOurForm && goesOn(document.bytes)) findings.add('trailing-garbage', { path });
    const version = wrongSchemaVersion(document);
    if (version !== undefined) findings.add('other-schema-version', { path, detail: `schemaVersion ${version}` });
    return LayoutIndex.of(document);
  } catch (error) {
    if (error instanceof IndexUnreadableError) {
      const isTooLarge = error.cause instanceof TooManyElementsError;
      findings.add(isTooLarge ? 'index-too-large' : 'index-unreadable', { path, detail: error.message });
    } else if (error instanceof StorageError) {
      const code = error.failure === 'too-large' ? 'index-too-large' : 'unreadable-file';
      // A link or a pipe was told already where files can be seen.
      if (error.failure !== 'unsafe') findings.add(code, { path, detail: error.message });
    } else throw error;
    return undefined;
  }
}

/** True when more than one JSON value is in the file, of which the first was read. */
function goesOn(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString('utf8'));
    return false;
  } catch {
    return true;
  }
}

/** One file that may not be read ends one check, not all of them; a layout that cannot be served was told of already. */
async function unlessUnreadable<Result>(
  { findings }: InspectedLayout,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    if (!(error instanceof StorageError)) throw error;
    if (!findings.has('unreadable-file')) findings.add('unreadable-file', { detail: error.message });
    return undefined;
  }
}
