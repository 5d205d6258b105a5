// Keeps what was acknowledged apart from what index.json shows (docs/healing.md#the-journal): judges versions that other programs
// wrote, says what must be put back, and records every version. All of it happens under the repository's lock.
import { type Digest, isDigest } from '../../oci/digest.ts';
import type { Clock } from '../../storage/clock.ts';
import type { Log } from '../../storage/log.ts';
import type { ObjectInfo, ObjectStore, SmallObject, StoredObject, VersionLabel } from '../../storage/object-store.ts';
import { isSameObject } from '../../storage/version-label.ts';
import type { LayoutKeys } from '../files/keys.ts';
import {
  type Delta,
  digestOfKey,
  type EntryKey,
  type IndexedEntry,
  identityOf,
  indexedEntryOf,
  noDelta,
} from '../index/entry-key.ts';
import { type IndexDocument, IndexUnreadableError } from '../index/index-document.ts';
import type { IndexDraft } from '../index/index-draft.ts';
import { type IndexEntry, parseIndexEntry } from '../index/index-entry.ts';
import { parseIndexInTurns } from '../index/index-parse.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import type { ManifestReader } from '../manifests/manifest-reader.ts';
import type { Past } from './base-inference.ts';
import { type Judgement, judgeInTurns } from './foreign-edits.ts';
import { type HealMeters, isHeal } from './heal-meters.ts';
import type { Journal, JudgedVersion, Publication } from './journal.ts';
import type { JournaledManifest } from './journal-reader.ts';

/** What a file must become to show what was acknowledged, before any new edit. */
export interface Verdict {
  readonly changes: readonly Delta[];
  /** What the journal says about the file; undefined when it shows what was acknowledged, or nothing is known. */
  readonly judged: JudgedVersion | undefined;
  /** False when the changes may wait for the next write. */
  readonly urgent: boolean;
  /** What was written into replaced files and is part of the changes. */
  readonly strays: readonly StoredObject[];
  /** Another program wrote; a commit of another server is no such thing. */
  readonly isForeign: boolean;
  /** A server wrote the version, and nothing else did since. */
  readonly isShown: boolean;
}

export interface Publishing {
  readonly draft: IndexDraft;
  /** From `prepareRecord`. */
  readonly baseEntries: readonly Buffer[];
  readonly author: Publication['author'];
  /** Pushed with this version. */
  readonly manifests: readonly JournaledManifest[];
  readonly base: VersionLabel | undefined;
  readonly published: VersionLabel;
  readonly verdict: Verdict;
}

const nothing: Verdict = {
  changes: [],
  judged: undefined,
  strays: [],
  urgent: false,
  isForeign: false,
  isShown: false,
};

export interface IndexGuardOptions {
  readonly journal: Journal;
  readonly store: ObjectStore;
  readonly keys: LayoutKeys;
  readonly manifests: ManifestReader;
  readonly clock: Clock;
  readonly log: Log;
  readonly meters: HealMeters;
  /** Names the layout in the log. */
  readonly name: string;
}

export class IndexGuard {
  readonly #options: IndexGuardOptions;
  #strays: StoredObject[] = [];

  constructor(options: IndexGuardOptions) {
    this.#options = options;
  }

  /** Somebody finished writing into a file that we had replaced meanwhile: judged with the next version. */
  addStray(stray: StoredObject): void {
    this.#strays.push(stray);
  }

  /** True once anything was acknowledged here. */
  async hasPast(): Promise<boolean> {
    await this.#options.journal.load();
    return this.#options.journal.exists;
  }

  get hasStrays(): boolean {
    return this.#strays.length > 0;
  }

  /** Under the lock, before `record` of what will be published: what that needs of the version it is made from. */
  async prepareRecord(base: VersionLabel | undefined, { document }: LayoutIndex): Promise<readonly Buffer[]> {
    const { journal } = this.#options;
    await journal.removeForeign();
    return journal.printEntriesOf(base, entriesIn(document));
  }

