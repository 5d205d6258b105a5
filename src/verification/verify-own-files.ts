// The registry's own files beside the layouts: the pool of hard links, what was put aside, and what crashes left. Only reads.
import { ContentChecks } from '../inspection/findings/content-checks.ts';
import { findDigestFiles } from '../inspection/findings/file-findings.ts';
import { FindingList } from '../inspection/findings/finding-list.ts';
import { asItSeems, type InspectedLayout } from '../inspection/findings/inspected-layout.ts';
import type { HashedFiles } from '../inspection/hashed-files.ts';
import type { InspectedPart } from '../inspection/inspection.ts';
import {
  childPrefix,
  layoutKeys,
  poolDirectory,
  poolKey,
  poolRoot,
  quarantineDirectory,
  trashDirectory,
} from '../layout/files/keys.ts';
import { Pace } from '../layout/pacing/pace.ts';
import type { OpenedMount } from '../mounts/opened-mount.ts';
import { type Digest, digestAlgorithms } from '../oci/digest.ts';
import type { DirectoryListing } from '../storage/filesystem/directory-listing.ts';
import { formKey, isRootForm } from '../storage/filesystem/root-form.ts';
import type { Key } from '../storage/object-store.ts';
import { ownDirectory, stagingDirectory } from '../storage/own-names.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { BlobProgress } from '../transfer/progress.ts';
import type { DamagedContent } from './damage.ts';
import { ServerAccess } from './server-access.ts';
import { verifiedGroups } from './verified-kinds.ts';
import { isAbandoned, toldOfEachKind } from './verify-layout.ts';

const longestFormBytes = 4_096;

export interface VerifyOwnFilesOptions {
  readonly mount: OpenedMount;
  readonly files: DirectoryListing;
  /** The time of day, in milliseconds. */
  readonly now: () => number;
  readonly hashed: HashedFiles;
  readonly progress: BlobProgress;
  readonly onDamaged: (damaged: DamagedContent) => void;
}

/** Undefined where there are none. */
export async function verifyOwnFiles(options: VerifyOwnFilesOptions): Promise<InspectedPart | undefined> {
  const { mount, files, hashed, progress, onDamaged } = options;
  const own = ownDirectory as Key;
  if (files.kind(own) !== 'directory') return undefined;
  const findings = new FindingList(toldOfEachKind);
  const inspected: InspectedLayout = {
    ...{ files, findings, progress, missing: asItSeems },
    onUnreadable: (digest) =>
      onDamaged({ mount, prefix: undefined, digest, size: undefined, holder: undefined, state: 'unreadable' }),
    store: mount.reader,
    keys: { ...layoutKeys(''), blob: poolKey, blobs: poolDirectory },
    hashed: hashed.watched((digest) =>
      onDamaged({ mount, prefix: undefined, digest, size: undefined, holder: undefined, state: 'wrong' }),
    ),
  };
  const pooled: Digest[] = [];
  await findDigestFiles(inspected, { blobs: poolRoot, shown: poolRoot }, (digest) => pooled.push(digest));
  await new ContentChecks(inspected).verifyAll(pooled);
  await findForm(mount, findings);
  await findQuarantined(files, findings);
  findLeftovers(options, findings);
  ServerAccess.of(files)?.findTree(own, own, findings, 1);
  ServerAccess.of(files)?.findTree(poolRoot, poolRoot, findings);
  const where = `${mount.path}/${ownDirectory}`;
  return {
    ...{ kind: 'root', name: '', where, entries: undefined, dialects: [] },
    findings: verifiedGroups(findings.groups()),
  };
}

async function findForm({ reader }: OpenedMount, findings: FindingList): Promise<void> {
  try {
    const object = await reader.read(formKey, longestFormBytes);
    if (object !== undefined && !isRootForm(object.bytes)) findings.add('form-unreadable', { path: formKey });
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    findings.add('form-unreadable', { path: formKey, detail: error.message });
  }
}

async function findQuarantined(files: DirectoryListing, findings: FindingList): Promise<void> {
  const pace = new Pace();
  for (const algorithm of digestAlgorithms) {
    const directory = childPrefix(quarantineDirectory, algorithm);
    for (const name of namesIn(files, directory, findings)) {
      await pace.step();
      if (!name.endsWith('.json')) findings.add('quarantined', { path: childPrefix(directory, name) });
    }
  }
}

/** What was being written, and what a collection was about to delete. */
function findLeftovers({ files, now }: VerifyOwnFilesOptions, findings: FindingList): void {
  const pending = [stagingDirectory as Key, trashDirectory];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    for (const name of namesIn(files, directory, findings)) {
      const path = childPrefix(directory, name);
      if (files.kind(path) === 'directory') pending.push(path);
      else if (isAbandoned(files, path, now())) findings.add('leftover', { path });
    }
  }
}

function* namesIn(files: DirectoryListing, directory: Key, findings: FindingList): Generator<string> {
  try {
    for (const { name } of files.children(directory)) yield name;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    findings.add('unreadable-file', { path: directory, detail: error.message });
  }
}
