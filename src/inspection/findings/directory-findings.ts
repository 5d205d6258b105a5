// What a root of layouts holds and nobody can ask for: layouts under paths that are no repository names, links to directories.

import { childPrefix, indexFileName, layoutKeys, mayHoldRepositories, rootPrefix } from '../../layout/files/keys.ts';
import { Pace } from '../../layout/pacing/pace.ts';
import { conversionOf, isSkopeoDirectory } from '../../mounts/skopeo-directory.ts';
import { digestAlgorithms } from '../../oci/digest.ts';
import { isRepositoryName } from '../../oci/reference.ts';
import type { DirectoryListing } from '../../storage/filesystem/directory-listing.ts';
import type { Key } from '../../storage/object-store.ts';
import { ownDirectory } from '../../storage/own-names.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { FindingList } from './finding-list.ts';

const maxDirectories = 100_000;

export interface DirectorySearch {
  /** The root itself may be a layout, since it has a name. */
  readonly isNamed: boolean;
  /** The time of day. */
  readonly nowMs: number;
}

/** A push of gigabytes over a bad line has blobs for a while before anything is listed. */
const pushesTakeMs = 3_600_000;

/** Lists every directory below the root but those of blobs. */
export async function findDirectories(
  files: DirectoryListing,
  findings: FindingList,
  { isNamed, nowMs }: DirectorySearch,
): Promise<void> {
  const pending: Key[] = [rootPrefix];
  const pace = new Pace();
  let seen = 0;
  for (let prefix = pending.pop(); prefix !== undefined; prefix = pending.pop()) {
    seen += 1;
    if (seen > maxDirectories) {
      findings.add('look-ended', { path: prefix, detail: `${maxDirectories} directories were listed` });
      return;
    }
    const mayBeLayout = isRepositoryName(prefix) || (isNamed && prefix === rootPrefix);
    for (const directory of examine(files, prefix, { mayBeLayout, nowMs }, findings)) pending.push(directory);
    await pace.step();
  }
}

/** The directories in it that may hold repositories. */
function examine(
  files: DirectoryListing,
  prefix: Key,
  { mayBeLayout, nowMs }: { readonly mayBeLayout: boolean; readonly nowMs: number },
  findings: FindingList,
): readonly Key[] {
  const directories: Key[] = [];
  let isLayout = false;
  let hasBlobs = false;
  const children = childrenIn(files, prefix, findings);
  if (isSkopeoDirectory(children.filter(({ kind }) => kind === 'file').map(({ name }) => name))) {
    findings.add('skopeo-directory', { path: shown(prefix), detail: conversionOf(files.pathOf(prefix)) });
  }
  for (const { name, kind } of children) {
    const key = childPrefix(prefix, name);
    if (kind === 'directory' && mayHoldRepositories(name)) directories.push(key);
    else if (kind === 'directory' && name === 'blobs') hasBlobs = true;
    else if (name === indexFileName) isLayout = true;
    else if (kind === 'symbolic link' && mayHoldRepositories(name) && files.leadsToFile(key, indexFileName)) {
      findings.add('symbolic-link', { path: key });
    }
    if (name === indexFileName && kind !== 'file') {
      findings.add(kind === 'symbolic link' ? 'symbolic-link' : 'irregular-file', { path: key, detail: kind });
    }
  }
  if (isLayout && !mayBeLayout) {
    findings.add('unserved-directory', { path: shown(prefix) });
  }
  if (!isLayout && hasBlobs && !isBeingPushed(files, prefix, nowMs))
    findings.add('index-missing', { path: shown(prefix) });
  return directories;
}

/** Below a root that a server writes to, blobs came lately and its journal knows of nothing that was listed: the first push is not at its end. */
function isBeingPushed(files: DirectoryListing, prefix: Key, nowMs: number): boolean {
  const { blobs, journal } = layoutKeys(isRepositoryName(prefix) ? prefix : '');
  if (files.kind(ownDirectory as Key) === undefined || files.kind(journal) !== undefined) return false;
  const changedMs = digestAlgorithms.map((algorithm) => files.attributesOf(blobs(algorithm))?.changedAtMs ?? 0);
  return nowMs - Math.max(...changedMs) < pushesTakeMs;
}

function shown(prefix: Key): string {
  return prefix === rootPrefix ? '.' : prefix;
}

function childrenIn(files: DirectoryListing, prefix: Key, findings: FindingList) {
  try {
    return [...files.children(prefix)];
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    findings.add('unreadable-file', { path: shown(prefix), detail: error.message });
    return [];
  }
}
