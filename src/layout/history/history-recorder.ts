// Writes the history of a layout, under the lock of its index.json: what an update moved is noted right after it became visible, and what
// nobody noted, because another program wrote or a process died, is worked out by the next who looks.
import type { Clock } from '../../storage/clock.ts';
import type { Log } from '../../storage/log.ts';
import type { Key, ObjectStore, SmallObject, VersionLabel } from '../../storage/object-store.ts';
import { meansNoSpace, StorageError } from '../../storage/storage-error.ts';
import type { LayoutNames, NamedEntries } from '../names/repository-names.ts';
import { Pace } from '../pacing/pace.ts';
import { paced } from '../pacing/steps.ts';
import { type HistoryEnd, HistoryFile } from './history-file.ts';
import { historyLimits, trimming } from './history-limits.ts';
import { type HistoryRecord, historyHeader, printRecord, type SeenVersion } from './history-record.ts';
import { type TagMove, type TagTarget, tagKey } from './tag-move.ts';
import { knownTags, movesBetween, tagTargetsIn } from './tag-targets.ts';

/** index.json as it is before any edit, with what was put back of it. */
export interface LookedAt {
  readonly label: VersionLabel | undefined;
  readonly index: NamedEntries;
  /** Something was put back, or taken from elsewhere: the tags may differ although the version is known. */
  readonly isHealed: boolean;
  /** Another program wrote it. */
  readonly isForeign: boolean;
  /** When the file last changed; undefined when there is none. */
  readonly changedAtMs: number | undefined;
}

export interface HistoryRecorderOptions {
  readonly store: ObjectStore;
  readonly key: Key;
  readonly names: LayoutNames;
  readonly clock: Clock;
  readonly log: Log;
  /** Names the layout in the log. */
  readonly name: string;
}

/** What one update of index.json adds to the history. */
export class HistoryDraft {
  readonly isNew: boolean;
  readonly #atMs: number;
  readonly #records: HistoryRecord[];
  readonly #lastOf = new Map<string, number>();
  #lastMs: number;

  constructor({ isNew, atMs, records }: { isNew: boolean; atMs: number; records: readonly HistoryRecord[] }) {
    this.isNew = isNew;
    this.#atMs = atMs;
    this.#records = [...records];
    this.#lastMs = atMs;
    for (const record of records) if (record.kind === 'move') this.#lastOf.set(tagKey(record.move), record.move.atMs);
  }

  get isEmpty(): boolean {
    return this.#records.length === 0;
  }

  /** When what is added now happens: later than whatever is in the file, unless the clock was set back. */
  get atMs(): number {
    return this.#atMs;
  }

