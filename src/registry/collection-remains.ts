// What is left of repositories that are gone: empty directories, and records of ours about them.

import type { CollectionRun } from '../layout/collection/layout-collection.ts';
import {
  childPrefix,
  historyDirectory,
  historyFileName,
  indexFileName,
  mayHoldRepositories,
  recordDirectories,
  rootPrefix,
} from '../layout/files/keys.ts';
import { digestAlgorithms } from '../oci/digest.ts';
import { isRepositoryName } from '../oci/reference.ts';
import type { Key, ObjectStore } from '../storage/object-store.ts';

/**
 * A record of a repository whose directory came back while nobody looked is worth nothing by then: the journal judges versions of the last
 * hour only, and after a day none of them is one.
 */
const recordsStayMs = 24 * 3_600_000;
/** As long as a history is kept of what is there. */
const historyStaysMs = 365 * 24 * 3_600_000;

export async function collectRecords(store: ObjectStore, run: CollectionRun): Promise<void> {
  const mayGo = isOldEnough(run);
  for (const directory of [...recordDirectories, historyDirectory]) {
    await removeRecords({ store, run, directory }, directory, rootPrefix);
    await store.removeEmpty(directory, { mayGo, below: (_, names) => names });
  }
}

/** Below a root that nobody but this registry made: what is empty elsewhere may be somebody's, and means something there. */
export async function collectEmptyDirectories(store: ObjectStore, run: CollectionRun, root: Key): Promise<void> {
  const removed = await store.removeEmpty(root, { mayGo: isOldEnough(run), below: belowRepositories });
  for (const where of removed) {
    run.onDeleted({ kind: 'directory', where, digest: undefined, bytes: 0, why: 'nothing is in it' });
  }
}

function isOldEnough({ ages, graceMs }: CollectionRun): (changedAtMs: number) => boolean {
  return (changedAtMs) => graceMs === 0 || ages.ageOf({ changedAtMs, modifiedAtMs: changedAtMs }) > graceMs;
}

/** Of a layout only the repositories below it; elsewhere also what a layout that is gone had. */
function belowRepositories(prefix: Key, names: readonly string[]): readonly string[] {
  const isLayout = names.includes(indexFileName);
  const [parent = '', last = ''] = splitLast(prefix);
  if (last === 'blobs') return isRepositoryName(parent) ? digestAlgorithms.filter((each) => names.includes(each)) : [];
  if (prefix !== '' && !isRepositoryName(prefix)) return [];
  return names.filter((name) => (name === 'blobs' ? !isLayout && prefix !== '' : mayHoldRepositories(name)));
}

function splitLast(key: string): readonly [string, string] {
  const slash = key.lastIndexOf('/');
  return slash < 0 ? ['', key] : [key.slice(0, slash), key.slice(slash + 1)];
}

interface Removing {
  readonly store: ObjectStore;
  readonly run: CollectionRun;
  /** Of all records of this kind. */
  readonly directory: Key;
}

/** `repository` is the one that what lies `here` is about, as far as names of directories tell. */
async function removeRecords(removing: Removing, here: Key, repository: Key): Promise<void> {
  const { store, run, directory } = removing;
  if (run.signal.aborted) return;
  const isGone = repository !== rootPrefix && (await store.listingVersion(repository)) === undefined;
  for (const { name, kind } of await store.list(here)) {
    const key = childPrefix(here, name);
    if (kind === 'prefix') {
      // What is kept of one repository may have directories of its own: kept manifests, blobs in the trash.
      const isOfSame = !mayHoldRepositories(name) || (digestAlgorithms as readonly string[]).includes(name);
      await removeRecords(removing, key, isOfSame ? repository : childPrefix(repository, name));
      continue;
    }
    const info = isGone ? await store.stat(key) : undefined;
    if (info === undefined || run.ages.ageOf(info) <= staysMs(directory, name, run)) continue;
    if (await store.delete(key)) {
      run.onDeleted({ kind: 'record', where: key, digest: undefined, bytes: info.size, why: 'its repository is gone' });
    }
  }
}

function staysMs(directory: Key, name: string, { graceMs }: CollectionRun): number {
  if (directory !== historyDirectory) return Math.max(graceMs, recordsStayMs);
  return name === historyFileName ? Math.max(graceMs, historyStaysMs) : graceMs;
}
