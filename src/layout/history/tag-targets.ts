// What the tags of all repositories of a layout mean, in a snapshot or in a draft, and what moved between two of them.
import { isImageIndexType } from '../../oci/media-type.ts';
import type { Tag } from '../../oci/reference.ts';
import { isReferrersTag } from '../../oci/referrers-tag.ts';
import type { IndexEntry } from '../index/index-entry.ts';
import { longPathOf, type NameTable, type VirtualPath } from '../names/name-table.ts';
import { entryMeant, type LayoutNames, type NamedEntries } from '../names/repository-names.ts';
import {
  isSameTarget,
  type KnownTag,
  type TagMove,
  type TagTarget,
  type TagTargets,
  type TargetOfTag,
  tagKey,
} from './tag-move.ts';

/** O(entries). */
export function tagTargetsIn(index: NamedEntries, names: LayoutNames): TagTargets {
  const table = names.tableNow(index);
  const found = new Map<string, TargetOfTag>();
  const add = (path: VirtualPath, tag: Tag, entries: readonly IndexEntry[]) => {
    const target = targetOf(tag, entryMeant(entries, names.rules));
    if (target !== undefined) found.set(tagKey({ path, tag }), { path, tag, target });
  };
  if (table === undefined) {
    for (const [tag, entries] of bareTags(index.entries)) add('', tag, entries);
    return found;
  }
  for (const [path, tags] of table.repositories) {
    for (const [tag, entries] of tags) add(lastingPath(path, table), tag, entries);
  }
  return found;
}

/** Undefined also for a referrers response, which is no tag that anybody gave. */
export function targetOf(tag: Tag, entry: IndexEntry | undefined): TagTarget | undefined {
  if (entry?.digest === undefined) return undefined;
  const { digest, mediaType = '', size } = entry;
  return isReferrersTag(tag) && isImageIndexType(mediaType) ? undefined : { digest, mediaType, size };
}

/** A virtual repository has a short path only while no other image is called so: history keeps the long one. */
export function lastingPath(path: VirtualPath, table: NameTable | undefined): VirtualPath {
  const image = path === '' ? undefined : table?.imageAt.get(path);
  return (image && longPathOf(image)) ?? path;
}

/** What is different now, in the order of `now`; what is gone comes last. */
export function movesBetween(
  before: TagTargets,
  now: TagTargets,
  { how, atMs }: Pick<TagMove, 'how' | 'atMs'>,
): readonly TagMove[] {
  const moves: TagMove[] = [];
  for (const [key, { tag, path, target }] of now) {
    const from = before.get(key)?.target;
    if (!isSameTarget(from, target)) moves.push({ tag, path, how, atMs, from, to: target });
  }
  for (const [key, { tag, path, target }] of before) {
    if (!now.has(key)) moves.push({ tag, path, how, atMs, from: target, to: undefined });
  }
  return moves;
}

export function knownTags(targets: TagTargets, sinceMs: number): readonly KnownTag[] {
  return Array.from(targets.values(), ({ tag, path, target }) => ({ tag, path, is: target, sinceMs }));
}

function bareTags(entries: Iterable<IndexEntry>): ReadonlyMap<Tag, readonly IndexEntry[]> {
  const groups = new Map<Tag, IndexEntry[]>();
  for (const entry of entries) {
    if (entry.name.kind !== 'tag') continue;
    const group = groups.get(entry.name.tag);
    if (group === undefined) groups.set(entry.name.tag, [entry]);
    else group.push(entry);
  }
  return groups;
}
