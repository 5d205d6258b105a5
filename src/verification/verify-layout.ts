// The verification of one layout, or of what one image of it consists of: the files, what leads to them, and their bytes. Only reads.
import { findNoBlobs } from '../inspection/findings/blob-presence.ts';
import { ContentChecks } from '../inspection/findings/content-checks.ts';
import { findBlobFiles, findDigestFiles, findFiles } from '../inspection/findings/file-findings.ts';
import type { FindingCode } from '../inspection/findings/finding.ts';
import { FindingList } from '../inspection/findings/finding-list.ts';
import { findIndex } from '../inspection/findings/index-findings.ts';
import type { InspectedLayout } from '../inspection/findings/inspected-layout.ts';
import { findContent, findContentOf } from '../inspection/findings/manifest-findings.ts';
import type { HashedFiles } from '../inspection/hashed-files.ts';
import type { InspectedPart } from '../inspection/inspection.ts';
import { AcknowledgedPast } from '../layout/changes/acknowledged-past.ts';
import { childPrefix, type LayoutKeys, type LayoutPrefix, layoutKeys, poolKey } from '../layout/files/keys.ts';
import type { IndexEntry } from '../layout/index/index-entry.ts';
import type { LayoutIndex } from '../layout/index/layout-index.ts';
import { Pace } from '../layout/pacing/pace.ts';
import type { OpenedMount } from '../mounts/opened-mount.ts';
import type { Digest } from '../oci/digest.ts';
import type { DirectoryListing } from '../storage/filesystem/directory-listing.ts';
import { parentOf } from '../storage/filesystem/file-tree.ts';
import type { Key } from '../storage/object-store.ts';
import { draftPrefix } from '../storage/own-names.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { BlobProgress } from '../transfer/progress.ts';
import type { DamagedContent, UnmarkedLayout } from './damage.ts';
import { MissingJudge } from './missing-content.ts';
import { ServerAccess } from './server-access.ts';
import { verifiedGroups } from './verified-kinds.ts';

/** Of each kind so many are told of a layout, and the rest is counted: more than an inspection tells, since each is to be mended. */
export const toldOfEachKind = 1_000;

/** Of what a crash left, younger ones may be somebody's work. */
const abandonedAfterMs = 3_600_000;

export function isAbandoned(files: DirectoryListing, key: Key, nowMs: number): boolean {
  const changedAtMs = files.attributesOf(key)?.changedAtMs;
  return changedAtMs !== undefined && nowMs - changedAtMs > abandonedAfterMs;
}

export interface VerifyLayoutOptions {
  readonly mount: OpenedMount;
  readonly prefix: LayoutPrefix;
  /** The name it is served under. */
  readonly name: string;
  /** Undefined where the mount is an archive. */
  readonly files: DirectoryListing | undefined;
  /** What an image begins with, of those of the index; undefined: everything is verified. */
  readonly image: ((index: LayoutIndex) => IndexEntry | { readonly digest: Digest } | undefined) | undefined;
  /** The time of day, in milliseconds. */
  readonly now: () => number;
  readonly hashed: HashedFiles;
  readonly progress: BlobProgress;
  readonly onDamaged: (damaged: DamagedContent) => void;
  readonly onUnmarked: (layout: UnmarkedLayout) => void;
}

/** What is not there, and is nobody's to bring back. */
const isNoDamage: ReadonlySet<FindingCode> = new Set(['never-here', 'deleted-child']);

/** Undefined where the image that was asked for is not there. */
export async function verifyLayout(options: VerifyLayoutOptions): Promise<InspectedPart | undefined> {
  const { mount, prefix, name, files, hashed, progress, onDamaged, onUnmarked, image } = options;
  const store = mount.reader;
  const keys = layoutKeys(prefix);
  const findings = new FindingList(toldOfEachKind);
  const past = new AcknowledgedPast(store, keys);
  const judge = new MissingJudge(store, keys, past);
  const inspected: InspectedLayout = {
    ...{ store, keys, files, findings, progress },
    hashed: hashed.watched((digest) => {
      onDamaged({ mount, prefix, digest, size: checks.statedSize(digest), holder: undefined, state: 'wrong' });
    }),
    onUnreadable: (digest) => {
      onDamaged({ mount, prefix, digest, size: checks.statedSize(digest), holder: undefined, state: 'unreadable' });
    },
    missing: async (missing) => {
      const code = await judge.codeOf(missing);
      const { digest, size, holder } = missing;
      if (!isNoDamage.has(code)) onDamaged({ mount, prefix, digest, size, holder, state: 'gone' });
      return code;
    },
  };
  const checks = new ContentChecks(inspected);
  const index =
    image === undefined
      ? await verifyWhole(inspected, checks, { past, nowMs: options.now() })
      : await findIndex(inspected);
  if (image !== undefined && index !== undefined) {
    const root = image(index);
    if (root === undefined) return undefined;
    await findContentOf(inspected, checks, root);
    await checks.verifyAll(checks.reached);
  }
  if (index !== undefined && findings.has('oci-layout-missing')) onUnmarked({ mount, prefix });
  const where = [mount.path, prefix].filter((each) => each !== '').join('/');
  return {
    ...{ kind: 'layout', name, where },
    entries: index?.entries.length,
    dialects: [],
    findings: verifiedGroups(findings.groups()),
  };
}

