// A snapshot being edited: additions and removals on top of an immutable index, until `finish` prints them as the next one.
import type { Digest } from '../../oci/digest.ts';
import type { Tag } from '../../oci/reference.ts';
import { AddedEntries } from './added-entries.ts';
import { IndexDocument } from './index-document.ts';
import type { IndexEntry } from './index-entry.ts';
import type { LayoutIndex } from './layout-index.ts';
import { withSchemaVersion } from './schema-version.ts';
import { editedSegments } from './segment-edits.ts';

export class IndexDraft {
  readonly base: LayoutIndex;
  readonly #removed = new Set<IndexEntry>();
  /** How many entries of a digest are removed: a tag may have been listed a hundred thousand times. */
  readonly #removedOf = new Map<Digest, number>();
  readonly #withdrawn = new Set<Digest>();
  readonly #added = new AddedEntries();

  constructor(base: LayoutIndex) {
    this.base = base;
  }

  get changed(): boolean {
    return this.#removed.size > 0 || this.#added.all.size > 0;
  }

  get added(): readonly IndexEntry[] {
    return [...this.#added.all];
  }

  get removed(): ReadonlySet<IndexEntry> {
    return this.#removed;
  }

  tagged(tag: Tag): readonly IndexEntry[] {
    return this.#current(this.base.tagged(tag), this.#added.tagged(tag));
  }

  get fullNames(): readonly IndexEntry[] {
    return this.#current(this.base.fullNames, this.#added.fullNames);
  }

  /** True also when the last tag is about to go: then nothing is read as an unnamed image either. */
  get hasTags(): boolean {
    return this.base.hasTags || this.#added.hasTags;
  }

  listed(digest: Digest): readonly IndexEntry[] {
    return this.#current(this.base.listed(digest), this.#added.listed(digest));
  }

  /** True when an entry of the digest is on the list; asks no more entries than it must. */
  lists(digest: Digest, matches: (entry: IndexEntry) => boolean = () => true): boolean {
    if (
      this.base.listed(digest).length > (this.#removedOf.get(digest) ?? 0) &&
      this.base.listed(digest).some((entry) => !this.#removed.has(entry) && matches(entry))
    )
      return true;
    for (const entry of this.#added.listed(digest)) if (matches(entry)) return true;
    return false;
  }

  untagged(digest: Digest): readonly IndexEntry[] {
    return this.#current(
      this.base.untagged(digest),
      [...this.#added.listed(digest)].filter(({ isNamed }) => !isNamed),
    );
  }

  responsesFor(subject: Digest): readonly IndexEntry[] {
    return this.#current(this.base.responsesFor(subject), this.#added.responsesFor(subject));
  }

  /** Every entry as the draft stands, additions last: for questions that are asked once a batch. */
  get entries(): Iterable<IndexEntry> {
    return this.#entries();
  }

  add(entry: IndexEntry): void {
    if (entry.digest !== undefined) this.#withdrawn.delete(entry.digest);
    this.#added.add(entry);
  }

  remove(entry: IndexEntry): void {
    if (this.#added.remove(entry) || this.#removed.has(entry)) return;
    this.#removed.add(entry);
    const { digest } = entry;
    if (digest !== undefined) this.#removedOf.set(digest, (this.#removedOf.get(digest) ?? 0) + 1);
  }

  /** Takes a manifest off the list for good: its file goes with the next replacement unless it is listed again. */
  withdraw(digest: Digest): void {
    for (const entry of this.listed(digest)) this.remove(entry);
    this.#withdrawn.add(digest);
  }

  get withdrawn(): ReadonlySet<Digest> {
    return this.#withdrawn;
  }

  /** The next snapshot: foreign entries keep their places, each addition stands after the last entry of its rank. */
  finish(): LayoutIndex {
    const { document } = this.base;
    const segments = editedSegments(document.segments, this.#removed, this.added);
    const next = new IndexDocument(withSchemaVersion(document), segments, undefined);
    return this.base.derive(next, this.#removed, this.added);
  }

  *#entries(): Iterable<IndexEntry> {
    for (const { entries } of this.base.document.segments)
      for (const entry of entries) if (!this.#removed.has(entry)) yield entry;
    yield* this.#added.all;
  }

  #current(base: readonly IndexEntry[], added: Iterable<IndexEntry>): readonly IndexEntry[] {
    return [...base.filter((entry) => !this.#removed.has(entry)), ...added];
  }
}
