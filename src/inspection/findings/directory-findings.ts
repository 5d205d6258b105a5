// What a root of layouts holds and nobody can ask for: layouts under paths that are no repository names, links to directories.

import { childPrefix, indexFileName, mayHoldRepositories, rootPrefix } from '../../layout/files/keys.ts';
import { Pace } from '../../layout/pacing/pace.ts';
import { conversionOf, isSkopeoDirectory } from '../../mounts/skopeo-directory.ts';
import { isRepositoryName } from '../../oci/reference.ts';
import type { DirectoryListing } from '../../storage/filesystem/directory-listing.ts';
import type { Key } from '../../storage/object-store.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { FindingList } from './finding-list.ts';

const maxDirectories = 100_000;

/** Lists every directory below the root but those of blobs. `isNamed`: the root itself may be a layout, since it has a name. */
export async function findDirectories(
  files: DirectoryListing,
  findings: FindingList,
  { isNamed }: { readonly isNamed: boolean },
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
    for (const directory of examine(files, prefix, mayBeLayout, findings)) pending.push(directory);
    await pace.step();
  }
}

/** The directories in it that may hold repositories. */
function examine(files: DirectoryListing, prefix: Key, mayBeLayout: boolean, findings: FindingList): readonly Key[] {
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
  if (!isLayout && hasBlobs) findings.add('index-missing', { path: shown(prefix) });
  return directories;
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
