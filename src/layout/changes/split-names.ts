// An entry with several names becomes one for each before it is edited (docs/layouts.md#several-names-in-one-annotation): a name can
// move or go without the others, and tools that take the annotation for one name find each of them.
import { annotationKeys } from '../../oci/annotations.ts';
import type { Tag } from '../../oci/reference.ts';
import type { EntryName } from '../index/entry-name.ts';
import { type ImageName, printImageName } from '../index/image-name.ts';
import type { IndexDraft } from '../index/index-draft.ts';
import { annotated, type IndexEntry } from '../index/index-entry.ts';
import { untaggedEntry } from '../index/untagged-entry.ts';
import type { NameRules } from '../names/name-rules.ts';
import { latest } from '../names/name-table.ts';
import { entryMeant } from '../names/repository-names.ts';

/** A tag, or one name or several. */
type Said = Extract<EntryName, { readonly kind: 'tag' | 'full' }>;
type Several = Extract<EntryName, { readonly kind: 'full' }>;

/**
 * A name that another entry has as well stays with the one that it means: what is put back after another tool wrote stands last, and
 * the order of the two would be another one.
 */
export function splitNames(draft: IndexDraft, rules: Pick<NameRules, 'duplicates'>, nowMs: number): void {
  if (!draft.fullNames.some(({ name }) => hasSeveral(name))) return;
  const entries = [...draft.entries];
  const holders = holdersOf(entries);
  const moved = new Set<Tag>();
  for (const entry of entries) {
    const { name } = entry;
    if (name.kind !== 'tag' && name.kind !== 'full') continue;
    const isMeant = (image: ImageName) => {
      const all = holders.get(printImageName(image)) ?? [];
      return all.length < 2 || (entryMeant(all, rules) ?? all[0]) === entry;
    };
    if (hasSeveral(name)) {
      draft.remove(entry);
      const kept = [name.image, ...name.others].filter(isMeant);
      for (const image of kept) draft.add(annotated(entry, namesOf(image, name, entry)));
      if (kept.length === 0) draft.add(untaggedEntry(entry, nowMs));
      for (const tag of tagsOf(name)) moved.add(tag);
    } else if (tagsOf(name).some((tag) => moved.has(tag))) {
      // Additions stand last: of two entries of one tag, the later one must stay the later one.
      draft.remove(entry);
      draft.add(annotated(entry, {}));
      // It may have another tag as well, of which a later entry must stay the later one in turn.
      for (const tag of tagsOf(name)) moved.add(tag);
    }
  }
}

/** By full name, in the order of the file. */
function holdersOf(entries: readonly IndexEntry[]): ReadonlyMap<string, readonly IndexEntry[]> {
  const holders = new Map<string, IndexEntry[]>();
  for (const entry of entries) {
    if (entry.name.kind !== 'full') continue;
    for (const image of new Set([entry.name.image, ...entry.name.others].map(printImageName))) {
      const known = holders.get(image);
      if (known === undefined) holders.set(image, [entry]);
      else known.push(entry);
    }
  }
  return holders;
}

function hasSeveral(name: EntryName): name is Several {
  return name.kind === 'full' && name.others.length > 0;
}

/** Every tag that it may be in some repository. */
function tagsOf(name: Said): readonly Tag[] {
  if (name.kind === 'tag') return [name.tag];
  return [name.image, ...name.others].flatMap(({ tag }) => [
    tag ?? name.bareTag ?? latest,
    name.bareTag ?? tag ?? latest,
  ]);
}

function namesOf(
  image: ImageName,
  { style, hasDigest }: Several,
  { digest }: IndexEntry,
): Readonly<Record<string, string | undefined>> {
  // A digest beside the names says that those without a tag mean none.
  const full =
    printImageName(image) + (hasDigest && image.tag === undefined && digest !== undefined ? `@${digest}` : '');
  const { refName, imageName, baseName } = annotationKeys;
  if (style === 'ref-name') return { [refName]: full };
  return style === 'base-name' ? { [baseName]: full } : { [imageName]: full, [refName]: image.tag };
}
