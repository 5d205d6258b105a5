// Opens what `serve PATH...` names: finds out what each path is, what it is called, and where its work files go.
import { createHash } from 'node:crypto';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { type LayoutArchive, openLayoutArchive } from '../docker-archive/docker-archive.ts';
import type { FactsPlace } from '../layout/files/kept-lines.ts';
import { ownFactsDirectory, sharedFactsDirectory } from '../layout/files/keys.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Mount } from '../registry/mount.ts';
import { tidyUnpacked } from '../storage/archive/unpacked-cache.ts';
import { openFilesystemReader } from '../storage/filesystem/filesystem-reader.ts';
import { openFilesystemStore, type ServedRootOptions } from '../storage/filesystem/filesystem-store.ts';
import { exists, realPathOf } from '../storage/filesystem/path-probe.ts';
import type { Log } from '../storage/log.ts';
import { MemoryStore } from '../storage/memory/memory-store.ts';
import { ownDirectory } from '../storage/own-names.ts';
import { StorageError } from '../storage/storage-error.ts';
import { hasImageIndex } from './image-index-file.ts';
import {
  baseNameOf,
  type MountArgument,
  MountArgumentError,
  nameOfPath,
  parseMountArgument,
} from './mount-argument.ts';
import { type PathKind, pathKindOf } from './path-kind.ts';

/** The registry's own repositories are kept in memory. */
export const inMemory = Symbol('in memory');

export interface OpenMountsOptions {
  /** As written on the command line. */
  readonly paths: readonly string[];
  /** Directory of the registry itself; undefined: it is not served. */
  readonly root: string | typeof inMemory | undefined;
  /** Every mount refuses pushes and deletes. */
  readonly readOnly: boolean;
  /** The user's cache directory, for work files of what must not be written to. */
  readonly cacheDirectory: string;
  readonly fileMode: number;
  readonly directoryMode: number;
  /** Bytes that new content leaves free; unless given, as much as is usual. */
  readonly minFree?: number | undefined;
  readonly log: Log;
}

/** What a mount came from, for whoever prints it. */
export interface OpenedMount extends Mount {
  /** '' for what is in memory. */
  readonly path: string;
  readonly kind: PathKind;
  /** What is wrong with an archive; nothing is known of what else may be served. */
  readonly problems?: LayoutArchive['problems'];
}

interface Place extends MountArgument {
  readonly kind: PathKind;
}

/** Throws MountArgumentError for paths that cannot be served, StorageError or the system's error for what cannot be opened. */
export async function openMounts(options: OpenMountsOptions): Promise<readonly OpenedMount[]> {
  const places = options.paths.map(placeOf);
  const roots = places.filter(({ kind }) => kind === 'root').length + (options.root === undefined ? 0 : 1);
  const named = places.map((place) => ({ place, name: nameFor(place, roots === 1) }));
  assertDistinct(named);
  assertApart(options, places);
  await tidyUnpacked(workDirectoryOf(options), options.log);
  const opened: OpenedMount[] = [];
  try {
    if (options.root !== undefined) opened.push(await openRoot(options.root, options));
    for (const { place, name } of named) {
      const mount = await openPlace(place, name, options);
      const alias = name === '' && places.length > 1 ? baseNameOf(place.path) : undefined;
      opened.push(alias === undefined ? mount : { ...mount, alias });
    }
    return opened;
  } catch (error) {
    await Promise.all(opened.map(({ reader }) => reader.close()));
    throw error;
  }
}

function placeOf(written: string): Place {
  const argument = parseMountArgument(written, exists);
  const kind = kindOf(argument);
  if (kind === undefined)
    throw new MountArgumentError(`cannot open "${written}": it is neither a directory nor a file`);
  const layout = layoutAround(argument.path);
  if (layout !== undefined)
    throw new MountArgumentError(`"${written}" is a part of the layout ${layout}; name that directory`);
  return { ...argument, kind };
}

function kindOf({ written, path }: MountArgument): PathKind | undefined {
  try {
    return pathKindOf(path);
  } catch (error) {
    throw new MountArgumentError(`cannot open "${written}": ${reasonOf(error)}`, { cause: error });
  }
}

/** The layout that a path is a member of: to be made a root or taken for an archive by mistake. */
function layoutAround(path: string): string | undefined {
  const layout = dirname(path);
  const isMember = ['blobs', 'index.json', 'oci-layout'].includes(basename(path));
  return isMember && hasImageIndex(layout) ? layout : undefined;
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file or directory';
  if (code === 'EACCES') return 'permission denied';
  return error instanceof Error ? error.message : String(error);
}

/**
 * A root keeps the names of its repositories when it is the only one, unless it is given a name. Beside layouts and archives, which all
 * have a name before theirs, it answers to its own as well (`Mount.alias`).
 */
function nameFor(place: Place, isOnlyRoot: boolean): RepositoryName | '' {
  if (place.name !== undefined) return place.name;
  return place.kind === 'root' && isOnlyRoot ? '' : nameOfPath(place);
}

