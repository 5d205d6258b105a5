// An export as a directory: a layout that other tools open, also one that exists and is added to. Broken off anywhere, the next run
// goes on; index.json changes last, by rename.
import { join } from 'node:path';
import { pathKindIfAny } from '../mounts/path-kind.ts';
import { isError } from '../oci/is-error.ts';
import type { RepositoryName } from '../oci/reference.ts';
import { type LayoutRules, rulesForExport } from '../registry/layout-rules.ts';
import { Registry } from '../registry/registry.ts';
import { openFilesystemStore } from '../storage/filesystem/filesystem-store.ts';
import { exists, namesIn } from '../storage/filesystem/path-probe.ts';
import { removeDirectoryAt } from '../storage/filesystem/removed-tree.ts';
import type { Log } from '../storage/log.ts';
import type { Key } from '../storage/object-store.ts';
import { ownDirectory } from '../storage/own-names.ts';
import { copyBlob } from './copy-blob.ts';
import { forEachConcurrently } from './copy-concurrently.ts';
import { CopyError } from './copy-error.ts';
import type { ExportRun } from './export-archive.ts';
import type { ExportContent } from './export-content.ts';
import { exportEntries } from './export-index.ts';
import { assertFits, listInLayout } from './export-layout.ts';
import type { ExportProfile } from './export-profile.ts';
import { listInRepository } from './export-repository.ts';

const blobsAtOnce = 3;
/** Tells that the work directory is of an export, and goes with it: a served layout keeps its own. */
const markKey = `${ownDirectory}/export` as Key;
/** Of a server on the same directory (storage driver). */
const serverKey = `${ownDirectory}/id` as Key;
/** Only messages and upload sessions see it. */
const layoutName = 'export' as RepositoryName;

export interface DirectoryTarget {
  readonly path: string;
  /** Of the registry that exports: what is added to a layout follows them, as a push does. */
  readonly rules: LayoutRules;
  readonly log: Log;
}

/** Throws CopyError for a directory that holds something else; otherwise what a copy throws. What was copied stays for the next run. */
export async function exportDirectory(
  content: ExportContent,
  profile: ExportProfile,
  { path, rules, log }: DirectoryTarget,
  run: ExportRun,
): Promise<void> {
  const entries = exportEntries(content, profile);
  const found = namesAt(path);
  assertLayout(path, found);
  const store = await openFilesystemStore(path, { log });
  await assertFits(store, entries, profile);
  const isOurs = !found.includes(ownDirectory) || (await store.stat(markKey)) !== undefined;
  if (isOurs) await store.write(markKey, Buffer.from('An export is under way, or was broken off: run it again.\n'));
  const mount = { name: layoutName, reader: store, writer: store, facts: undefined };
  const registry = new Registry({ mounts: [mount], log, rules: rulesForExport(rules) });
  try {
    const repository = await registry.writable(layoutName);
    await copyBlobs(content, repository, run);
    // A new layout is written at once, an existing one as pushes do: what it has of referrers belongs into the same responses.
    const isNew = !found.includes('index.json');
    if (profile === 'oci' && !isNew) await listInRepository(content, repository, run);
    else await listInLayout(content, entries, store, profile, run);
  } finally {
    await registry.close();
  }
  if (!isOurs) return;
  // A server that was started on the layout meanwhile keeps there what it acknowledged.
  if ((await store.stat(serverKey)) !== undefined) await store.delete(markKey);
  else await removeDirectoryAt(join(path, ownDirectory));
}

async function copyBlobs(
  content: ExportContent,
  repository: Parameters<typeof copyBlob>[1],
  { progress, signal }: ExportRun,
): Promise<void> {
  // What a manifest names as a blob and is one of the manifests arrives as such.
  const blobs = [...content.blobs.values()].filter(({ digest }) => !content.manifests.has(digest));
  await forEachConcurrently(blobs, blobsAtOnce, signal, async (blob, either) => {
    const outcome = await copyBlob(blob.origin, repository, blob, { progress, signal: either, verifyPresent: true });
    if (outcome !== undefined) return;
    progress.note(`${blob.digest} is non-distributable and not in ${blob.origin.source.description}: left out`);
  });
}

function namesAt(path: string): readonly string[] {
  try {
    return namesIn(path) ?? [];
  } catch (error) {
    if (!(isError(error) && 'code' in error && error.code === 'ENOTDIR')) throw error;
    throw new CopyError(`${path} is a file; an archive's name ends in .tar, .tar.gz, .tgz or .tar.zst`, {
      cause: error,
    });
  }
}

/** A directory of something else must not get blobs and an index.json between its files, nor the root of a registry. */
function assertLayout(path: string, found: readonly string[]): void {
  const isOurs = (name: string) => name === 'blobs' || (name === ownDirectory && exists(join(path, markKey)));
  // Whoever serves a directory that says it is a layout, and has pushed nothing yet, has left no blobs in it.
  const isLayout = pathKindIfAny(path) === 'layout' || found.includes('oci-layout');
  if (isLayout || found.every(isOurs)) return;
  throw new CopyError(`${path} is not empty and holds no image layout; name a new directory, or a layout to add to`);
}
