// What the PATHs of a command line name together: what lies at each, what each is called, and that none is in the way of another.
import { basename, dirname, resolve, sep } from 'node:path';
import { isError } from '../oci/is-error.ts';
import type { RepositoryName } from '../oci/reference.ts';
import { exists, realPathOf } from '../storage/filesystem/path-probe.ts';
import { hasImageIndex } from './image-index-file.ts';
import { type MountArgument, MountArgumentError, nameOfPath, parseMountArgument } from './mount-argument.ts';
import { type PathKind, pathKindOf } from './path-kind.ts';

export interface Place extends MountArgument {
  readonly kind: PathKind;
}

export interface NamedPlace {
  readonly place: Place;
  readonly name: RepositoryName | '';
}

export interface PlacesRequest {
  /** As written on the command line. */
  readonly paths: readonly string[];
  /** Directory of the registry itself, where it is served from one; undefined where it is not served, or kept in memory. */
  readonly root: string | undefined;
  readonly isRootServed: boolean;
  /** Every mount refuses pushes and deletes. */
  readonly readOnly: boolean;
}

/** In the order of the command line. Throws MountArgumentError for what cannot be served, or not beside the rest. */
export function namedPlaces({ paths, root, isRootServed, readOnly }: PlacesRequest): readonly NamedPlace[] {
  const places = paths.map(placeOf);
  const roots = places.filter(({ kind }) => kind === 'root').length + (isRootServed ? 1 : 0);
  const named = places.map((place) => ({ place, name: nameFor(place, roots === 1) }));
  assertDistinct(named);
  if (!readOnly) assertApart(root, places);
  return named;
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
  const code = isError(error) && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file or directory';
  if (code === 'EACCES') return 'permission denied';
  return isError(error) ? error.message : String(error);
}

/**
 * A root keeps the names of its repositories when it is the only one, unless it is given a name. Beside layouts and archives, which all
 * have a name before theirs, it answers to its own as well (`Mount.alias`).
 */
function nameFor(place: Place, isOnlyRoot: boolean): RepositoryName | '' {
  if (place.name !== undefined) return place.name;
  return place.kind === 'root' && isOnlyRoot ? '' : nameOfPath(place);
}

function assertDistinct(named: readonly NamedPlace[]): void {
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
function assertApart(root: string | undefined, places: readonly Place[]): void {
  const written = places.filter((place) => place.kind !== 'archive' && !place.readOnly);
  const directories: readonly Directory[] = [
    ...(root !== undefined ? [{ written: root, path: placeOnDisk(root) }] : []),
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
