// What the journal of a repository knows of what was acknowledged, for whoever verifies a directory: the bytes of small manifests, what they
// referred to in vain, and whether the journal itself can be read. Only reads.
import type { Digest } from '../../oci/digest.ts';
import { systemClock } from '../../storage/clock.ts';
import type { ObjectReader } from '../../storage/object-store.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { LayoutKeys } from '../files/keys.ts';
import { newJournalBudget } from '../healing/journal-budget.ts';
import { checkJournal, type JournalCheck } from '../healing/journal-check.ts';
import { JournalReader } from '../healing/journal-reader.ts';
import { HistoryFile } from '../history/history-file.ts';

export class AcknowledgedPast {
  readonly #store: ObjectReader;
  readonly #keys: LayoutKeys;
  readonly #journal: JournalReader;
  #absent: Promise<ReadonlyMap<string, ReadonlySet<string>>> | undefined;
  #digests: Promise<ReadonlySet<string>> | undefined;
  #deleted: Promise<ReadonlySet<string>> | undefined;

  constructor(store: ObjectReader, keys: LayoutKeys) {
    this.#store = store;
    this.#keys = keys;
    this.#journal = new JournalReader({ store, key: keys.journal, clock: systemClock, budget: newJournalBudget() });
  }

  /** True for what was pushed while the journal looks back; false also where it cannot be read. */
  async has(digest: Digest): Promise<boolean> {
    this.#digests ??= unlessUnreadable(this.#journal.acknowledgedDigests(), new Set());
    return (await this.#digests).has(digest);
  }

  /** What a manifest referred to in vain when it was pushed; undefined where nobody knows. */
  async absentOf(manifest: Digest): Promise<ReadonlySet<string> | undefined> {
    this.#absent ??= unlessUnreadable(this.#readAbsent(), new Map());
    return (await this.#absent).get(manifest);
  }

  /** True for a manifest that was deleted as such, through a server or a command, while the history looks back, whatever lists it. */
  async wasDeleted(digest: Digest): Promise<boolean> {
    this.#deleted ??= unlessUnreadable(this.#readDeleted(), new Set());
    return (await this.#deleted).has(digest);
  }

  /** Undefined where they are not kept, or cannot be read; what the digest says else. */
  async manifestBytes(digest: Digest): Promise<Uint8Array | undefined> {
    return unlessUnreadable(this.#journal.manifestBytes(digest), undefined);
  }

  /** Undefined where there is no journal. Throws a StorageError for one that may not be read. */
  check(): Promise<JournalCheck | undefined> {
    return checkJournal(this.#store, this.#keys.journal);
  }

  async #readDeleted(): Promise<ReadonlySet<string>> {
    const deleted = new Set<string>();
    for await (const record of new HistoryFile(this.#store, this.#keys.history).records())
      if (record.kind === 'removed') deleted.add(record.removed.removed.digest);
    return deleted;
  }

  async #readAbsent(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const found = new Map<string, ReadonlySet<string>>();
    for await (const { digest, absent } of this.#journal.manifests()) found.set(digest, new Set(absent));
    return found;
  }
}

/** What cannot be read is told by `check`. */
async function unlessUnreadable<Result>(work: Promise<Result>, otherwise: Result): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof StorageError) return otherwise;
    throw error;
  }
}
