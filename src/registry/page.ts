// Paging as the spec's lists do it: at most `limit` items after a position that need not exist any more.

export interface PageRequest {
  /** Exclusive; a position in the order, not necessarily an item (clients go on from a tag that was deleted meanwhile). */
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** True when items follow after the last one. */
  readonly more: boolean;
}

/** `sorted` is in byte order. Without a position and a limit the very same array is returned. */
export function pageOf<Item extends string>(sorted: readonly Item[], { after, limit }: PageRequest): Page<Item> {
  const start = after === undefined ? 0 : firstAfter(sorted, after);
  const end = limit === undefined ? sorted.length : Math.min(sorted.length, start + limit);
  const items = start === 0 && end === sorted.length ? sorted : sorted.slice(start, end);
  // With n=0 nothing is asked for, so there is no next page either (distribution-spec, Listing Tags).
  return { items, more: end < sorted.length && limit !== 0 };
}

/** Where in the list what follows a position begins. */
export function firstAfter(sorted: readonly string[], position: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = sorted[middle];
    if (item !== undefined && item <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
