// What the layouts that one process writes share: by which name the other processes of a root know it, and what its journals and
// replaced files may take together.
import { randomUUID } from 'node:crypto';
import { type JournalBudget, journalBytes, newJournalBudget } from '../healing/journal-budget.ts';
import { newReplacedFiles, type ReplacedFiles } from '../healing/replaced-files.ts';
import { type ChangeMeters, noChangeMeters } from './change-meters.ts';
import type { EditOwners } from './edit-owners.ts';
import type { NewsDesk } from './layout-news.ts';

export interface WritingProcess {
  /** Unique among all processes that ever wrote to the root. */
  readonly id: string;
  readonly journals: JournalBudget;
  readonly replaced: ReplacedFiles;
  /** Undefined where this process is a server by itself. */
  readonly owners: EditOwners | undefined;
  readonly meters: ChangeMeters;
  /** Undefined where nobody wants to know what changes. */
  readonly desk: NewsDesk | undefined;
}

export interface WritingProcessParts extends Partial<Pick<WritingProcess, 'owners' | 'meters' | 'desk'>> {
  /** So many share what one server may keep in memory. */
  readonly processes?: number;
}

export function newWritingProcess({ owners, desk, ...others }: WritingProcessParts = {}): WritingProcess {
  const { processes = 1, meters = noChangeMeters } = others;
  const journals = newJournalBudget(Math.floor(journalBytes / processes));
  return { id: randomUUID(), journals, replaced: newReplacedFiles(), owners, meters, desk };
}
