// Who is called what in one index.json: the layout's own tags, and the virtual repositories that full names make of it
// (docs/layouts.md#several-repositories-in-one-file). Only needed where something is not a bare tag; worked out once for each snapshot.
import { isImageIndexType } from '../../oci/media-type.ts';
import { isRepositoryName, type RepositoryName, type Tag } from '../../oci/reference.ts';
import { isReferrersTag } from '../../oci/referrers-tag.ts';
import { isNamedResponse } from '../index/entry-name.ts';
import { hostComponent, type ImageName } from '../index/image-name.ts';
import type { IndexEntry } from '../index/index-entry.ts';
import { eachInSteps, finished, type SteppedWork } from '../pacing/steps.ts';
import type { NameRules } from './name-rules.ts';

/** '' is the layout's own repository, anything else the path of a virtual one below it. */
export type VirtualPath = RepositoryName | '';

export type TagEntries = ReadonlyMap<Tag, readonly IndexEntry[]>;

export interface NameTable {
  /** Every repository that can be asked for, by path, with its tags; the entries of a tag in the order of the file. */
  readonly repositories: ReadonlyMap<VirtualPath, TagEntries>;
  /** Entries that name a repository and no tag: found by digest only. */
  readonly tagless: ReadonlyMap<VirtualPath, readonly IndexEntry[]>;
  /** Those that are listed: each image once, under the shorter of its names. */
  readonly listed: readonly VirtualPath[];
  /** Full names whose images this layout holds, without tags: what new names are modelled on. */
  readonly images: readonly ImageName[];
  /** The image that each virtual repository stands for. */
  readonly imageAt: ReadonlyMap<RepositoryName, ImageName>;
  /** Full names of two repositories or more: pushes may add another one (docker save, a linuxkit cache). */
  readonly isShared: boolean;
}

/** `own` is the name the layout itself is served under: full names that end with it mean the layout itself. */
export function nameTableOf(entries: Iterable<IndexEntry>, own: string, rules: NameRules): NameTable {
  return finished(namingOf(entries, own, rules));
}

/** The same in steps. */
export function* namingOf(entries: Iterable<IndexEntry>, own: string, rules: NameRules): SteppedWork<NameTable> {
  const all = [...entries];
  const repositories = new Map<VirtualPath, Map<Tag, IndexEntry[]>>();
  const tagless = new Map<VirtualPath, IndexEntry[]>();
  const add = (path: VirtualPath, tag: Tag | undefined, entry: IndexEntry): void => {
    const tags = repositories.get(path) ?? new Map<Tag, IndexEntry[]>();
    repositories.set(path, tags);
    if (tag === undefined) append(tagless, path, entry);
    else append(tags, tag, entry);
  };
  const images = imagesOf(all);
  const paths = pathsOf(images, rules);
  const ofLayout = imageOfLayout(images, own);
  yield* eachInSteps(all, (entry) => {
    const { name } = entry;
    if (name.kind === 'tag') add('', name.tag, entry);
    if (name.kind !== 'full') return;
    const { bareTag } = name;
    const implied = rules.tagless === 'latest' && !name.hasDigest ? latest : undefined;
    for (const image of [name.image, ...name.others]) {
      const key = keyOf(image);
      for (const path of paths.get(key)?.all ?? []) add(path, image.tag ?? bareTag ?? implied, entry);
      // Here the directory is the repository, so what stands as its tag is its tag; elsewhere the full name decides.
      if (key === ofLayout) add('', bareTag ?? image.tag ?? implied, entry);
    }
  });
  const unnamed = rules.unnamed === 'latest' ? impliedLatest(all) : undefined;
  if (unnamed !== undefined) add('', latest, unnamed);
  const virtual = images.filter((image) => keyOf(image) !== ofLayout);
  const listed = virtual.flatMap((image) => paths.get(keyOf(image))?.listed ?? []);
  // A referrers response stands under a bare tag also where all images have full names: it makes no repository.
  const hasOwn = [...(repositories.get('')?.keys() ?? [])].some((tag) => !isReferrersTag(tag)) || listed.length === 0;
  const imageAt = new Map(images.flatMap((image) => (paths.get(keyOf(image))?.all ?? []).map((path) => [path, image])));
  const isShared = images.length > 1;
  return { repositories, tagless, listed: hasOwn ? ['', ...listed] : listed, images, imageAt, isShared };
}

