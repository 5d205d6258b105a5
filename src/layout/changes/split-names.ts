// An entry with several names becomes one for each before it is edited (docs/layouts.md#several-names-in-one-annotation): a name can
// move or go without the others, and tools that take the annotation for one name find each of them.
import { annotationKeys } from '../../oci/annotations.ts';
import type { Tag } from '../../oci/reference.ts';
import type { EntryName } from '../index/entry-name.ts';
import { type ImageName, printImageName } from '../index/image-name.ts';
import type { IndexDraft } from '../index/index-draft.ts';
import { annotated, type IndexEntry } from '../index/index-entry.ts';
import { latest } from '../names/name-table.ts';

/** A tag, or one name or several. */
type Said = Extract<EntryName, { readonly kind: 'tag' | 'full' }>;
type Several = Extract<EntryName, { readonly kind: 'full' }>;

export function splitNames(draft: IndexDraft): void {
  if (!draft.fullNames.some(({ name }) => hasSeveral(name))) return;
  const moved = new Set<Tag>();
  for (const entry of [...draft.entries]) {
    const { name } = entry;
    if (name.kind !== 'tag' && name.kind !== 'full') continue;
    if (hasSeveral(name)) {
      draft.remove(entry);
      for (const image of [name.image, ...name.others]) draft.add(annotated(entry, namesOf(image, name, entry)));
      for (const tag of tagsOf(name)) moved.add(tag);
    } else if (tagsOf(name).some((tag) => moved.has(tag))) {
      // Additions stand last: of two entries of one name, the later one must stay the later one.
      draft.remove(entry);
      draft.add(annotated(entry, {}));
    }
  }
}

function hasSeveral(name: EntryName): name is Several {
  return name.kind === 'full' && name.others.length > 0;
}

/** Every tag that it may be in some repository. */
function tagsOf(name: Said): readonly Tag[] {
  if (name.kind === 'tag') return [name.tag];
  return [name.image, ...name.others].flatMap(({ tag }) => [tag ?? name.bareTag ?? latest, name.bareTag ?? latest]);
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
