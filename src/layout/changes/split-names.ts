// An entry with several names becomes one for each before it is edited (docs/layouts.md#several-names-in-one-annotation): a name can
// move or go without the others, and tools that take the annotation for one name find each of them.
import { annotationKeys } from '../../oci/annotations.ts';
import type { NameStyle } from '../index/entry-name.ts';
import { type ImageName, printImageName } from '../index/image-name.ts';
import type { IndexDraft } from '../index/index-draft.ts';
import { annotated } from '../index/index-entry.ts';

export function splitNames(draft: IndexDraft): void {
  for (const entry of draft.fullNames) {
    const { name } = entry;
    if (name.kind !== 'full' || name.others.length === 0) continue;
    draft.remove(entry);
    for (const image of [name.image, ...name.others]) draft.add(annotated(entry, namesOf(image, name.style)));
  }
}

function namesOf(image: ImageName, style: NameStyle): Readonly<Record<string, string | undefined>> {
  const full = printImageName(image);
  const { refName, imageName, baseName } = annotationKeys;
  if (style === 'ref-name') return { [refName]: full };
  return style === 'base-name' ? { [baseName]: full } : { [imageName]: full, [refName]: image.tag };
}
