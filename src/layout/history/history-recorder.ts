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
import { type HistoryRecord, historyHeader, printedRecords, printRecord, type SeenVersion } from './history-record.ts';
import { ownMove, type TagMove, type TagTarget, type TagTargets, tagKey } from './tag-move.ts';
import { knownTag, movesFound, tagTargetsOf } from './tag-targets.ts';

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
  /** Moves that nobody had noted, found in the file as it is: the first of them, where another program wrote all of it anew. */
  readonly found: readonly TagMove[];
  readonly #atMs: number;
  readonly #begun: BegunDraft;
  readonly #records: HistoryRecord[] = [];
  readonly #lastOf = new Map<string, number>();
  #lastMs: number;

  constructor(begun: BegunDraft) {
    this.isNew = begun.isNew;
    this.found = begun.found;
    this.#begun = begun;
    this.#atMs = begun.atMs;
    this.#lastMs = begun.atMs;
  }

  get isEmpty(): boolean {
    return this.#begun.printed.length === 0 && this.#records.length === 0;
  }

  /** When what is added now happens: later than whatever is in the file, unless the clock was set back. */
  get atMs(): number {
    return this.#atMs;
  }

  /** A tag that moves twice in one update does so at two times. */
  addMoves(moves: readonly Omit<TagMove, 'atMs'>[]): void {
    for (const move of moves) {
      const key = tagKey(move);
      const atMs = Math.max(this.#atMs, (this.#lastOf.get(key) ?? this.#begun.movedAtMs(key) ?? 0) + 1);
      this.#lastOf.set(key, atMs);
      this.#lastMs = Math.max(this.#lastMs, atMs);
      this.#records.push({ kind: 'move', move: { ...move, atMs } });
    }
  }

  addRemoved({ digest, mediaType, size }: TagTarget): void {
    const removed = { digest, mediaType, size };
    this.#records.push({ kind: 'removed', removed: { removed, atMs: this.#atMs } });
  }

  /** Begins on a line of its own, also after one that was cut short. Several pieces only where what was found before is large. */
  print(label: VersionLabel | undefined): { readonly pieces: readonly Buffer[]; readonly seen: SeenVersion } {
    const seen = { label, atMs: this.#lastMs };
    const { printed } = this.#begun;
    const begin = Buffer.from(this.isNew ? historyHeader : '\n');
    const rest = Buffer.from([...this.#records, { kind: 'seen', seen } as const].map(printRecord).join(''));
    const pieces = printed.length > 1 ? [begin, ...printed, rest] : [Buffer.concat([begin, ...printed, rest])];
    return { pieces, seen };
  }
}

/** What was found out before anything was edited. */
interface BegunDraft {
  readonly isNew: boolean;
  readonly atMs: number;
  readonly printed: readonly Buffer[];
  readonly found: readonly TagMove[];
  /** When a tag moved, by what was found. */
  readonly movedAtMs: (tagKey: string) => number | undefined;
}

const nothingMoved = () => undefined;

/** That are told; all of them are noted. */
const mostFound = 1_000;

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
      const sinceMs = Math.min(now.changedAtMs ?? nowMs, nowMs);
      const targets = await paced(tagTargetsOf(now.index, names));
      const printed = await paced(printedRecords(knownIn(targets, sinceMs)));
      return new HistoryDraft({ isNew: true, atMs: nowMs, printed, found: [], movedAtMs: nothingMoved });
    }
    const lastMs = end.seen?.atMs ?? 0;
    const atMs = nowMs <= lastMs && lastMs - nowMs < coarseMs ? lastMs + 1 : nowMs;
    if (end.seen !== undefined && end.seen.label === now.label && !now.isHealed) {
      return new HistoryDraft({ isNew: false, atMs, printed: [], found: [], movedAtMs: nothingMoved });
    }
    const known = await this.#file.targetsAtEnd();
    const writtenMs = Math.max(Math.min(now.changedAtMs ?? nowMs, atMs - 1), Math.min(lastMs + 1, atMs));
    const targets = await paced(tagTargetsOf(now.index, names));
    const moves = await paced(movesFound(known, targets, { how: 'foreign', atMs: writtenMs }));
    const moved = new Set<string>();
    const unnoted: TagMove[] = [];
    const told = function* () {
      for (const each of moves) {
        moved.add(tagKey(each));
        const move = now.isForeign ? each : ownMove(each);
        if (unnoted.length < mostFound) unnoted.push(move);
        yield { kind: 'move', move } as const;
      }
    };
    const printed = await paced(printedRecords(told()));
    return new HistoryDraft({
      isNew: false,
      atMs,
      printed,
      found: unnoted,
      movedAtMs: (key) => (moved.has(key) ? writtenMs : undefined),
    });
  }

  /** What to append once the version is visible. */
  noteOf(draft: HistoryDraft, published: VersionLabel): readonly SmallObject[] {
    const note = draft.print(published);
    this.#noted.set(draft, note);
    return note.pieces.map((bytes) => ({ key: this.#options.key, bytes }));
  }

  /** The version is visible. `problem`: what kept it from being noted; undefined when it was. */
  published(draft: HistoryDraft, label: VersionLabel, problem: unknown): void {
    if (problem !== undefined) this.#unnoted(problem);
    const noted = this.#noted.get(draft);
    const isKnown = problem === undefined && !draft.isNew && noted?.seen.label === label;
    if (isKnown) this.#file.appended(bytesOf(noted.pieces), noted.seen);
    else this.#file.forget();
  }

  /** The version stays as it is: what was found out about it is noted, under the same lock. */
  async accept(draft: HistoryDraft, label: VersionLabel | undefined): Promise<void> {
    const { store, key } = this.#options;
    const end = draft.isNew ? undefined : await this.#file.end();
    if (end?.seen !== undefined && end.seen.label === label && draft.isEmpty) return;
    this.#file.forget();
    try {
      for (const bytes of draft.print(label).pieces) await store.append(key, bytes);
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
    const records = await paced(trimming(all, clock.now()));
    const kept = Buffer.concat([Buffer.from(historyHeader), ...(await paced(printedRecords(records)))]);
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

function* knownIn(targets: TagTargets, sinceMs: number): Generator<HistoryRecord> {
  for (const target of targets.values()) yield { kind: 'known', known: knownTag(target, sinceMs) };
}

function bytesOf(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
