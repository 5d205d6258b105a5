// What every recorded version of index.json would cost as the copy that a foreign file was made from (docs/healing.md#the-journal,
// rule 2). One walk back over the deltas: O(entries + deltas), not versions times entries. In steps: there may be a hundred thousand of each.
import type { VersionLabel } from '../../storage/object-store.ts';
import { type Delta, digestOfKey, type EntryKey, type IndexedEntry, isNamed, nameOfKey } from '../index/entry-key.ts';
import { eachInSteps, type SteppedWork } from '../pacing/steps.ts';
import { healPolicy } from './heal-policy.ts';

/** What a version lists. */
export type State = ReadonlyMap<EntryKey, IndexedEntry>;

/** A version of the file that somebody may have read. */
export interface FileVersion extends Delta {
  readonly label: VersionLabel | undefined;
  /** When it was acknowledged, or seen when it was foreign. */
  readonly atMs: number;
}

/** The versions of the file that lead to the newest one known, and what WANT holds beyond that one. */
export interface Past {
  /** The entries of `versions[0]`, whose own delta does not count. */
  readonly start: State;
  /** Oldest first, each made from the one before; at least one. */
  readonly versions: readonly FileVersion[];
  /** From the newest version to WANT: what a heal that did not come through still owes. */
  readonly owed: Delta;
  /** What this process published and another holder of the lock replaced without having seen it. */
  readonly branches: readonly Branch[];
}

/** A delta that was published on top of a version, beside the one that came to follow it. */
export interface Branch {
  /** Index into `Past.versions`. */
  readonly base: number;
  readonly delta: Delta;
}

export interface Reprint {
  readonly known: IndexedEntry;
  readonly line: string;
}

/** A file as it was read, ready to be compared. */
export class FileView {
  readonly entries: ReadonlyMap<EntryKey, IndexedEntry>;
  /** Known entries that the file prints in another way, and how. */
  readonly reprinted: readonly Reprint[];
  readonly #unnamed: ReadonlyMap<string, number>;
  /** Of all its entries. */
  readonly #digests: ReadonlySet<string>;
  readonly #named: ReadonlyMap<string, readonly EntryKey[]>;

  private constructor(
    entries: ReadonlyMap<EntryKey, IndexedEntry>,
    reprinted: readonly Reprint[],
    { unnamed, digests, named }: ReturnType<typeof newLookups>,
  ) {
    this.entries = entries;
    this.reprinted = reprinted;
    this.#unnamed = unnamed;
    this.#digests = digests;
    this.#named = named;
  }

  /** Entries that are `known` are taken from there: comparing a string with itself takes no time, and they are compared often. */
  static *of(entries: Iterable<IndexedEntry>, known: State): SteppedWork<FileView> {
    const byKey = new Map<EntryKey, IndexedEntry>();
    const reprinted: Reprint[] = [];
    yield* eachInSteps(entries, (entry) => {
      const same = known.get(entry.key) ?? entry;
      byKey.set(same.key, same);
      if (same.line !== entry.line) reprinted.push({ known: same, line: entry.line });
    });
    const lookups = newLookups();
    const { unnamed, digests, named } = lookups;
    yield* eachInSteps(byKey.values(), ({ key, digest }) => {
      digests.add(digest);
      const name = nameOfKey(key);
      if (name === undefined) unnamed.set(digest, (unnamed.get(digest) ?? 0) + 1);
      else if (!named.get(name)?.push(key)) named.set(name, [key]);
    });
    return new FileView(byKey, reprinted, lookups);
  }

  has(key: EntryKey): boolean {
    return this.entries.has(key);
  }

