// Opens what `serve PATH...` names: each as what it is, and where its work files go.
import { join } from 'node:path';
import { openLayoutArchive } from '../docker-archive/docker-archive.ts';
import type { FactsPlace } from '../layout/files/kept-lines.ts';
import { ownFactsDirectory } from '../layout/files/keys.ts';
import type { RepositoryName } from '../oci/reference.ts';
import { layoutPrefixes } from '../registry/layout-prefixes.ts';
import { tidyUnpacked } from '../storage/archive/unpacked-cache.ts';
import { openFilesystemReader } from '../storage/filesystem/filesystem-reader.ts';
import type { ServedRootOptions } from '../storage/filesystem/filesystem-store.ts';
import { exists, namesIn } from '../storage/filesystem/path-probe.ts';
import { usualMemoryBytes } from '../storage/memory/memory-room.ts';
import { MemoryStore } from '../storage/memory/memory-store.ts';
import { ownDirectory } from '../storage/own-names.ts';
import type { ArchiveMount } from './archive-mount.ts';
import { holdsArchives } from './archives-below.ts';
import { baseNameOf, MountArgumentError } from './mount-argument.ts';
import { type NamedPlace, namedPlaces, type Place } from './mount-places.ts';
import { type OpenDirectoryOptions, openDirectory, openToRead, openToWrite } from './open-directory.ts';
import type { OpenedMount } from './opened-mount.ts';
import { pathKindOf } from './path-kind.ts';
import { ServedArchives } from './served-archives.ts';
import { sharedFacts } from './shared-facts.ts';
import { conversionOf, isSkopeoDirectory } from './skopeo-directory.ts';
import { warnOfUnserved } from './unserved-lines.ts';

/** Nothing is served before. */
const longestSearchMs = 2_000;

/** The registry's own repositories are kept in memory. */
export const inMemory = Symbol('in memory');

export interface OpenMountsOptions extends OpenDirectoryOptions {
  /** As written on the command line. */
  readonly paths: readonly string[];
  /** Directory of the registry itself; undefined: it is not served. */
  readonly root: string | typeof inMemory | undefined;
  /** What a root in memory may hold; undefined: as much as is usual (memory-room.ts). */
  readonly memoryBytes?: number | undefined;
  /** Every mount refuses pushes and deletes. */
  readonly readOnly: boolean;
  /** True for who changes layouts: archives in directories are left alone. */
  readonly onlyLayouts?: boolean;
  /** When the root gets files of ours, as a server's does at once; a command that finds nothing to do leaves none. */
  readonly ownFiles?: ServedRootOptions['ownFiles'];
  /** True where what nothing leads to may also be deleted in directories that moorage did not create. */
  readonly collectsForeign?: boolean;
  /** The user's cache directory, for work files of what must not be written to. */
  readonly cacheDirectory: string;
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
  const opened: OpenedMount[] = [];
  try {
    if (root !== undefined) opened.push(await openRoot(root, options));
    // Once the root is open: where it may not be entered that is the error to tell, and before anything is unpacked.
    await tidyUnpacked(workDirectoryOf(options), options.log);
    for (const { place, name } of named) {
      const mount = await openPlace(place, name, options);
      const alias = name === '' && named.length > 1 ? baseNameOf(place.path) : undefined;
      opened.push(alias === undefined ? mount : { ...mount, alias });
    }
    keepOwnNames(opened, named);
    for (const [at, mount] of options.onlyLayouts === true ? [] : opened.entries()) {
      if (mount.kind !== 'root' || mount.path === root || mount.path === '') continue;
      const archives = await archivesOf(mount, opened, options);
      opened[at] = { ...mount, archives };
      opened.push(...archives.mounts);
    }
    return opened;
  } catch (error) {
    await Promise.all(opened.map(({ reader }) => reader.close()));
    throw error;
  }
}

/** The repositories of an archive keep their names as those of a directory do: where it is the only root, and was given no name. */
function keepOwnNames(opened: OpenedMount[], named: readonly NamedPlace[]): void {
  const roots = opened.filter(({ kind, isRoot }) => kind === 'root' || isRoot === true);
  const [only] = roots;
  const place = named.find((each) => each.place.path === only?.path)?.place;
  if (only === undefined || roots.length > 1 || only.name === '' || place?.name !== undefined) return;
  const alias = named.length > 1 ? baseNameOf(only.path) : undefined;
  opened[opened.indexOf(only)] = { ...only, name: '', ...(alias === undefined ? {} : { alias }) };
}

