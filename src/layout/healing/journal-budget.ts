// How much memory the journals of a process may take together: one for each repository that is written to, some kilobytes each, and
// megabytes while foreign files are judged. The one that was not asked for longest gives its memory back; its file has it all.
import { LRUCache } from 'lru-cache';

export interface Releasable {
  release(): void;
}

/** By the bytes that it takes: a value that is equal to the one before would leave the sum as it was. */
export type JournalBudget = LRUCache<Releasable, number>;

/** Of one server. */
export const journalBytes = 16 * 1024 * 1024;

export function newJournalBudget(bytes = journalBytes): JournalBudget {
  return new LRUCache<Releasable, number>({
    maxSize: bytes,
    sizeCalculation: (size) => size,
    disposeAfter: (_, journal, reason) => {
      if (reason === 'evict') journal.release();
    },
  });
}
