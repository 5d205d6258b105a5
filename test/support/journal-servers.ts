// The servers of one root as the journal of one repository sees them, and their clock.
import { setImmediate } from 'node:timers/promises';
import { judge } from '../../src/layout/healing/foreign-edits.ts';
import { Journal } from '../../src/layout/healing/journal.ts';
import { type JournalBudget, newJournalBudget } from '../../src/layout/healing/journal-budget.ts';
import type { IndexedEntry } from '../../src/layout/index/entry-key.ts';
import { MemoryStore } from '../../src/storage/memory/memory-store.ts';
import type { Key, ObjectStore, VersionLabel } from '../../src/storage/object-store.ts';
import { type Entries, entry } from './foreign-tools.ts';

export const key = '.moorage/journal/app/.journal' as Key;
export const label = (name: string) => name as VersionLabel;
export const tagged = (tag: string) => entry(tag.toUpperCase(), { tag });

export class Servers {
  /** Of all journals of a process. */
  readonly budget: JournalBudget;
  nowMs = 1_000_000_000;
  readonly store: ObjectStore;
  #started = 0;

  constructor(store: ObjectStore = new MemoryStore(), budget = newJournalBudget()) {
    this.store = store;
    this.budget = budget;
  }

  start(store = this.store): Journal {
    this.#started += 1;
    return new Journal({
      store,
      key,
      clock: { now: () => this.nowMs, elapsed: () => this.nowMs, uptime: () => ({ boot: '', ms: this.nowMs }) },
      process: `p${this.#started}`,
      budget: this.budget,
    });
  }

  /** What `update` does up to the rename. */
  async announce(journal: Journal, to: string, from: string | undefined, commit: Partial<Commit> = {}): Promise<void> {
    const { added = [tagged(to)], removed = [], base = [], manifests = [] } = commit;
    await journal.load();
    const made = from === undefined ? undefined : label(from);
    const baseEntries = await journal.printEntriesOf(made, base);
    commit.beforeRecord?.();
    // Whoever waits for its turn has it first.
    if (commit.beforeRecord !== undefined) await setImmediate();
    const records = journal.recordOf({
      author: 'commit',
      base: made,
      label: label(to),
      delta: { added, removed: removed.map((each) => each.key) },
      judged: undefined,
      manifests: manifests.map(([digest, bytes]) => ({ digest, bytes, absent: [] })),
      baseEntries,
    });
    for (const { key, bytes } of records) await this.store.append(key, bytes);
  }

  async commit(journal: Journal, to: string, from: string | undefined, commit?: Partial<Commit>): Promise<void> {
    await this.announce(journal, to, from, commit);
    journal.published(label(to));
    await journal.load();
  }

  /** Judges a file, records it as it was found, and leaves the heal undone. */
  async see(journal: Journal, shown: string, entries: Entries) {
    await journal.load();
    const past = await journal.recall(label(shown));
    if (past === undefined) throw new Error('nothing known');
    const file = { entries, arrived: 'in-place', modifiedAtMs: this.nowMs, seenAtMs: this.nowMs } as const;
    const judgement = judge(past, file);
    const judged = { label: label(shown), past, judgement };
    const record = journal.foreignRecordOf(judged);
    await this.store.append(record.key, record.bytes);
    return judgement;
  }
}

interface Commit {
  readonly added: readonly IndexedEntry[];
  readonly removed: readonly IndexedEntry[];
  readonly base: Entries;
  readonly manifests: readonly (readonly [string, Uint8Array])[];
  readonly beforeRecord: () => void;
}

export async function versionsOf(journal: Journal, shown: string) {
  await journal.load();
  return (await journal.recall(label(shown)))?.versions.map((version) => version.label);
}