async function openRoot(root: string | typeof inMemory, options: OpenMountsOptions): Promise<OpenedMount> {
  const { readOnly } = options;
  if (root === inMemory) {
    const store = new MemoryStore(Date.now, options.memoryBytes ?? usualMemoryBytes());
    const own = {
      reader: store,
      writer: readOnly ? undefined : store,
      collects: !readOnly,
      origin: 'created',
    } as const;
    return { name: '', ...own, facts: undefined, path: '', kind: 'root' };
  }
  const objects = readOnly
    ? await openToRead(root, options)
    : await openToWrite(root, options.ownFiles ?? 'at-open', options);
  if (pathKindOf(root) === 'layout') {
    options.log.warn(
      'the directory of --root is itself a layout, which has no name there: name it as a PATH to serve it',
      { root },
    );
  }
  const { writer } = objects;
  const facts = writer === undefined ? await factsOf(root, options) : { store: writer, directory: ownFactsDirectory };
  const mayCollect = objects.origin !== 'adopted' || options.collectsForeign === true;
  if (objects.origin === 'adopted' && !mayCollect && writer !== undefined) {
    options.log.info(
      'nothing is collected by itself: there were files of others when this directory was first served',
      {
        root,
      },
    );
  }
  const collectsOnlyPushed = objects.origin === 'earlier' && options.collectsForeign !== true;
  return { name: '', ...objects, collects: mayCollect, collectsOnlyPushed, facts, path: root, kind: 'root' };
}

async function openPlace(place: Place, name: RepositoryName | '', options: OpenMountsOptions): Promise<OpenedMount> {
  const { path, kind } = place;
  if (kind === 'root' && isSkopeoDirectory(namesIn(path) ?? [])) {
    const command = conversionOf(path);
    options.log.warn('the directory is one of skopeo (dir:) and no image layout: convert it', { path, command });
  }
  if (kind === 'archive') return openArchive(path, name, options);
  const readOnly = options.readOnly || place.readOnly || (kind === 'root' && (await isOnlyOfArchives(path, options)));
  const objects = await openDirectory(path, readOnly, options);
  const facts = await factsOf(path, options);
  const collects = place.collects || options.collectsForeign === true;
  return { name, ...objects, collects, facts, path, kind, isOnlyParent: kind === 'root' && name !== '' };
}

async function openArchive(path: string, name: RepositoryName | '', options: OpenMountsOptions): Promise<ArchiveMount> {
  const archive = await openLayoutArchive(path, { log: options.log, workDirectory: workDirectoryOf(options) });
  return { name, ...archive, writer: undefined, facts: await factsOf(path, options), path, kind: 'archive' };
}

async function archivesOf(
  { path, name, reader, writer }: OpenedMount,
  others: readonly OpenedMount[],
  options: OpenMountsOptions,
): Promise<ServedArchives> {
  const archives = await ServedArchives.open({
    directory: path,
    name,
    isWritable: writer !== undefined,
    isInReach: async () => (await reader.problem()) === undefined,
    others: others.filter(({ kind }) => kind !== 'root'),
    tidy: () => tidyUnpacked(workDirectoryOf(options), options.log),
    open: (archive, archiveName) => openArchive(archive, archiveName, options),
  });
  warnOfUnserved(path, archives.unserved, options.log);
  return archives;
}

/** A folder of archives is not meant to become a registry by a push. False where so much is in it that nobody can tell in time. */
async function isOnlyOfArchives(path: string, { log }: OpenMountsOptions): Promise<boolean> {
  // What was pushed to before is a registry, if an empty one.
  if (exists(join(path, ownDirectory)) || !holdsArchives(path)) return false;
  const reader = await openFilesystemReader(path, { log });
  const enough = AbortSignal.timeout(longestSearchMs);
  try {
    for await (const _ of layoutPrefixes(reader, enough)) return false;
    return true;
  } catch (error) {
    if (!enough.aborted) throw error;
    return false;
  } finally {
    await reader.close();
  }
}

function workDirectoryOf({ root, readOnly, cacheDirectory }: OpenMountsOptions): string {
  return typeof root !== 'string' || readOnly ? cacheDirectory : join(root, ownDirectory);
}

function factsOf(path: string, options: OpenMountsOptions): Promise<FactsPlace | undefined> {
  const workDirectory = workDirectoryOf(options);
  return sharedFacts(path, { ...options, workDirectory, isPrivate: workDirectory === options.cacheDirectory });
}