function assertDistinct(named: readonly { readonly place: Place; readonly name: RepositoryName | '' }[]): void {
  for (const [at, { place, name }] of named.entries()) {
    const other = named.slice(0, at).find((each) => each.name === name);
    if (other === undefined) continue;
    throw new MountArgumentError(
      `"${other.place.written}" and "${place.written}" are both called "${name}"; give one another name: NAME=${place.written}`,
    );
  }
}

interface Directory {
  readonly written: string;
  readonly path: string;
}

/**
 * What was acknowledged in a layout is written down once, in the directory it was served from: served for writing from two of them,
 * each would take the pushes and deletes of the other for those of another program.
 */
function assertApart({ root, readOnly }: OpenMountsOptions, places: readonly Place[]): void {
  if (readOnly) return;
  const written = places.filter((place) => place.kind !== 'archive' && !place.readOnly);
  const directories: readonly Directory[] = [
    ...(typeof root === 'string' ? [{ written: root, path: placeOnDisk(root) }] : []),
    ...written.map((place) => ({ ...place, path: placeOnDisk(place.path) })),
  ];
  for (const [at, inner] of directories.entries()) {
    const outer = directories.find(
      (each, other) => other !== at && `${inner.path}${sep}`.startsWith(withSeparator(each.path)),
    );
    if (outer === undefined) continue;
    throw new MountArgumentError(
      `"${inner.written}" lies in "${outer.written}", which is served as well; leave it out, or write NAME=${inner.written}:ro to serve it read-only under another name too`,
    );
  }
}

/** The root may not be there yet. */
function placeOnDisk(path: string): string {
  return exists(path) ? realPathOf(path) : resolve(path);
}

function withSeparator(path: string): string {
  return path.endsWith(sep) ? path : `${path}${sep}`;
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
  const facts =
    writer === undefined ? await sharedFacts(root, options) : { store: writer, directory: ownFactsDirectory };
  return { name: '', ...objects, facts, path: root, kind: 'root' };
}

async function openPlace(place: Place, name: RepositoryName | '', options: OpenMountsOptions): Promise<OpenedMount> {
  const { path, kind } = place;
  const facts = await sharedFacts(path, options);
  if (kind === 'archive') {
    const workDirectory = workDirectoryOf(options);
    const archive = await openLayoutArchive(path, { log: options.log, workDirectory });
    return { name, ...archive, writer: undefined, facts, path, kind };
  }
  const readOnly = options.readOnly || place.readOnly;
  const objects = await openDirectory(path, readOnly, options);
  return { name, ...objects, facts, path, kind, isOnlyParent: kind === 'root' && name !== '' };
}

type MountedObjects = Pick<Mount, 'reader' | 'writer'>;

/** Somebody else's directory may well be readable only: then it is served so, as read-only media are. */
async function openDirectory(path: string, readOnly: boolean, options: OpenMountsOptions): Promise<MountedObjects> {
  if (readOnly) return openToRead(path, options);
  try {
    return await openToWrite(path, 'with-first-write', options);
  } catch (error) {
    if (!(error instanceof StorageError) || error.failure !== 'read-only') throw error;
    options.log.warn('the directory cannot be written to: it is served read-only', { path });
    return openToRead(path, options);
  }
}

async function openToRead(path: string, { log }: OpenMountsOptions): Promise<MountedObjects> {
  return { reader: await openFilesystemReader(path, { log }), writer: undefined };
}

async function openToWrite(
  path: string,
  ownFiles: ServedRootOptions['ownFiles'],
  { log, fileMode, directoryMode, minFree }: OpenMountsOptions,
): Promise<MountedObjects> {
  const store = await openFilesystemStore(path, { log, fileMode, directoryMode, served: { ownFiles, minFree } });
  return { reader: store, writer: store };
}

function workDirectoryOf({ root, readOnly, cacheDirectory }: OpenMountsOptions): string {
  return typeof root !== 'string' || readOnly ? cacheDirectory : join(root, ownDirectory);
}

/** A path that is only read stays byte-identical, so what is derived from it is kept elsewhere. Undefined where nothing can be kept. */
async function sharedFacts(path: string, options: OpenMountsOptions): Promise<FactsPlace | undefined> {
  try {
    const directory = workDirectoryOf(options);
    // What the user's cache directory tells is nobody else's business; in the registry's own, other servers work as well.
    const isPrivate = directory === options.cacheDirectory;
    const { log, fileMode, directoryMode } = options;
    const modes = isPrivate ? { fileMode: 0o600, directoryMode: 0o700 } : { fileMode, directoryMode };
    const store = await openFilesystemStore(directory, { log, ...modes });
    const scope = createHash('sha256').update(realPathOf(path)).digest('hex').slice(0, 32);
    return { store, directory: sharedFactsDirectory(scope) };
  } catch (error) {
    options.log.info('no place for derived facts; they are derived anew after a restart', { path, error });
    return undefined;
  }
}
