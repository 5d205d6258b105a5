// What another tool changed in index.json: added, deleted on purpose, or lost by writing back an old copy. Pure decisions;
// docs/healing.md#the-journal states the rules that are numbered here.

import {
  type Delta,
  digestOfKey,
  type EntryKey,
  type IndexedEntry,
  identityOf,
  isEmptyDelta,
  isNamed,
  nameOfKey,
  noDelta,
} from '../index/entry-key.ts';
import { untagged } from '../index/untagged-entry.ts';
import { eachInSteps, finished, paced, type SteppedWork } from '../pacing/steps.ts';
import {
  applyDelta,
  type Candidate,
  candidatesOf,
  copyOf,
  digestsOf,
  FileView,
  namesOf,
  type Past,
  type State,
  stateAt,
  Timeline,
} from './base-inference.ts';
import { healPolicy } from './heal-policy.ts';
import { alteredAmong, believedOf, isTorn } from './torn-file.ts';

/** A file that somebody else may have written. */
export interface ForeignFile {
  readonly entries: Iterable<IndexedEntry>;
  /** A replaced file is a new inode; one that was written in place took longer to make, as a rule. */
  readonly arrived: 'rename' | 'in-place';
  readonly modifiedAtMs: number;
  readonly seenAtMs: number;
}

export interface Judgement {
  /** From the newest version known to this file: what is recorded about it. */
  readonly seen: Delta;
  /** From WANT before to WANT now. */
  readonly want: Delta;
  /** From this file to WANT now: what must be written. */
  readonly heal: Delta;
  /** False when the file may stay as it is: nothing differs but an untagged twin of an entry that is listed. */
  readonly urgent: boolean;
  readonly notes: readonly JudgementNote[];
}

/** What the log says about a judgement (rule 7). */
export type JudgementNote =
  /** The file was made from a copy this old; ours went back, and what it brought back that was deleted went away again. */
  | { readonly kind: 'restored'; readonly keys: readonly EntryKey[]; readonly baseAgeMs: number }
  | { readonly kind: 'withdrawn'; readonly keys: readonly EntryKey[]; readonly baseAgeMs: number }
  /** A delete by the other tool was honoured, of an entry this young. */
  | { readonly kind: 'deleted'; readonly key: EntryKey; readonly ageMs: number }
  /** Nobody can tell a stale rewrite from an edit; this is what was assumed. */
  | { readonly kind: 'ambiguous'; readonly choice: 'edit' | 'stale'; readonly keys: readonly EntryKey[] }
  /** Both moved a tag: theirs has it, our digest stays untagged. */
  | { readonly kind: 'displaced'; readonly refName: string; readonly digest: string }
  /** The file held nothing of what was there: damage, not an edit. */
  | { readonly kind: 'clobbered'; readonly entries: number }
  /** The file is a mixture of what several programs wrote (torn-file.ts): its additions were taken, and nothing else of it. */
  | { readonly kind: 'torn'; readonly missing: number; readonly added: number };

/** Judges a file against the versions that are known. A file that shows what was acknowledged comes out with empty deltas. */
export function judge(past: Past, file: ForeignFile): Judgement {
  return finished(judging(past, file));
}

/** The same in turns: it goes a dozen times through what may be a hundred thousand entries. */
export function judgeInTurns(past: Past, file: ForeignFile): Promise<Judgement> {
  return paced(judging(past, file));
}

export function* judging(past: Past, file: ForeignFile): SteppedWork<Judgement> {
  const timeline = yield* Timeline.of(past);
  const tipState = yield* stateAt(past, past.versions.length - 1);
  const view = yield* FileView.of(file.entries, tipState);
  const altered = yield* alteredAmong(view.reprinted);
  return yield* new Judging({ past, file, timeline, tipState, view, altered }).judgement();
}

/** What is worked out before anything is judged. */
interface Prepared {
  readonly past: Past;
  readonly file: ForeignFile;
  readonly timeline: Timeline;
  readonly tipState: State;
  readonly view: FileView;
  readonly altered: readonly EntryKey[];
}