async function verifyWhole(
  inspected: InspectedLayout,
  checks: ContentChecks,
  { past, nowMs }: { readonly past: AcknowledgedPast; readonly nowMs: number },
): Promise<LayoutIndex | undefined> {
  const { keys, findings } = inspected;
  const names = await findFiles(inspected);
  const index = await findIndex(inspected);
  const blobs: Digest[] = [];
  await findBlobFiles(inspected, (digest) => blobs.push(digest));
  if (index !== undefined) {
    await findContent(inspected, checks, index);
    const isMissing = ['dangling-tag', 'dangling-entry', 'lost-manifest'] as const;
    if (isMissing.some((code) => findings.has(code))) await findNoBlobs(inspected, keys, findings);
  }
  await findSharing(inspected, index, blobs);
  await checks.verifyAll(blobs);
  await findKept(inspected);
  await findJournal(past, keys, findings);
  findOwnTraces(inspected, names, nowMs);
  return index;
}

/** What is one file where it should be several, of the manifests that are listed, and several where it should be one. */
async function findSharing(
  { store, keys, findings }: InspectedLayout,
  index: LayoutIndex | undefined,
  blobs: readonly Digest[],
): Promise<void> {
  const pace = new Pace();
  for (const digest of blobs) {
    await pace.step();
    try {
      const info = await store.stat(keys.blob(digest));
      const path = keys.blob(digest).slice(keys.directory === '' ? 0 : keys.directory.length + 1);
      if (info === undefined) continue;
      if (index !== undefined && index.listed(digest).length > 0) {
        if (info.hardLinks > 1) findings.add('linked-manifest', { digest, path, detail: `${info.hardLinks} names` });
      } else if (info.hardLinks === 1 && (await store.stat(poolKey(digest))) !== undefined) {
        findings.add('unshared-blob', { digest, path });
      }
    } catch (error) {
      // Told where it is read.
      if (!(error instanceof StorageError)) throw error;
    }
  }
}

/** Manifests that were deleted and can be put back. */
async function findKept(inspected: InspectedLayout): Promise<void> {
  const { keys } = inspected;
  const kept = { ...inspected, keys: { ...layoutKeys(''), blob: keys.keptManifest, blobs: keys.keptManifests } };
  const digests: Digest[] = [];
  const directory = parentOf(keys.keptManifests('sha256')) as Key;
  await findDigestFiles(kept, { blobs: directory, shown: directory }, (digest) => digests.push(digest));
  await new ContentChecks(kept).verifyAll(digests);
}

async function findJournal(past: AcknowledgedPast, keys: LayoutKeys, findings: FindingList): Promise<void> {
  const path = keys.journal;
  try {
    const check = await past.check();
    if (check === undefined) return;
    if (!check.hasHeader) findings.add('journal-unreadable', { path, detail: 'it does not begin as a journal does' });
    else if (check.damagedLines > 0)
      findings.add('journal-cut', { path, detail: `${check.damagedLines} of its lines` });
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    findings.add('journal-unreadable', { path, detail: error.message });
  }
}

/** What a crash of a server left beside index.json, and what the server may not use. */
function findOwnTraces({ keys, files, findings }: InspectedLayout, names: readonly string[], nowMs: number): void {
  if (files === undefined) return;
  for (const name of names) {
    const key = childPrefix(keys.directory, name);
    if (name.startsWith(draftPrefix) && isAbandoned(files, key, nowMs)) findings.add('leftover', { path: name });
  }
  const access = ServerAccess.of(files);
  if (access === undefined) return;
  access.findDirectory(keys.directory, '.', findings);
  for (const name of ['index.json', 'oci-layout'] as const) {
    const key = childPrefix(keys.directory, name);
    if (files.kind(key) === 'file') access.findFile(key, name, findings);
  }
  access.findTree(childPrefix(keys.directory, 'blobs'), 'blobs', findings);
  access.findTree(keys.journal, keys.journal, findings);
}
