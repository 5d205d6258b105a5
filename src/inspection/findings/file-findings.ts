// The files of a layout: those that every tool expects, those that stop some tool, and those that nobody may open.

import { childPrefix, isForeignWork } from '../../layout/files/keys.ts';
import { supportedVersion, versionIn } from '../../layout/index/layout-version.ts';
import { Pace } from '../../layout/pacing/pace.ts';
import { type Digest, digestAlgorithms, isDigest, isDigestLike } from '../../oci/digest.ts';
import type { DirectoryListing, SeenFile, SeenKind } from '../../storage/filesystem/directory-listing.ts';
import type { Key, ObjectReader } from '../../storage/object-store.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { FindingList } from './finding-list.ts';
import type { InspectedLayout } from './inspected-layout.ts';

const maxLayoutFileBytes = 64 * 1024;

/** The names in the layout's own directory. */
export async function findFiles(inspected: InspectedLayout): Promise<readonly string[]> {
  const { keys, files, findings } = inspected;
  const names: string[] = [];
  for (const { name, kind } of await childrenOf(inspected, keys.directory)) {
    names.push(name);
    if (isForeignWork(name)) findings.add('unfinished-write', { path: name });
    if (name === 'index.json' || name === 'oci-layout') findIrregular(inspected, name, kind, 'file');
    else if (name === 'blobs') findIrregular(inspected, name, kind, 'directory');
  }
  await findVersion(inspected);
  if (files?.kind(keys.index) === 'file' && files.isPrivate(keys.index)) {
    findings.add('private-index', { path: 'index.json' });
  }
  return names;
}

function findIrregular(inspected: InspectedLayout, path: string, kind: SeenKind, expected: SeenKind): boolean {
  if (kind === expected) return false;
  const { keys, files, findings } = inspected;
  if (kind === 'symbolic link') {
    const target = files?.targetOf(childPrefix(keys.directory, path));
    // lxc makes such a link of blobs/sha256.
    const help = expected === 'directory' ? '; --shared-blobs reads blobs from there' : '';
    findings.add('symbolic-link', { path, detail: `leads to ${target}${help}` });
  } else findings.add('irregular-file', { path, detail: kind });
  return true;
}

/** Whether it is served is asked of the store, which reads what it leads to. */
async function findLink({ store, keys, files, findings }: InspectedLayout, path: string, digest: Digest) {
  const key = keys.blob(digest);
  const isServed = await isThere(store, key);
  const served = isServed
    ? 'served where no pushes are taken'
    : 'not served: no file with these bytes, or none that may be read';
  findings.add('symbolic-link', { path, detail: `leads to ${files?.targetOf(key)}; ${served}`, hides: !isServed });
}

async function isThere(store: ObjectReader, key: Key): Promise<boolean> {
  try {
    return (await store.stat(key)) !== undefined;
  } catch (error) {
    if (error instanceof StorageError) return false;
    throw error;
  }
}

async function findVersion({ store, keys, findings }: InspectedLayout): Promise<void> {
  const path = 'oci-layout';
  try {
    const object = await store.read(keys.ociLayout, maxLayoutFileBytes);
    if (object === undefined) return findings.add('oci-layout-missing', { path });
    const version = versionIn(object.bytes);
    if (version === undefined) findings.add('oci-layout-unreadable', { path });
    else if (version !== supportedVersion) {
      findings.add('other-layout-version', { path, detail: String(JSON.stringify(version)) });
    }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    // What is a link or a pipe was told already.
    if (error.failure === 'too-large') findings.add('oci-layout-unreadable', { path, detail: 'larger than 64 KiB' });
    else if (error.failure !== 'unsafe') findings.add('unreadable-file', { path, detail: error.message });
  }
}

/** The names in `blobs/`; costs a directory listing, however many there are. */
export function findBlobFiles(inspected: InspectedLayout, onBlob: (digest: Digest) => void): Promise<void> {
  return findDigestFiles(inspected, { blobs: childPrefix(inspected.keys.directory, 'blobs'), shown: 'blobs' }, onBlob);
}

/** The same of any directory of files named by their digests; `shown` is how it is called in findings. */
export async function findDigestFiles(
  inspected: InspectedLayout,
  { blobs, shown }: { readonly blobs: Key; readonly shown: string },
  onBlob: (digest: Digest) => void,
): Promise<void> {
  const { findings } = inspected;
  const pace = new Pace();
  for (const { name: algorithm, kind } of await childrenOf(inspected, blobs)) {
    const directory = `${shown}/${algorithm}`;
    if (kind === 'file') findings.add('non-digest-file', { path: directory });
    if (kind === 'file' || findIrregular(inspected, directory, kind, 'directory')) continue;
    if (!digestAlgorithms.some((each) => each === algorithm)) {
      findings.add('other-algorithm', { path: directory });
      continue;
    }
    for (const child of await childrenOf(inspected, childPrefix(blobs, algorithm))) {
      const path = `${directory}/${child.name}`;
      const digest = `${algorithm}:${child.name}`;
      await pace.step();
      if (!isDigest(digest)) findings.add('non-digest-file', { path });
      else if (child.kind === 'symbolic link') await findLink(inspected, path, digest);
      else if (!findIrregular(inspected, path, child.kind, 'file')) onBlob(digest);
    }
  }
}

/** Also those that the store takes for absent, where they can be seen. */
async function childrenOf(
  { store, keys, files, findings }: InspectedLayout,
  directory: Key,
): Promise<Iterable<SeenFile>> {
  if (files !== undefined) return seenIn(files, directory, findings, keys.directory);
  const children = await store.list(directory);
  return children.map(({ name, kind }) => ({ name, kind: kind === 'object' ? 'file' : 'directory' }));
}

function* seenIn(files: DirectoryListing, directory: Key, findings: FindingList, layout: Key): Generator<SeenFile> {
  try {
    yield* files.children(directory);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    const path = directory === layout ? '.' : directory.slice(layout === '' ? 0 : layout.length + 1);
    findings.add('unreadable-file', { path, detail: error.message });
  }
}

/** The digest of an entry, or why it is none that can be served. */
export function findDigest({ findings }: InspectedLayout, text: string, name: string | undefined): Digest | undefined {
  if (!isDigest(text)) {
    const isOther = isDigestLike(text) && !/^sha(256|512):/.test(text);
    findings.add(isOther ? 'other-algorithm' : 'invalid-digest', { name, digest: text });
    return undefined;
  }
  if (!text.startsWith('sha256:')) findings.add('sha512-entry', { name, digest: text });
  return text;
}