class Judging {
  readonly #past: Past;
  readonly #file: FileView;
  /** Known entries that the file spoils. */
  readonly #altered: readonly EntryKey[];
  readonly #timeline: Timeline;
  /** When the file was written. A time stamp from before our newest version was put back by cp -p, tar or rsync. */
  readonly #atMs: number;
  readonly #graceMs: number;
  /** The newest version known, and what it lists. */
  readonly #tip: number;
  readonly #tipState: State;
  readonly #notes: JudgementNote[] = [];

  constructor({ past, file, timeline, tipState, view, altered }: Prepared) {
    this.#past = past;
    this.#timeline = timeline;
    this.#tip = past.versions.length - 1;
    this.#tipState = tipState;
    this.#file = view;
    this.#altered = altered;
    const tipAtMs = past.versions[this.#tip]?.atMs ?? 0;
    this.#atMs = file.modifiedAtMs >= tipAtMs ? Math.min(file.modifiedAtMs, file.seenAtMs) : file.seenAtMs;
    this.#graceMs = healPolicy.graceMs[file.arrived];
  }

  *judgement(): SteppedWork<Judgement> {
    const { owed, branches } = this.#past;
    const tip = this.#tipState;
    const before = yield* copyOf(tip);
    applyDelta(before, owed);
    for (const { base, delta } of branches) yield* this.#apply(before, delta, yield* this.#versionAt(base), false);
    const base = yield* this.#versionAt(yield* this.#base());
    const edit = yield* this.#editFrom(base.state);
    const want = yield* copyOf(before);
    yield* this.#apply(want, yield* this.#honoured(edit, base, before), base, true);
    const heal = this.#withAltered(yield* differenceOf(this.#file.entries, want), want);
    yield* this.#noteOutcome(base.at, before, want, heal);
    return {
      seen: yield* differenceOf(tip, this.#file.entries),
      want: yield* differenceOf(before, want),
      heal,
      urgent: heal.removed.length > 0 || heal.added.some(({ key }) => !this.#file.covers(key)),
      notes: this.#notes,
    };
  }

  /** What stands in the file under its key, and not as it is, is written again. */
  #withAltered({ added, removed }: Delta, want: State): Delta {
    const again = this.#altered.flatMap((key) => want.get(key) ?? []);
    if (again.length === 0) return { added, removed };
    return { added: [...added, ...again], removed: [...removed, ...again.map(({ key }) => key)] };
  }

  /** What of the edit is taken for meant: all of it, unless no command of any tool leaves such a file. */
  *#honoured(edit: Delta, base: Base, before: State): SteppedWork<Delta> {
    const tip = this.#tipState;
    const explained = {
      edit,
      base: base.state,
      isStale: base.at !== this.#tip,
      names: { has: (name: string) => this.#file.named(name).length > 0 },
      isYoung: (key: EntryKey) => this.#atMs - this.#timeline.addedAtMs(key, this.#tip) <= healPolicy.windowMs,
      isKnown: (key: EntryKey) => this.#timeline.knows(key),
      isFromLater: (key: EntryKey) => this.#timeline.addedAt(key, this.#tip) > base.at,
      isWanted: (key: EntryKey) => before.has(key),
      isAltered: this.#altered.length > 0,
      lacksAny: () => this.#lacksAnyOf(tip),
    };
    const isDamage = yield* isTorn(explained);
    // An emptied, overwritten or recreated file is no operation of any tool: a delete leaves the rest alone.
    if (!isDamage && tip.size > healPolicy.undoneLimit && !(yield* this.#keepsAnyOf(tip))) {
      this.#notes.push({ kind: 'clobbered', entries: tip.size });
      return { added: edit.added, removed: [] };
    }
    if (!isDamage) return edit;
    this.#notes.push({ kind: 'torn', missing: edit.removed.length, added: edit.added.length });
    return yield* believedOf(explained, before, yield* this.#timeline.digests(), (entry) =>
      untagged(entry, this.#atMs),
    );
  }

  *#versionAt(at: number): SteppedWork<Base> {
    return { at, state: at === this.#tip ? this.#tipState : yield* stateAt(this.#past, at) };
  }

  *#keepsAnyOf(state: State): SteppedWork<boolean> {
    for (const key of state.keys()) {
      if (this.#file.covers(key)) return true;
      yield;
    }
    return false;
  }

  *#lacksAnyOf(state: State): SteppedWork<boolean> {
    for (const key of state.keys()) {
      if (!this.#file.covers(key)) return true;
      yield;
    }
    return false;
  }

  /** Rule 2, then rule 4: the index of the version that the file was most likely made from. */
  *#base(): SteppedWork<number> {
    const candidates = yield* candidatesOf(this.#past, this.#file, this.#atMs - healPolicy.windowMs);
    const cost = candidates.reduce((least, candidate) => Math.min(least, candidate.cost), Number.POSITIVE_INFINITY);
    const cheapest = candidates.filter((candidate) => candidate.cost === cost);
    const newest = cheapest[0]?.at ?? this.#tip;
    if (cost === 0) return (yield* this.#undoneOnPurpose(candidates, newest)) ?? newest;
    if (cheapest.length === 1) return newest;
    const tied = cheapest.slice(0, healPolicy.tieLimit).map(({ at }) => at);
    const known = new Map<EntryKey, IndexedEntry>();
    for (const at of tied) {
      const { state } = yield* this.#versionAt(at);
      yield* eachInSteps(state, ([key, entry]) => known.set(key, entry));
    }
    for (const at of tied) if (yield* this.#isCredible(at, known)) return at;
    return tied.at(-1) ?? newest;
  }

  /**
   * Rule 4: the file equals an older version exactly, and a newer one explains it by at most two changes undone. Undone on
   * purpose, if the youngest of them is older than quick tools take from reading to writing; else the file is a stale rewrite.
   */
  *#undoneOnPurpose(candidates: readonly Candidate[], exact: number): SteppedWork<number | undefined> {
    for (const { at, missing, extra } of candidates) {
      if (at <= exact) return undefined;
      // An edit of a version that was superseded long before is as stale as a rewrite: no reason to prefer it.
      const supersededAtMs = this.#past.versions[at + 1]?.atMs ?? this.#atMs;
      if (this.#atMs - supersededAtMs > this.#graceMs) return undefined;
      if (missing + extra > healPolicy.undoneLimit) continue;
      const { added, removed } = yield* this.#editFrom((yield* this.#versionAt(at)).state);
      const keys = [...removed, ...added.map(({ key }) => key)];
      const times = [
        ...removed.map((key) => this.#timeline.addedAtMs(key, at)),
        ...added.map(({ key }) => this.#timeline.removedAtMs(key, at)),
      ];
      const choice = this.#atMs - Math.max(...times) > this.#graceMs ? 'edit' : 'stale';
      this.#notes.push({ kind: 'ambiguous', choice, keys });
      if (choice === 'edit') return at;
    }
    return undefined;
  }

  /**
   * Between candidates of equal cost: no tool deletes one entry while it adds another, or adds again what was deleted while it adds
   * something else; and what changed a moment ago was not undone, but not seen. `known` is what any of them lists.
   */
  *#isCredible(at: number, known: State): SteppedWork<boolean> {
    const { state } = yield* this.#versionAt(at);
    const { added, removed } = yield* this.#editFrom(state);
    const [before, listed] = [yield* digestsOf(known), yield* digestsOf(state)];
    const again = added.filter(
      ({ key, digest }) => (isNamed(key) && known.has(key)) || (before.has(digest) && !listed.has(digest)),
    );
    if (again.length > 0 && again.length < added.length) return false;
    const names = new Set(added.map(({ key }) => nameOfKey(key)));
    const deleted = removed.filter((key) => !isNamed(key) || !names.has(nameOfKey(key)));
    if (deleted.length > 0 && added.some(({ key }) => isNamed(key))) return false;
    const times = [
      ...deleted.map((key) => this.#timeline.addedAtMs(key, at)),
      ...again.map(({ key }) => this.#timeline.removedAtMs(key, at)),
    ];
    return times.every((changedAtMs) => this.#atMs - changedAtMs > this.#graceMs);
  }

  /** Rule 3: what the file adds to and removes from its base. */
  *#editFrom(base: State): SteppedWork<Delta> {
    const { added, removed } = yield* differenceOf(base, this.#file.entries);
    return { added, removed: removed.filter((key) => !this.#file.covers(key)) };
  }

  /** Rule 3: applies an edit made to `base` to what is wanted now. Names listed twice in a file that is `shown` are left to it. */
  *#apply(want: Map<EntryKey, IndexedEntry>, edit: Delta, base: Base, shown: boolean): SteppedWork<void> {
    if (isEmptyDelta(edit)) return;
    const hasUnnamed = edit.added.some(({ key }) => !isNamed(key));
    const [known, held] = hasUnnamed ? [yield* digestsOf(base.state), yield* digestsOf(want)] : [noneOf, noneOf];
    // skopeo leaves an untagged entry where it moves a tag away; of a manifest that was deleted since it read, that is no addition.
    const added = edit.added.filter(({ key, digest }) => isNamed(key) || !known.has(digest) || held.has(digest));
    const names = new Set(edit.added.map(({ key }) => nameOfKey(key)).filter((name) => name !== undefined));
    const losers: IndexedEntry[] = [];
    if (names.size > 0) {
      yield* eachInSteps(want.values(), (entry) => {
        const name = nameOfKey(entry.key);
        if (name !== undefined && names.has(name)) losers.push(entry);
      });
    }
    const addedKeys = new Set(added.map(({ key }) => key));
    const wantsWithEdit = (key: EntryKey) => want.has(key) || addedKeys.has(key);
    yield* eachInSteps(edit.removed, (key) => {
      // Taken away from an old copy, but acknowledged again since.
      if (this.#timeline.addedAt(key, this.#tip) > base.at) return;
      // oras keeps one entry of a name: where a torn file had listed two, perhaps not ours. A name that goes to nobody is not given away.
      const holders = shown && isNamed(key) ? this.#file.named(nameOfKey(key)) : [];
      if (holders.length === 0 || holders.some(wantsWithEdit)) want.delete(key);
    });
    for (const { key } of losers) if (!shown || !this.#file.has(key)) want.delete(key);
    for (const entry of added) want.set(entry.key, entry);
    const listed = losers.length === 0 ? noneOf : yield* digestsOf(want);
    for (const entry of losers) {
      yield;
      // What was acknowledged within the window stays pullable by digest, whichever tool took its tag; regctl lets go of older ones.
      const ageMs = base.state.has(entry.key) ? this.#atMs - this.#timeline.addedAtMs(entry.key, this.#tip) : 0;
      if (listed.has(entry.digest) || ageMs > healPolicy.windowMs) continue;
      const kept = untagged(entry, this.#atMs);
      want.set(kept.key, kept);
      this.#notes.push({ kind: 'displaced', refName: identityOf(entry.key).refName ?? '', digest: entry.digest });
    }
  }

  *#noteOutcome(base: number, before: State, want: State, heal: Delta): SteppedWork<void> {
    const baseAgeMs = base === this.#tip ? 0 : this.#atMs - (this.#past.versions[base + 1]?.atMs ?? this.#atMs);
    const restored = heal.added.filter(({ key }) => before.has(key) && !this.#file.covers(key)).map(({ key }) => key);
    if (restored.length > 0) this.#notes.push({ kind: 'restored', keys: restored, baseAgeMs });
    const withdrawn = heal.removed.filter((key) => !want.has(key));
    if (withdrawn.length > 0) this.#notes.push({ kind: 'withdrawn', keys: withdrawn, baseAgeMs });
    const gone = (yield* differenceOf(before, want)).removed;
    const digests = gone.length === 0 ? noneOf : yield* digestsOf(want);
    const names = gone.length === 0 ? noneOf : yield* namesOf(want.keys());
    for (const key of gone) {
      if (isNamed(key) ? names.has(nameOfKey(key)) : digests.has(digestOfKey(key))) continue;
      const ageMs = this.#atMs - this.#timeline.addedAtMs(key, this.#tip);
      if (ageMs <= healPolicy.windowMs) this.#notes.push({ kind: 'deleted', key, ageMs });
    }
  }
}

const noneOf: ReadonlySet<string | undefined> = new Set();

/** A version of the file, by its index in the past. */
interface Base {
  readonly at: number;
  readonly state: State;
}

/** Empty when both hold the same keys. */
function* differenceOf(from: State, to: State): SteppedWork<Delta> {
  const added: IndexedEntry[] = [];
  const removed: EntryKey[] = [];
  yield* eachInSteps(to.values(), (entry) => {
    if (!from.has(entry.key)) added.push(entry);
  });
  yield* eachInSteps(from.keys(), (key) => {
    if (!to.has(key)) removed.push(key);
  });
  return added.length + removed.length === 0 ? noDelta : { added, removed };
}
