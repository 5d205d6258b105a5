// What another program took off the list and the journal still knows, for an operator who says that it was no edit. Only reads.
import type { Digest } from '../../oci/digest.ts';
import { newJournalBudget } from '../healing/journal-budget.ts';
import { JournalReader } from '../healing/journal-reader.ts';
import { type Remains, remainsOf } from '../healing/journal-remains.ts';
import { type IndexedEntry, identityOf, indexedEntryOf } from '../index/entry-key.ts';
import { type IndexEntry, parseIndexEntry } from '../index/index-entry.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import type { ReadLayout } from './read-layout.ts';

export interface Remembered {
  readonly digest: Digest;
  /** As it was written; undefined for an entry without one. */
  readonly name: string | undefined;
  readonly entry: IndexEntry;
  readonly takenAt: string;
}

/** An entry that was listed again, or would be, and why. */
export interface RestoredEntry {
  readonly kind: 'restored-entry';
  readonly digest: Digest;
  /** For a person. */
  readonly why: string;
}

/** What would be listed again, and why. */
export interface RestorePlan {
  readonly entries: readonly IndexedEntry[];
  readonly changes: readonly RestoredEntry[];
}

/** Without what a heal is about to put back; empty when there is no such layout. */
export async function rememberedEntries(layout: ReadLayout): Promise<readonly Remembered[]> {
  const index = await layout.index.current();
  return index === undefined ? [] : rememberedIn(layout, journalOf(layout), index);
}

/** Undefined when there is no such layout. Without entries whose manifest nobody has any more: other tools refuse a layout that lists such. */
export async function planRestore(layout: ReadLayout): Promise<RestorePlan | undefined> {
  const { manifests } = layout;
  const index = await layout.index.current();
  if (index === undefined) return undefined;
  const journal = journalOf(layout);
  const entries: IndexedEntry[] = [];
  const changes: RestoredEntry[] = [];
  for (const { digest, name, entry, takenAt } of await rememberedIn(layout, journal, index)) {
    const isKnown = (await manifests.has(digest)) || manifests.cached(digest) !== undefined;
    if (!isKnown && (await journal.manifestBytes(digest)) === undefined) continue;
    entries.push(indexedEntryOf(entry));
    const called = name === undefined ? '' : `${name}, `;
    const why = `${called}taken off the list by another program at ${takenAt}`;
    changes.push({ kind: 'restored-entry', digest, why });
  }
  return { entries, changes };
}

/** Asked for by a person now and then: what it keeps in memory goes with it. */
function journalOf({ store, keys, clock }: ReadLayout): JournalReader {
  return new JournalReader({ store, key: keys.journal, clock, budget: newJournalBudget() });
}

async function rememberedIn(
  { store, keys }: ReadLayout,
  journal: JournalReader,
  index: LayoutIndex,
): Promise<readonly Remembered[]> {
  await journal.load();
  const past = journal.exists ? await journal.recall((await store.stat(keys.index))?.label) : undefined;
  if (past === undefined) return [];
  const present = new Map(index.entries.map((entry) => [entry.key, indexedEntryOf(entry)]));
  for (const entry of past.owed.added) present.set(entry.key, entry);
  return remainsOf(past.start, past.versions, present).flatMap(rememberedOf);
}

function rememberedOf({ entry: { line }, takenAtMs }: Remains): readonly Remembered[] {
  const entry = parseIndexEntry(line);
  const { digest } = entry;
  if (digest === undefined) return [];
  const { refName, imageName } = identityOf(entry.key);
  return [{ digest, name: imageName ?? refName, entry, takenAt: new Date(takenAtMs).toISOString() }];
}