/** Another program may list one name a hundred thousand times: appending to it must not copy it. */
function append<K>(groups: Map<K, IndexEntry[]>, key: K, entry: IndexEntry): void {
  const known = groups.get(key);
  if (known === undefined) groups.set(key, [entry]);
  else known.push(entry);
}

/** The image whose tags are the layout's own: the only one, or the only one that is called as the layout is. */
function imageOfLayout(images: readonly ImageName[], own: string): string | undefined {
  const meant = images.length > 1 ? images.filter((image) => endsWith(own, image.path)) : images;
  const [only] = meant;
  // Two registries may have a repository of that name: a push to it would take the tag from both.
  return meant.length === 1 && only !== undefined ? keyOf(only) : undefined;
}

export const latest = 'latest' as Tag;

/**
 * The only image without a name in a file without names: crane, skopeo and cosign write one image so. An entry of ours, or
 * one that lost its name to us, has a creation time: a deleted tag never comes back.
 */
export function impliedLatest(entries: Iterable<IndexEntry>): IndexEntry | undefined {
  let found: IndexEntry | undefined;
  for (const entry of entries) {
    if (entry.name.kind === 'auxiliary' || entry.subject !== undefined || entry.responseFor !== undefined) continue;
    if (isNamedResponse(entry.name) && isImageIndexType(entry.mediaType ?? '')) continue;
    if (entry.isNamed || entry.createdAt !== undefined) return undefined;
    // crane appends the same image once more when it is pulled once more.
    if (found !== undefined && found.digest !== entry.digest) return undefined;
    found ??= entry;
  }
  return found?.digest === undefined ? undefined : found;
}

interface ImagePaths {
  readonly listed: RepositoryName | undefined;
  readonly all: readonly RepositoryName[];
}

/** With and without the registry host, unless something else is called so as well: then only the longer names tell them apart. */
function pathsOf(images: readonly ImageName[], rules: NameRules): ReadonlyMap<string, ImagePaths> {
  const hostless = new Set(images.filter(({ host }) => host === undefined).map(({ path }) => path));
  // `MYREG/app` is `myreg/app` with its registry, which is an image of Docker Hub as well: not both can be called so.
  const longOf = (image: ImageName) => {
    const long = longPathOf(image);
    return image.host !== undefined && long !== undefined && hostless.has(long) ? undefined : long;
  };
  const holders = new Map<string, number>();
  for (const image of images) {
    for (const path of new Set([image.path, longOf(image)])) {
      if (path !== undefined) holders.set(path, (holders.get(path) ?? 0) + 1);
    }
  }
  return new Map(
    images.map((image) => {
      const long = longOf(image);
      const short = holders.get(image.path) === 1 || long === image.path ? image.path : undefined;
      const all = [...new Set([short, long])].filter((path) => path !== undefined);
      return [keyOf(image), { listed: rules.registryHost === 'strip' ? (short ?? long) : (long ?? short), all }];
    }),
  );
}

/** `docker.io/library/alpine`; undefined when the host cannot be part of a repository name. */
export function longPathOf({ host, path }: Pick<ImageName, 'host' | 'path'>): RepositoryName | undefined {
  const component = host === undefined ? undefined : hostComponent(host);
  if (component === undefined) return host === undefined ? path : undefined;
  const joined = `${component}/${path}`;
  return isRepositoryName(joined) ? joined : undefined;
}

function imagesOf(entries: readonly IndexEntry[]): readonly ImageName[] {
  const found = new Map<string, ImageName>();
  for (const { name } of entries) {
    if (name.kind !== 'full') continue;
    for (const image of [name.image, ...name.others]) found.set(keyOf(image), { ...image, tag: undefined });
  }
  return [...found.values()];
}

function keyOf({ host, path }: ImageName): string {
  return `${host ?? ''}/${path}`;
}

function endsWith(own: string, path: string): boolean {
  return own === path || (own !== '' && path.endsWith(`/${own}`));
}