  /** A tag that moves twice in one update does so at two times. */
  addMoves(moves: readonly Omit<TagMove, 'atMs'>[]): void {
    for (const move of moves) {
      const key = tagKey(move);
      const atMs = Math.max(this.#atMs, (this.#lastOf.get(key) ?? 0) + 1);
      this.#lastOf.set(key, atMs);
      this.#lastMs = Math.max(this.#lastMs, atMs);
      this.#records.push({ kind: 'move', move: { ...move, atMs } });
    }
  }

  addRemoved({ digest, mediaType, size }: TagTarget): void {
    const removed = { digest, mediaType, size };
    this.#records.push({ kind: 'removed', removed: { removed, atMs: this.#atMs } });
  }

  /** Begins on a line of its own, also after one that was cut short. */
  print(label: VersionLabel | undefined): { readonly bytes: Buffer; readonly seen: SeenVersion } {
    const seen = { label, atMs: this.#lastMs };
    const lines = [...this.#records, { kind: 'seen', seen } as const].map(printRecord).join('');
    return { bytes: Buffer.from(`${this.isNew ? historyHeader : '\n'}${lines}`), seen };
  }
}

/** Within so much a clock is taken to go on, however coarse it is: times that follow each other differ. */
const coarseMs = 1_000;

export class HistoryRecorder {
  readonly #options: HistoryRecorderOptions;
  readonly #file: HistoryFile;
  /** What was to be appended last for each update. */
  readonly #noted = new WeakMap<HistoryDraft, ReturnType<HistoryDraft['print']>>();
  #trimAtBytes: number = historyLimits.floorBytes;

  constructor(options: HistoryRecorderOptions) {
    this.#options = options;
    this.#file = new HistoryFile(options.store, options.key);
  }

  /** What is to be noted about the version before anything is edited. One stat where all of it is known. */
  async look(now: LookedAt): Promise<HistoryDraft> {
    const { store, key, names, clock } = this.#options;
    const found = await this.#file.end();
    const end = (found?.size ?? 0) > this.#trimAtBytes ? await this.#trim() : found;
    const nowMs = clock.now();
    if (end === undefined) {
      // What is no history, or of a form that nobody knows, would stand before what is appended.
      if ((await store.stat(key)) !== undefined) await store.delete(key);
      const known = knownTags(tagTargetsIn(now.index, names), Math.min(now.changedAtMs ?? nowMs, nowMs));
      return new HistoryDraft({
        isNew: true,
        atMs: nowMs,
        records: known.map((each) => ({ kind: 'known', known: each })),
      });
    }
    const lastMs = end.seen?.atMs ?? 0;
    const atMs = nowMs <= lastMs && lastMs - nowMs < coarseMs ? lastMs + 1 : nowMs;
    if (end.seen !== undefined && end.seen.label === now.label && !now.isHealed) {
      return new HistoryDraft({ isNew: false, atMs, records: [] });
    }
    const known = await this.#file.targetsAtEnd();
    const writtenMs = Math.max(Math.min(now.changedAtMs ?? nowMs, atMs - 1), Math.min(lastMs + 1, atMs));
    const moves = movesBetween(known, tagTargetsIn(now.index, names), { how: 'foreign', atMs: writtenMs }).map(
      (move) => (now.isForeign ? move : { ...move, how: move.to === undefined ? 'delete' : 'push' }) satisfies TagMove,
    );
    return new HistoryDraft({ isNew: false, atMs, records: moves.map((move) => ({ kind: 'move', move })) });
  }

  /** What to append once the version is visible. */
  noteOf(draft: HistoryDraft, published: VersionLabel): SmallObject {
    const note = draft.print(published);
    this.#noted.set(draft, note);
    return { key: this.#options.key, bytes: note.bytes };
  }

  /** The version is visible. `problem`: what kept it from being noted; undefined when it was. */
  published(draft: HistoryDraft, label: VersionLabel, problem: unknown): void {
    if (problem !== undefined) this.#unnoted(problem);
    const noted = this.#noted.get(draft);
    const isKnown = problem === undefined && !draft.isNew && noted?.seen.label === label;
    if (isKnown) this.#file.appended(noted.bytes.byteLength, noted.seen);
    else this.#file.forget();
  }

  /** The version stays as it is: what was found out about it is noted, under the same lock. */
  async accept(draft: HistoryDraft, label: VersionLabel | undefined): Promise<void> {
    const { store, key } = this.#options;
    const end = draft.isNew ? undefined : await this.#file.end();
    if (end?.seen !== undefined && end.seen.label === label && draft.isEmpty) return;
    this.#file.forget();
    try {
      await store.append(key, draft.print(label).bytes);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#unnoted(error);
    }
  }

  /** Nothing of the repository is refused for that: whoever looks next works it out. */
  #unnoted(error: unknown): void {
    const { log, name } = this.#options;
    log.warn('the history of a repository could not be written', { repository: name, error });
  }

  /** Drops what nobody asks for any more, where that is worth it. */
  async #trim(): Promise<HistoryEnd | undefined> {
    const { store, key, clock } = this.#options;
    const size = (await this.#file.end())?.size ?? 0;
    const all: HistoryRecord[] = [];
    const pace = new Pace();
    for await (const record of this.#file.records()) {
      all.push(record);
      await pace.step();
    }
    const lines: string[] = [historyHeader];
    for (const record of await paced(trimming(all, clock.now()))) {
      lines.push(printRecord(record));
      await pace.step();
    }
    const kept = Buffer.from(lines.join(''));
    this.#trimAtBytes = Math.max(historyLimits.floorBytes, 2 * kept.byteLength);
    try {
      if (kept.byteLength <= size / 2) await store.write(key, kept);
    } catch (error) {
      // No write of the repository is refused for that.
      if (!meansNoSpace(error)) throw error;
    }
    this.#file.forget();
    return this.#file.end();
  }
}
