// What the tags of all repositories of a layout mean, in a snapshot or in a draft, and what moved between two of them.
import { isImageIndexType } from '../../oci/media-type.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';
import { isReferrersTag } from '../../oci/referrers-tag.ts';
import type { ImageName } from '../index/image-name.ts';
import type { IndexEntry } from '../index/index-entry.ts';
import type { NameRules } from '../names/name-rules.ts';
import { impliedLatest, latest, longPathOf, type VirtualPath } from '../names/name-table.ts';
import { entryMeant, type LayoutNames, type NamedEntries, type RepositoryNames } from '../names/repository-names.ts';
import { eachInSteps, finished, type SteppedWork } from '../pacing/steps.ts';
import {
  isSameTarget,
  type KnownTag,
  type TagMove,
  type TagOfLayout,
  type TagTarget,
  type TagTargets,
  type TargetOfTag,
  tagKey,
} from './tag-move.ts';

/**
 * O(entries). An image with a full name has its tags under that name, whatever repository they are served in by now: that changes with what
 * else is in the file.
 */
export function tagTargetsIn(index: NamedEntries, names: LayoutNames): TagTargets {
  return finished(tagTargetsOf(index, names));
}

/** The same in steps: there may be a hundred thousand. */
export function* tagTargetsOf({ entries }: NamedEntries, { rules }: LayoutNames): SteppedWork<TagTargets> {
  const groups = new Map<string, TagOfLayout & { readonly entries: IndexEntry[] }>();
  const add = (name: TagOfLayout, entry: IndexEntry) => {
    const key = tagKey(name);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { ...name, entries: [entry] });
    else group.entries.push(entry);
  };
  const all: IndexEntry[] = [];
  yield* eachInSteps(entries, (entry) => {
    all.push(entry);
    for (const name of namesOf(entry, rules)) add(name, entry);
  });
  const unnamed = rules.unnamed === 'latest' ? impliedLatest(all) : undefined;
  if (unnamed !== undefined) add({ path: '', tag: latest }, unnamed);
  const found = new Map<string, TargetOfTag>();
  yield* eachInSteps(groups, ([key, { path, tag, entries: named }]) => {
    const target = targetOf(tag, entryMeant(named, rules));
    if (target !== undefined) found.set(key, { path, tag, target });
  });
  return found;
}

function namesOf({ name }: IndexEntry, rules: NameRules): readonly TagOfLayout[] {
  if (name.kind === 'tag') return [{ path: '', tag: name.tag }];
  if (name.kind !== 'full') return [];
  const implied = rules.tagless === 'latest' && !name.hasDigest ? latest : undefined;
  return [name.image, ...name.others].flatMap((image) => {
    const tag = image.tag ?? name.bareTag ?? implied;
    return tag === undefined ? [] : [{ path: lastingPath(image), tag }];
  });
}

/** Undefined also for a referrers response, which is no tag that anybody gave. */
export function targetOf(tag: Tag, entry: IndexEntry | undefined): TagTarget | undefined {
  if (entry?.digest === undefined) return undefined;
  const { digest, mediaType = '', size } = entry;
  return isReferrersTag(tag) && isImageIndexType(mediaType) ? undefined : { digest, mediaType, size };
}

/** With its registry, where the name of a repository can hold that. */
function lastingPath(image: ImageName): RepositoryName {
  return longPathOf(image) ?? image.path;
}

/** Which of the names that history has are those of a repository, as the file is now. */
export function pathsOf(
  { path, all }: RepositoryNames,
  index: NamedEntries | undefined,
): (path: VirtualPath) => boolean {
  const table = index && all.tableNow(index);
  if (path !== '') {
    const image = table?.imageAt.get(path);
    const lasting = image && lastingPath(image);
    return (each) => (lasting === undefined ? each === path || withoutHost(each) === path : each === lasting);
  }
  // Without any full name in the file, what had one was the layout's own, as far as anybody can tell.
  if (table === undefined || table.images.length === 0) return () => true;
  const own = [...(table.repositories.get('')?.values() ?? [])].flat();
  const images = own.flatMap(({ name }) => (name.kind === 'full' ? [name.image, ...name.others] : []));
  const paths = new Set<VirtualPath>(['', ...images.map(lastingPath)]);
  return (each) => paths.has(each);
}

/** A repository that is gone has no image in the file that says its registry. */
function withoutHost(path: VirtualPath): string {
  return path.slice(path.indexOf('/') + 1);
}

/** What is different now, in the order of `now`; what is gone comes last. */
export function movesBetween(
  before: TagTargets,
  now: TagTargets,
  how: Pick<TagMove, 'how' | 'atMs'>,
): readonly TagMove[] {
  return finished(movesFound(before, now, how));
}

/** The same in steps. */
export function* movesFound(
  before: TagTargets,
  now: TagTargets,
  { how, atMs }: Pick<TagMove, 'how' | 'atMs'>,
): SteppedWork<readonly TagMove[]> {
  const moves: TagMove[] = [];
  yield* eachInSteps(now, ([key, { tag, path, target }]) => {
    const from = before.get(key)?.target;
    if (!isSameTarget(from, target)) moves.push({ tag, path, how, atMs, from, to: target });
  });
  yield* eachInSteps(before, ([key, { tag, path, target }]) => {
    if (!now.has(key)) moves.push({ tag, path, how, atMs, from: target, to: undefined });
  });
  return moves;
}

export function knownTag({ tag, path, target }: TargetOfTag, sinceMs: number): KnownTag {
  return { tag, path, is: target, sinceMs };
}
