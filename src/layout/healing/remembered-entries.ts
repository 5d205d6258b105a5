// Brings back what another program took off the list and the journal still knows, when an operator says that it was no edit.
import type { Digest } from '../../oci/digest.ts';
import type { LayoutBlobs } from '../blobs/layout-blobs.ts';
import { type IndexedEntry, identityOf, indexedEntryOf } from '../index/entry-key.ts';
import { type IndexEntry, parseIndexEntry } from '../index/index-entry.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import type { IndexGuard } from './index-guard.ts';
import type { Remains } from './journal-remains.ts';
import type { LostFiles } from './lost-files.ts';

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

export interface RememberedEntriesOptions {
  readonly guard: IndexGuard;
  readonly blobs: LayoutBlobs;
  readonly lostFiles: LostFiles;
}

export class RememberedEntries {
  readonly #options: RememberedEntriesOptions;

  constructor(options: RememberedEntriesOptions) {
    this.#options = options;
  }

  async remembered(index: LayoutIndex): Promise<readonly Remembered[]> {
    return (await this.#options.guard.remains(index)).flatMap(rememberedOf);
  }

  /** Without those whose manifest nobody has any more: listed, they would make other tools refuse the layout. */
  async plan(index: LayoutIndex | undefined): Promise<{
    readonly entries: readonly IndexedEntry[];
    readonly changes: readonly RestoredEntry[];
  }> {
    const { blobs, guard } = this.#options;
    const entries: IndexedEntry[] = [];
    const changes: RestoredEntry[] = [];
    for (const { digest, name, entry, takenAt } of index === undefined ? [] : await this.remembered(index)) {
      const isThere = (await blobs.stat(digest)) !== undefined;
      if (!isThere && (await guard.manifestBytes(digest)) === undefined) continue;
      entries.push(indexedEntryOf(entry));
      const called = name === undefined ? '' : `${name}, `;
      const why = `${called}taken off the list by another program at ${takenAt}`;
      changes.push({ kind: 'restored-entry', digest, why });
    }
    return { entries, changes };
  }

  /** The manifests' files, durable before they are listed. */
  async putBack(entries: readonly IndexedEntry[]): Promise<void> {
    const { blobs, lostFiles } = this.#options;
    const parsed = entries.map(({ line }) => parseIndexEntry(line));
    for (const { digest } of parsed) if (digest !== undefined) await lostFiles.restoreManifest(digest);
    await blobs.secure(parsed.flatMap(({ digest, size }) => (digest === undefined ? [] : [{ digest, size }])));
  }
}

function rememberedOf({ entry: { line }, takenAtMs }: Remains): readonly Remembered[] {
  const entry = parseIndexEntry(line);
  const { digest } = entry;
  if (digest === undefined) return [];
  const { refName, imageName } = identityOf(entry.key);
  return [{ digest, name: imageName ?? refName, entry, takenAt: new Date(takenAtMs).toISOString() }];
}
