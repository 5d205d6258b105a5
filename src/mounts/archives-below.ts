// The archives in a directory, told by their names: a download folder, a stick that was carried to a site, the images of k3s.
import { join } from 'node:path';
import { childPrefix, indexFileName, mayHoldRepositories, rootPrefix } from '../layout/files/keys.ts';
import { Pace } from '../layout/pacing/pace.ts';
import { isRepositoryName, type RepositoryName } from '../oci/reference.ts';
import { DirectoryListing, type SeenFile } from '../storage/filesystem/directory-listing.ts';
import { versionOfFile } from '../storage/filesystem/path-probe.ts';
import type { Key } from '../storage/object-store.ts';
import { StorageError } from '../storage/storage-error.ts';
import { baseNameOf, nameComponentOf } from './mount-argument.ts';

/** Directories below the one that was named: a stick has one for each site or architecture. */
const maxDepth = 2;
/** It is looked at again and again while it is served. */
const maxDirectories = 200;
const maxFiles = 20_000;
const archiveName = /\.(?:tar(?:\.(?:gz|zst|zstd|xz|bz2))?|tgz|tzst|txz|tbz2?|oci)$/i;

export interface FoundArchive {
  /** Below the directory. */
  readonly path: string;
  /** Changes with the file; undefined for a symbolic link, which is not followed: what it leads to is not of this directory. */
  readonly version: string | undefined;
}

/** In the order of their paths. Throws a StorageError where the directory may not be listed. */
export function archivesBelow(directory: string): readonly FoundArchive[] {
  return sorted([...steps(directory)]);
}

/** The same, a piece at a time: it is asked again and again while requests are answered. */
export async function archivesBelowPaced(directory: string): Promise<readonly FoundArchive[]> {
  const found: (FoundArchive | undefined)[] = [];
  const pace = new Pace();
  for (const step of steps(directory)) {
    found.push(step);
    await pace.step();
  }
  return sorted(found);
}

function sorted(found: readonly (FoundArchive | undefined)[]): readonly FoundArchive[] {
  return found.filter((each) => each !== undefined).sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** Undefined now and then, when no archive was found: each step takes a moment. */
function* steps(directory: string): Generator<FoundArchive | undefined> {
  const files = new DirectoryListing(directory);
  let pending: readonly Key[] = [rootPrefix];
  let listed = 0;
  for (let depth = 0; depth <= maxDepth; depth += 1) {
    const below: Key[] = [];
    for (const prefix of pending) {
      listed += 1;
      if (listed > maxDirectories) return;
      const children = childrenOf(files, prefix);
      yield undefined;
      // A layout has files of its own.
      if (children.some(({ name }) => name === indexFileName)) continue;
      for (const { name, kind } of children) {
        const key = childPrefix(prefix, name);
        if (kind === 'directory' && mayHoldRepositories(name)) below.push(key);
        else if (isArchive(name, kind)) yield { path: key, version: versionOfFile(join(directory, key)) };
      }
    }
    pending = below;
  }
}

export interface ArchiveByName {
  /** Of the archive. */
  readonly path: string;
  /** What follows its name: a repository in it. */
  readonly within: string | undefined;
}

/** By its name, as it is served. */
export function archiveNamed(directory: string, name: string): ArchiveByName | undefined {
  for (const { path, version } of archivesBelow(directory)) {
    const own = nameOfArchive(path);
    if (version === undefined || own === undefined) continue;
    // The path begins as it was written, with ./ perhaps.
    if (name === own) return { path: `${directory}/${path}`, within: undefined };
    if (name.startsWith(`${own}/`)) return { path: `${directory}/${path}`, within: name.slice(own.length + 1) };
  }
  return undefined;
}

/** The path of one without the extensions of archives, as far as the name of a repository can be like it; undefined where none can be made. */
export function nameOfArchive(path: string): RepositoryName | undefined {
  const components = path.split('/');
  const [base, above] = [baseNameOf(path), components.slice(0, -1).map(nameComponentOf)];
  const name = [...above, base].join('/');
  return base !== undefined && !above.includes(undefined) && isRepositoryName(name) ? name : undefined;
}

export function holdsArchives(directory: string): boolean {
  return archivesBelow(directory).length > 0;
}

function isArchive(name: string, kind: SeenFile['kind']): boolean {
  return (kind === 'file' || kind === 'symbolic link') && !name.startsWith('.') && archiveName.test(name);
}

/** None of one that may not be listed, but for the directory itself, or is gone. */
function childrenOf(files: DirectoryListing, prefix: Key): readonly SeenFile[] {
  const children: SeenFile[] = [];
  try {
    for (const child of files.children(prefix)) {
      if (children.length >= maxFiles) break;
      children.push(child);
    }
  } catch (error) {
    if (error instanceof StorageError && prefix !== rootPrefix) return [];
    throw error;
  }
  return children;
}