  async judge(base: LayoutIndex, info: ObjectInfo | undefined): Promise<Verdict> {
    const { journal } = this.#options;
    await journal.load();
    await journal.trim(info?.label);
    const shown = journal.shows(info?.label);
    if (shown && this.#strays.length === 0) return { ...nothing, isShown: true };
    // Somebody removed the repository as a whole: nothing of what it held is owed to its successor.
    if (info === undefined && !(await this.#isLayout())) return { ...nothing, strays: [...this.#strays] };
    const past = await journal.recall(info?.label);
    // Nothing is known: the file is adopted as it is.
    if (past === undefined) return { ...nothing, strays: [...this.#strays] };
    const changes: Delta[] = [];
    let judged: JudgedVersion | undefined;
    if (!shown) {
      const newest = past.versions.at(-1)?.label;
      const judgement = await judgeInTurns(past, this.#foreignFile(base.document, info, newest));
      const heal = await this.#withoutLost(judgement.heal);
      judged = { label: info?.label, past, judgement: { ...judgement, heal } };
      changes.push(heal);
      this.#report(judgement);
    }
    const strays = [...this.#strays];
    for (const stray of strays) {
      const document = await documentOf(stray);
      if (document === undefined) continue;
      const then = asOf(past, stray.info.modifiedAtMs);
      const judgement = await judgeInTurns(then, this.#foreignFile(document, stray.info, stray.info.label));
      changes.push(await this.#withoutLost(judgement.want));
      this.#report(judgement);
    }
    const urgent = judged?.judgement.urgent === true || strays.length > 0;
    return { changes, judged, strays, urgent, isForeign: true, isShown: false };
  }

  /** False once the directory is gone; an index.json that alone is missing is damage. */
  async #isLayout(): Promise<boolean> {
    const { store, keys } = this.#options;
    return (await store.stat(keys.ociLayout)) !== undefined;
  }

  /** What to append before the version is visible. */
  record({ draft, baseEntries, author, manifests, base, published, verdict }: Publishing): readonly SmallObject[] {
    return this.#options.journal.recordOf({
      author,
      base,
      label: published,
      delta: { added: draft.added.map(indexedEntryOf), removed: [...draft.removed].map((entry) => entry.key) },
      judged: verdict.judged,
      manifests,
      baseEntries,
    });
  }

  /** The version that the verdict led to is visible. Strays that came while it was being written wait for the next one. */
  published(label: VersionLabel, verdict: Verdict): void {
    this.#settle(verdict);
    this.#options.journal.published(label);
  }

  /** The file was judged and stays as it is: later versions are judged by it too. */
  async accepted(verdict: Verdict): Promise<void> {
    this.#settle(verdict);
    if (verdict.judged === undefined) return;
    const { key, bytes } = this.#options.journal.foreignRecordOf(verdict.judged);
    await this.#options.store.append(key, bytes);
  }

  /** The bytes of a manifest that was pushed lately, for when another program took its file. */
  async manifestBytes(digest: Digest): Promise<Uint8Array | undefined> {
    return this.#options.manifests.cached(digest) ?? this.#options.journal.manifestBytes(digest);
  }

  /** What `manifestBytes` knows of after a restart. */
  journaledManifests(): AsyncIterable<JournaledManifest> {
    return this.#options.journal.manifests();
  }

  acknowledgedDigests(): Promise<ReadonlySet<string>> {
    return this.#options.journal.acknowledgedDigests();
  }

  #settle({ strays }: Verdict): void {
    this.#strays = this.#strays.filter((stray) => !strays.includes(stray));
  }

  /** An entry is never put back without its manifest: containerd, buildx and zot fail on a layout that lists what is not there. */
  async #withoutLost({ added, removed }: Delta): Promise<Delta> {
    const { store, keys } = this.#options;
    const kept: IndexedEntry[] = [];
    for (const entry of added) {
      const { digest } = entry;
      const isHere = !isDigest(digest) || (await store.stat(keys.blob(digest))) !== undefined;
      // What another program deleted comes back from memory or the journal, after the index.
      if (isHere || (await this.manifestBytes(digest)) !== undefined) kept.push(entry);
    }
    return { added: kept, removed };
  }

  #foreignFile(document: IndexDocument, info: ObjectInfo | undefined, before: VersionLabel | undefined) {
    const nowMs = this.#options.clock.now();
    const isInPlace = info !== undefined && before !== undefined && isSameObject(info.label, before);
    return {
      entries: entriesIn(document),
      arrived: isInPlace ? ('in-place' as const) : ('rename' as const),
      modifiedAtMs: info?.modifiedAtMs ?? nowMs,
      seenAtMs: nowMs,
    };
  }

  #report({ notes }: Judgement): void {
    const { log, meters, name } = this.#options;
    for (const { kind, ...note } of notes) {
      if (isHeal(kind)) meters.healed(kind, 1);
      const details = {
        repository: name,
        ...note,
        ...('keys' in note ? { keys: note.keys.slice(0, 20).map(identityOf) } : {}),
      };
      log.warn(`another program changed index.json: ${messages[kind]}`, details);
    }
  }
}

/** File systems stamp with the clock's last tick, our records with the time itself. */
const clockSlackMs = 20;

/**
 * The past as whoever wrote at that time could have read it. A stray is judged late, when what it added may have come into the
 * newest version on another way: against that one it would look like a delete of everything that it had not seen.
 */
function asOf(past: Past, atMs: number): Past {
  const versions = past.versions.filter((version, at) => at === 0 || version.atMs <= atMs + clockSlackMs);
  return { start: past.start, versions, owed: noDelta, branches: [] };
}

const messages: Readonly<Record<Judgement['notes'][number]['kind'], string>> = {
  restored: 'entries that were acknowledged and lost were put back',
  withdrawn: 'entries that had been deleted and came back were removed again',
  deleted: 'its delete of a young entry is honoured',
  ambiguous: 'a stale copy and an edit look the same; this is what was assumed',
  displaced: 'it moved a tag that we had moved; its choice stands, our manifest stays untagged',
  clobbered: 'it held nothing of what was there; everything was put back',
  torn: 'no single command leaves such a file: what is new was taken, all else kept; delete through the registry what is to go',
};

/** Applies a delta to the draft: what is there already stays as it is. */
export function applyToDraft(draft: IndexDraft, { added, removed }: Delta): void {
  for (const key of removed) for (const entry of entriesOf(draft, key)) draft.remove(entry);
  for (const { key, line } of added) if (entriesOf(draft, key).length === 0) draft.add(parseIndexEntry(line));
}

function entriesOf(draft: IndexDraft, key: EntryKey): readonly IndexEntry[] {
  const digest = digestOfKey(key);
  const candidates = isDigest(digest) ? draft.listed(digest) : [...draft.entries];
  return candidates.filter((entry) => entry.key === key);
}

/** Undefined while what was written is no index: half of one, overtaken by our replacement, says nothing. */
async function documentOf(stray: StoredObject) {
  try {
    return await parseIndexInTurns(Buffer.from(stray.bytes), undefined);
  } catch (error) {
    if (error instanceof IndexUnreadableError) return undefined;
    throw error;
  }
}

function* entriesIn({ segments }: IndexDocument): Generator<IndexedEntry> {
  for (const { entries } of segments) for (const entry of entries) yield indexedEntryOf(entry);
}
