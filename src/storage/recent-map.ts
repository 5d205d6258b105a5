// A map that remembers the entries used last and forgets the others: for facts that are cheap to find out again.
import { LRUCache } from 'lru-cache';

/**
 * At most `limit` entries. It takes memory for what it holds: given `max`, lru-cache makes room for all of them at once, 5 MB and
 * ten milliseconds or more for 200,000, and there is one for each mount and for each layout that is looked at.
 */
export function recentMap<K extends string, V extends string | number>(limit: number): LRUCache<K, V> {
  return new LRUCache({ maxSize: limit, sizeCalculation: () => 1 });
}
