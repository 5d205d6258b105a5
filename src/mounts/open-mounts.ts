// Opens what `serve PATH...` names: each as what it is, and where its work files go.
import { join } from 'node:path';
import { type LayoutArchive, openLayoutArchive } from '../docker-archive/docker-archive.ts';
import type { FactsPlace } from '../layout/files/kept-lines.ts';
import { ownFactsDirectory } from '../layout/files/keys.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Mount } from '../registry/mount.ts';
import { tidyUnpacked } from '../storage/archive/unpacked-cache.ts';
import { MemoryStore } from '../storage/memory/memory-store.ts';
import { ownDirectory } from '../storage/own-names.ts';
import { baseNameOf, MountArgumentError } from './mount-argument.ts';
import { namedPlaces, type Place } from './mount-places.ts';
import { type OpenDirectoryOptions, openDirectory, openToRead, openToWrite } from './open-directory.ts';
import { type PathKind, pathKindOf } from './path-kind.ts';
import { sharedFacts } from './shared-facts.ts';

/** The registry's own repositories are kept in memory. */
export const inMemory = Symbol('in memory');

export interface OpenMountsOptions extends OpenDirectoryOptions {
  /** As written on the command line. */
  readonly paths: readonly string[];
  /** Directory of the registry itself; undefined: it is not served. */
  readonly root: string | typeof inMemory | undefined;
  /** Every mount refuses pushes and deletes. */
  readonly readOnly: boolean;
  /** The user's cache directory, for work files of what must not be written to. */
  readonly cacheDirectory: string;
}

/** What a mount came from, for whoever prints it. */
export interface OpenedMount extends Mount {
  /** '' for what is in memory. */
  readonly path: string;
  readonly kind: PathKind;
  /** What is wrong with an archive; nothing is known of what else may be served. */
  readonly problems?: LayoutArchive['problems'];
}

/** Throws MountArgumentError for paths that cannot be served, StorageError or the system's error for what cannot be opened. */
export async function openMounts(options: OpenMountsOptions): Promise<readonly OpenedMount[]> {
  const { root, paths, readOnly, sharedBlobs } = options;
  if (sharedBlobs !== undefined && paths.length === 0 && !readOnly) {
    throw new MountArgumentError('--shared-blobs says where layouts have their blobs: name their PATH');
  }
  const named = namedPlaces({
    ...options,
    root: root === inMemory ? undefined : root,
    isRootServed: root !== undefined,
    readOnly: readOnly || sharedBlobs !== undefined,
  });
  await tidyUnpacked(workDirectoryOf(options), options.log);
  const opened: OpenedMount[] = [];
  try {
    if (root !== undefined) opened.push(await openRoot(root, options));
    for (const { place, name } of named) {
      const mount = await openPlace(place, name, options);
      const alias = name === '' && named.length > 1 ? baseNameOf(place.path) : undefined;
      opened.push(alias === undefined ? mount : { ...mount, alias });
    }
    return opened;
  } catch (error) {
    await Promise.all(opened.map(({ reader }) => reader.close()));
    throw error;
  }
}

async function openRoot(root: string | typeof inMemory, options: OpenMountsOptions): Promise<OpenedMount> {
  const { readOnly } = options;
  if (root === inMemory) {
    const store = new MemoryStore();
    return { name: '', reader: store, writer: readOnly ? undefined : store, facts: undefined, path: '', kind: 'root' };
  }
  const objects = readOnly ? await openToRead(root, options) : await openToWrite(root, 'at-open', options);
  if (pathKindOf(root) === 'layout') {
    options.log.warn(
      'the directory of --root is itself a layout, which has no name there: name it as a PATH to serve it',
      { root },
    );
  }
  const { writer } = objects;
  const facts = writer === undefined ? await factsOf(root, options) : { store: writer, directory: ownFactsDirectory };
  return { name: '', ...objects, facts, path: root, kind: 'root' };
}

async function openPlace(place: Place, name: RepositoryName | '', options: OpenMountsOptions): Promise<OpenedMount> {
  const { path, kind } = place;
  const facts = await factsOf(path, options);
  if (kind === 'archive') {
    const workDirectory = workDirectoryOf(options);
    const archive = await openLayoutArchive(path, { log: options.log, workDirectory });
    return { name, ...archive, writer: undefined, facts, path, kind };
  }
  const readOnly = options.readOnly || place.readOnly;
  const objects = await openDirectory(path, readOnly, options);
  return { name, ...objects, facts, path, kind, isOnlyParent: kind === 'root' && name !== '' };
}

function workDirectoryOf({ root, readOnly, cacheDirectory }: OpenMountsOptions): string {
  return typeof root !== 'string' || readOnly ? cacheDirectory : join(root, ownDirectory);
}

function factsOf(path: string, options: OpenMountsOptions): Promise<FactsPlace | undefined> {
  const workDirectory = workDirectoryOf(options);
  return sharedFacts(path, { ...options, workDirectory, isPrivate: workDirectory === options.cacheDirectory });
}