  /** Entries of a name. */
  named(name: string | undefined): readonly EntryKey[] {
    return name === undefined ? [] : (this.#named.get(name) ?? []);
  }

  /** Unnamed entries of a digest. */
  unnamed(digest: string): number {
    return this.#unnamed.get(digest) ?? 0;
  }

  /** Rule 1: a missing unnamed entry whose digest is still listed counts as present (oras merges it into the tagged one). */
  covers(key: EntryKey): boolean {
    return this.has(key) || (!isNamed(key) && this.#digests.has(digestOfKey(key)));
  }
}

function newLookups() {
  return {
    unnamed: new Map<string, number>(),
    digests: new Set<string>(),
    named: new Map<string, EntryKey[]>(),
  };
}

export function* digestsOf(state: State): SteppedWork<Set<string>> {
  const digests = new Set<string>();
  yield* eachInSteps(state.values(), ({ digest }) => digests.add(digest));
  return digests;
}

/** What entries are called; without those that have no name. */
export function* namesOf(keys: Iterable<EntryKey>): SteppedWork<Set<string>> {
  const names = new Set<string>();
  yield* eachInSteps(keys, (key) => {
    const name = nameOfKey(key);
    if (name !== undefined) names.add(name);
  });
  return names;
}

/** What a version would cost as the base of the file. */
export interface Candidate {
  /** Index into `Past.versions`. */
  readonly at: number;
  /** Entries of the version that the file lacks, and entries of the file that the version lacks. */
  readonly missing: number;
  readonly extra: number;
  readonly cost: number;
}

export function applyDelta(state: Map<EntryKey, IndexedEntry>, { added, removed }: Delta): void {
  for (const key of removed) state.delete(key);
  for (const entry of added) state.set(entry.key, entry);
}

/** To be changed. */
export function* copyOf(state: State): SteppedWork<Map<EntryKey, IndexedEntry>> {
  const copy = new Map<EntryKey, IndexedEntry>();
  yield* eachInSteps(state, ([key, entry]) => copy.set(key, entry));
  return copy;
}

/** The state of the file at one version. */
export function* stateAt(past: Past, at: number): SteppedWork<Map<EntryKey, IndexedEntry>> {
  const state = yield* copyOf(past.start);
  yield* eachInSteps(past.versions.slice(1, at + 1), (version) => applyDelta(state, version));
  return state;
}

/** When entries came and went, asked by key. */
export class Timeline {
  readonly #past: Past;
  readonly #added = new Map<EntryKey, number[]>();
  readonly #removed = new Map<EntryKey, number[]>();

  private constructor(past: Past) {
    this.#past = past;
  }

  static *of(past: Past): SteppedWork<Timeline> {
    const timeline = new Timeline(past);
    yield* eachInSteps(past.versions.entries(), ([at, { added, removed }]) => {
      if (at === 0) return;
      for (const { key } of added) note(timeline.#added, key, at);
      for (const key of removed) note(timeline.#removed, key, at);
    });
    return timeline;
  }

  /** True when a version listed the entry, whatever became of it. */
  knows(key: EntryKey): boolean {
    return this.#past.start.has(key) || this.#added.has(key);
  }

  /** Of all that any version listed. O(entries + deltas). */
  *digests(): SteppedWork<ReadonlySet<string>> {
    const digests = yield* digestsOf(this.#past.start);
    yield* eachInSteps(this.#past.versions, ({ added }) => {
      for (const { digest } of added) digests.add(digest);
    });
    return digests;
  }

  /** Index of the version that last added the entry, not after `before`; 0 when it was there from the start. */
  addedAt(key: EntryKey, before: number): number {
    return this.#added.get(key)?.findLast((at) => at <= before) ?? 0;
  }

  addedAtMs(key: EntryKey, before: number): number {
    const at = this.addedAt(key, before);
    return at === 0 ? 0 : (this.#past.versions[at]?.atMs ?? 0);
  }

  removedAtMs(key: EntryKey, before: number): number {
    const at = this.#removed.get(key)?.findLast((each) => each <= before);
    return at === undefined ? 0 : (this.#past.versions[at]?.atMs ?? 0);
  }
}

function note(times: Map<EntryKey, number[]>, key: EntryKey, at: number): void {
  const known = times.get(key);
  if (known === undefined) times.set(key, [at]);
  else known.push(at);
}

/** What really changed: an entry that is added although it is there is the same entry printed anew. */
interface Steps {
  readonly gained: readonly IndexedEntry[];
  readonly lost: readonly IndexedEntry[];
}

function advance(state: Map<EntryKey, IndexedEntry>, { added, removed }: Delta): Steps {
  const gained: IndexedEntry[] = [];
  const lost: IndexedEntry[] = [];
  for (const key of removed) {
    const entry = state.get(key);
    if (entry !== undefined && state.delete(key)) lost.push(entry);
  }
  for (const entry of added) {
    if (!state.has(entry.key)) gained.push(entry);
    state.set(entry.key, entry);
  }
  return { gained, lost };
}

/** The candidates that were the newest version at some time since `sinceMs`, newest first. */
export function* candidatesOf(past: Past, file: FileView, sinceMs: number): SteppedWork<readonly Candidate[]> {
  const state = yield* copyOf(past.start);
  const steps: Steps[] = [];
  yield* eachInSteps(past.versions.entries(), ([at, version]) => {
    steps.push(at === 0 ? { gained: [], lost: [] } : advance(state, version));
  });
  const newer = yield* newerEntries(past, steps, file);
  const tally = new Tally(file);
  yield* eachInSteps(state.values(), (entry) => tally.add(entry));
  const candidates: Candidate[] = [];
  let newerThanThis = 0;
  for (let at = past.versions.length - 1; at >= 0; at -= 1) {
    const { missing, extra } = tally;
    candidates.push({ at, missing, extra, cost: missing + extra + healPolicy.newerWeight * newerThanThis });
    if ((past.versions[at]?.atMs ?? 0) < sinceMs) break;
    for (const entry of steps[at]?.gained ?? []) tally.remove(entry);
    for (const entry of steps[at]?.lost ?? []) tally.add(entry);
    newerThanThis += newer.get(at) ?? 0;
    yield;
  }
  return candidates;
}

/**
 * How many entries of the file first appeared with each version: proof that its writer had read that version. An untagged
 * entry of a digest that was known before proves nothing: skopeo makes the same one when it moves a tag.
 */
function* newerEntries(
  { start }: Past,
  steps: readonly Steps[],
  file: FileView,
): SteppedWork<ReadonlyMap<number, number>> {
  const news = new Map<EntryKey, IndexedEntry>();
  yield* eachInSteps(file.entries.values(), (entry) => {
    if (!start.has(entry.key)) news.set(entry.key, entry);
  });
  if (news.size === 0) return new Map();
  const keys = new Map<EntryKey, number>();
  const digests = new Map<string, number>();
  const wanted = yield* digestsOf(news);
  yield* eachInSteps(start.values(), ({ digest }) => {
    if (wanted.has(digest)) digests.set(digest, 0);
  });
  yield* eachInSteps(steps.entries(), ([at, { gained }]) => {
    for (const { key, digest } of gained) {
      if (news.has(key) && !keys.has(key)) keys.set(key, at);
      if (wanted.has(digest) && !digests.has(digest)) digests.set(digest, at);
    }
  });
  const newer = new Map<number, number>();
  yield* eachInSteps(news.values(), ({ key, digest }) => {
    const at = (isNamed(key) ? keys.get(key) : undefined) ?? digests.get(digest) ?? 0;
    if (at > 0) newer.set(at, (newer.get(at) ?? 0) + 1);
  });
  return newer;
}

/** Counts the difference between the file and a state that changes by one entry at a time. */
class Tally {
  missing = 0;
  extra = 0;
  readonly #file: FileView;
  /** Entries of the state by digest, for digests with unnamed entries in the file. */
  readonly #listed = new Map<string, number>();

  constructor(file: FileView) {
    this.#file = file;
    // Against nothing every entry is extra; rule 1 counts both ways, so unnamed ones come off as soon as their digest is listed.
    this.extra = file.entries.size;
  }

  add({ key, digest }: IndexedEntry): void {
    if (this.#count(digest, 1) === 1) this.extra -= this.#file.unnamed(digest);
    if (!this.#file.covers(key)) this.missing += 1;
    else if (isNamed(key)) this.extra -= 1;
  }

  remove({ key, digest }: IndexedEntry): void {
    if (this.#count(digest, -1) === 0) this.extra += this.#file.unnamed(digest);
    if (!this.#file.covers(key)) this.missing -= 1;
    else if (isNamed(key)) this.extra += 1;
  }

  #count(digest: string, change: 1 | -1): number | undefined {
    if (this.#file.unnamed(digest) === 0) return undefined;
    const count = (this.#listed.get(digest) ?? 0) + change;
    this.#listed.set(digest, count);
    return count;
  }
}
