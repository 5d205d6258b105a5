// Tags in byte order: sorted in steps, and a list that is known is gone on with.
import type { Tag } from '../../oci/reference.ts';
import { mergedInSteps, type SortOrder, sortedInSteps } from '../pacing/sorting.ts';
import { eachInSteps, type SteppedWork } from '../pacing/steps.ts';

/** Tags and names are ASCII, where the order of UTF-16 code units is the order of bytes. */
export function byteOrder(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

const order: SortOrder<Tag> = {
  // As byteOrder does, in two thirds of the time.
  sort: (run) => run.sort(),
  isBefore: (one, other) => one < other,
};

export function sortedTags(tags: Iterable<Tag>): SteppedWork<readonly Tag[]> {
  return sortedInSteps(tags, order);
}

/** A list that is in byte order, and which tags may have come or gone since. */
export interface TagsBefore {
  readonly tags: readonly Tag[];
  readonly changed: ReadonlySet<Tag>;
}

/** Those that stayed, with those that came among them. `isThere`: now. */
export function* tagsAfter({ tags, changed }: TagsBefore, isThere: (tag: Tag) => boolean): SteppedWork<readonly Tag[]> {
  const stayed: Tag[] = [];
  yield* eachInSteps(tags, (tag) => {
    if (!changed.has(tag)) stayed.push(tag);
  });
  return yield* mergedInSteps(stayed, [...changed].filter(isThere).sort(), order);
}
