// The history of a layout for whoever only reads it: what nobody noted yet is told to be a push or not by the journal.
import { newJournalBudget } from '../healing/journal-budget.ts';
import { JournalReader } from '../healing/journal-reader.ts';
import { HistoryReader } from '../history/history-reader.ts';
import type { ReadLayout } from './read-layout.ts';

export function historyOf({ store, keys, names, index, clock }: ReadLayout): HistoryReader {
  return new HistoryReader({
    store,
    key: keys.history,
    indexKey: keys.index,
    names,
    readIndex: () => index.current(),
    isOurs: async (label) => {
      const journal = new JournalReader({ store, key: keys.journal, clock, budget: newJournalBudget() });
      await journal.load();
      return journal.shows(label);
    },
  });
}
