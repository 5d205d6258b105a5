// What is left of repositories that are gone: empty directories, and records of ours about them.

import type { CollectionRun } from '../layout/collection/layout-collection.ts';
import {
  childPrefix,
  indexFileName,
  type LayoutPrefix,
  mayHoldRepositories,
  recordDirectories,
} from '../layout/files/keys.ts';
import { digestAlgorithms } from '../oci/digest.ts';
import { isRepositoryName } from '../oci/reference.ts';
import type { Key, ObjectStore } from '../storage/object-store.ts';

/**
 * A record of a repository whose directory came back while nobody looked is worth nothing by then: the journal judges versions of the last
 * hour only, and after a day none of them is one.
 */
const recordsStayMs = 24 * 3_600_000;

export async function collectRecords(store: ObjectStore, run: CollectionRun): Promise<void> {
  const mayGo = isOldEnough(run);
  for (const directory of recordDirectories) {
    await removeRecords(store, run, directory, '');
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

async function removeRecords(
  store: ObjectStore,
  run: CollectionRun,
  directory: Key,
  prefix: LayoutPrefix | '',
): Promise<void> {
  if (run.signal.aborted) return;
  const here = (prefix === '' ? directory : childPrefix(directory, prefix)) as Key;
  const children = await store.list(here);
  const isGone = prefix !== '' && (await store.listingVersion(prefix as string as Key)) === undefined;
  for (const { name, kind } of children) {
    if (kind === 'prefix') {
      await removeRecords(store, run, directory, childPrefix(prefix as string as Key, name) as string as LayoutPrefix);
      continue;
    }
    const key = childPrefix(here, name);
    const info = isGone ? await store.stat(key) : undefined;
    if (info === undefined || run.ages.ageOf(info) <= Math.max(run.graceMs, recordsStayMs)) continue;
    if (await store.delete(key)) {
      run.onDeleted({ kind: 'record', where: key, digest: undefined, bytes: info.size, why: 'its repository is gone' });
    }
  }
}
