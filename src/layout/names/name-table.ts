// Who is called what in one index.json: the layout's own tags, and the virtual repositories that full names make of it
// (INTEROP §4.4, §4.5). Only needed where something is not a bare tag; worked out once for each snapshot.
import { isRepositoryName, type RepositoryName, type Tag } from '../../oci/reference.ts';
import type { IndexEntry } from '../index-entry.ts';
import { hostComponent, type ImageName } from './image-name.ts';
import type { NameRules } from './name-rules.ts';

/** '' is the layout's own repository, anything else the path of a virtual one below it. */
export type VirtualPath = RepositoryName | '';

export type TagEntries = ReadonlyMap<Tag, readonly IndexEntry[]>;

export interface NameTable {
  /** Every repository that can be asked for, by path, with its tags; the entries of a tag in the order of the file. */
  readonly repositories: ReadonlyMap<VirtualPath, TagEntries>;
  /** Those that are listed: each image once, under the shorter of its names. */
  readonly listed: readonly VirtualPath[];
  /** Full names whose images this layout holds, without tags: what new names are modelled on. */
  readonly images: readonly ImageName[];
  /** Full names of two repositories or more: pushes may add another one (docker save, a linuxkit cache). */
  readonly isShared: boolean;
}

/** `own` is the name the layout itself is served under: full names that end with it mean the layout itself. */
export function nameTableOf(entries: Iterable<IndexEntry>, own: string, rules: NameRules): NameTable {
  const all = [...entries];
  const repositories = new Map<VirtualPath, Map<Tag, IndexEntry[]>>();
  const add = (path: VirtualPath, tag: Tag | undefined, entry: IndexEntry): void => {
    const tags = repositories.get(path) ?? new Map<Tag, IndexEntry[]>();
    repositories.set(path, tags);
    if (tag !== undefined) tags.set(tag, [...(tags.get(tag) ?? []), entry]);
  };
  const images = imagesOf(all);
  const paths = pathsOf(images, rules);
  const isShared = images.length > 1;
  const ofLayout = new Set(images.filter((image) => !isShared || endsWith(own, image.path)).map(keyOf));
  for (const entry of all) {
    const { name } = entry;
    if (name.kind === 'tag') add('', name.tag, entry);
    if (name.kind !== 'full') continue;
    const key = keyOf(name.image);
    for (const path of paths.get(key)?.all ?? []) add(path, name.image.tag, entry);
    // Here the directory is the repository, so what stands as its tag is its tag; elsewhere the full name decides.
    if (ofLayout.has(key)) add('', name.bareTag ?? name.image.tag, entry);
  }
  const unnamed = rules.unnamed === 'latest' ? impliedLatest(all) : undefined;
  if (unnamed !== undefined) add('', latest, unnamed);
  const virtual = images.filter((image) => !ofLayout.has(keyOf(image)));
  const listed = virtual.flatMap((image) => paths.get(keyOf(image))?.listed ?? []);
  const hasOwn = (repositories.get('')?.size ?? 0) > 0 || listed.length === 0;
  return { repositories, listed: hasOwn ? ['', ...listed] : listed, images, isShared };
}

export const latest = 'latest' as Tag;

/**
 * The only entry without a name in a file without names: crane, skopeo and cosign write one image so. An entry of ours, or
 * one that lost its name to us, has a creation time: a deleted tag never comes back.
 */
export function impliedLatest(entries: Iterable<IndexEntry>): IndexEntry | undefined {
  let found: IndexEntry | undefined;
  for (const entry of entries) {
    if (entry.name.kind === 'auxiliary' || entry.subject !== undefined || entry.responseFor !== undefined) continue;
    if (entry.isNamed || found !== undefined) return undefined;
    found = entry;
  }
  return found?.digest === undefined || found.createdAt !== undefined ? undefined : found;
}

interface ImagePaths {
  readonly listed: RepositoryName | undefined;
  readonly all: readonly RepositoryName[];
}

/** With and without the registry host, unless two hosts have the same path: then only the longer names tell them apart. */
function pathsOf(images: readonly ImageName[], rules: NameRules): ReadonlyMap<string, ImagePaths> {
  const holders = new Map<string, number>();
  for (const { path } of images) holders.set(path, (holders.get(path) ?? 0) + 1);
  return new Map(
    images.map((image) => {
      const host = image.host === undefined ? undefined : hostComponent(image.host);
      const joined = host === undefined ? image.path : `${host}/${image.path}`;
      const long = isRepositoryName(joined) ? joined : undefined;
      const short = holders.get(image.path) === 1 || long === image.path ? image.path : undefined;
      const all = [...new Set([short, long])].filter((path) => path !== undefined);
      return [keyOf(image), { listed: rules.registryHost === 'strip' ? (short ?? long) : (long ?? short), all }];
    }),
  );
}

function imagesOf(entries: readonly IndexEntry[]): readonly ImageName[] {
  const found = new Map<string, ImageName>();
  for (const { name } of entries) {
    if (name.kind === 'full') found.set(keyOf(name.image), { ...name.image, tag: undefined });
  }
  return [...found.values()];
}

function keyOf({ host, path }: ImageName): string {
  return `${host ?? ''}/${path}`;
}

function endsWith(own: string, path: string): boolean {
  return own === path || (own !== '' && path.endsWith(`/${own}`));
}
