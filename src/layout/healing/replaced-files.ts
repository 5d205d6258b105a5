// How many replaced index.json files a process keeps open, over all its repositories: service managers give it 1024 descriptors, and a
// client that pushes to hundreds of repositories at once would use them up (300 repositories: 682 of 2,400 pushes failed).
import { LRUCache } from 'lru-cache';
import type { ReplacedIndex } from './replaced-index.ts';

/** The value closes it. */
export type ReplacedFiles = LRUCache<ReplacedIndex, () => void>;

/** Programs that write in place have the file open for milliseconds: the newest are those that somebody may still write into. */
const defaultMost = 64;

export function newReplacedFiles(most = defaultMost): ReplacedFiles {
  return new LRUCache<ReplacedIndex, () => void>({
    max: most,
    disposeAfter: (close, _, reason) => {
      if (reason === 'evict') close();
    },
  });
}
