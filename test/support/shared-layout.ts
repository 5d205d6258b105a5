// One index.json that we and other tools write, as a model without files: every version is recorded, foreign ones are judged and healed
// as the server does it. What was acknowledged is kept beside, to be compared with.
import type { Branch, FileVersion, Past } from '../../src/layout/healing/base-inference.ts';
import { type Judgement, judge } from '../../src/layout/healing/foreign-edits.ts';
import {
  type Delta,
  type EntryKey,
  type IndexedEntry,
  isNamed,
  nameOfKey,
  noDelta,
} from '../../src/layout/index/entry-key.ts';
import { untagged } from '../../src/layout/index/untagged-entry.ts';
import type { VersionLabel } from '../../src/storage/object-store.ts';
import { digestNamed, type Entries, entry, type ForeignEdit } from './foreign-tools.ts';

export class SharedLayout {
  nowMs = 1_000_000_000;
  /** Every state that the file had, oldest first. */
  readonly states: Entries[];
  #versions: FileVersion[];
  readonly #start: ReadonlyMap<EntryKey, IndexedEntry>;
  #owed: Delta = noDelta;

  constructor(start: Entries = []) {
    this.#start = new Map(start.map((each) => [each.key, each]));
    this.states = [start];
    this.#versions = [{ label: this.#label(0), atMs: this.nowMs, ...noDelta }];
  }

  get past(): Past {
    return { start: this.#start, versions: this.#versions, owed: this.#owed, branches: [] };
  }

  get file(): Entries {
    return this.states.at(-1) ?? [];
  }

  /** The file as it was `commits` versions ago. */
  readAgo(commits: number): Entries {
    return this.states.at(-1 - commits) ?? this.states[0] ?? [];
  }

  /** How many versions ago the file showed what a tool may have read at most `ms` ago. */
  versionsWithin(ms: number): number {
    const superseded = this.#versions.findIndex(({ atMs }, at) => at > 0 && atMs >= this.nowMs - ms);
    return superseded < 0 ? 0 : this.#versions.length - superseded;
  }

  wait(ms: number): this {
    this.nowMs += ms;
    return this;
  }

  /** A push of ours; the manifest that a tag leaves stays listed. */
  push(content: string, tag?: string): this {
    const pushed = entry(content, tag === undefined ? {} : { tag });
    const holders = tag === undefined ? [] : this.file.filter((each) => nameOfKey(each.key) === tag);
    if (this.file.some((each) => each.key === pushed.key) && holders.length <= 1) return this;
    const twins = this.file.filter((each) => tag !== undefined && each.digest === pushed.digest && !isNamed(each.key));
    return this.#commit([pushed], [...holders, ...twins]);
  }

  deleteTag(tag: string): this {
    return this.#commit(
      [],
      this.file.filter((each) => nameOfKey(each.key) === tag),
    );
  }

  /** By digest: gone with all its tags. */
  deleteManifest(content: string): this {
    const gone = this.file.filter((each) => each.digest === digestNamed(content));
    return this.#publish({ added: [], removed: gone.map((each) => each.key) });
  }

  /** A tool writes what it made of the copy that it read, and we judge and heal. */
  foreign({ edit, arrived }: ForeignEdit, read: Entries): Judgement {
    const judgement = this.judgeOnly(edit(read), arrived);
    this.record(edit(read), judgement);
    if (judgement.urgent) this.heal(judgement);
    return judgement;
  }

  judgeOnly(
    entries: Entries,
    arrived: 'rename' | 'in-place',
    modifiedAtMs = this.nowMs,
    branches: readonly Branch[] = [],
  ): Judgement {
    return judge({ ...this.past, branches }, { entries, arrived, modifiedAtMs, seenAtMs: this.nowMs });
  }

  /** The foreign version as it is recorded before a heal. */
  record(entries: Entries, judgement: Judgement): void {
    this.#append(judgement.seen, [...new Map(entries.map((each) => [each.key, each])).values()]);
    this.#owed = judgement.urgent ? judgement.heal : noDelta;
  }

  heal({ heal }: Judgement): void {
    this.#publish(heal);
  }

  has(content: string, tag?: string): boolean {
    return this.file.some(
      (each) => each.digest === digestNamed(content) && (tag === undefined || nameOfKey(each.key) === tag),
    );
  }

  tag(tag: string): string | undefined {
    return this.file.findLast((each) => nameOfKey(each.key) === tag)?.digest;
  }

  #commit(added: readonly IndexedEntry[], removed: Entries): this {
    const gone = new Set(removed.map((each) => each.key));
    const rest = [...this.file.filter((each) => !gone.has(each.key)), ...added];
    const left = removed.filter((each) => isNamed(each.key) && !rest.some((other) => other.digest === each.digest));
    return this.#publish({ added: [...added, ...left.map((each) => untagged(each, this.nowMs))], removed: [...gone] });
  }

  #publish(delta: Delta): this {
    const gone = new Set(delta.removed);
    const kept = this.file.filter((each) => !gone.has(each.key));
    const added = delta.added.filter((each) => !kept.some((other) => other.key === each.key));
    this.#append(delta, [...kept, ...added]);
    this.#owed = noDelta;
    return this;
  }

  #append(delta: Delta, state: Entries): void {
    this.states.push(state);
    this.#versions = [...this.#versions, { label: this.#label(this.#versions.length), atMs: this.nowMs, ...delta }];
  }

  #label(at: number): VersionLabel {
    return `v${at}` as VersionLabel;
  }
}
