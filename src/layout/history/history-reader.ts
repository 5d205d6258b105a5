// Reads the history of a layout for whoever asks: nothing of it is kept in memory, and nothing is written. What nobody noted yet is
// shown as if it had been.
import type { Tag } from '../../oci/reference.ts';
import type { Key, ObjectReader, VersionLabel } from '../../storage/object-store.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import type { LayoutNames, RepositoryNames } from '../names/repository-names.ts';
import { paced } from '../pacing/steps.ts';
import { HistoryFile } from './history-file.ts';
import type { HistoryRecord } from './history-record.ts';
import {
  type KnownTag,
  ownMove,
  type RemovedManifest,
  type TagMove,
  type TagOfLayout,
  type TagTargets,
} from './tag-move.ts';
import { movesFound, pathsOf, tagTargetsOf } from './tag-targets.ts';

/** What is known of some tags. */
export interface TagHistory {
  /** In the order in which they happened. */
  readonly moves: readonly TagMove[];
  /** What tags meant before the first of these, where that is known and they meant something. */
  readonly known: readonly KnownTag[];
}

export interface HistoryReaderOptions {
  readonly store: ObjectReader;
  readonly key: Key;
  readonly indexKey: Key;
  readonly names: LayoutNames;
  readonly readIndex: () => Promise<LayoutIndex | undefined>;
  /** True when a server wrote that version. */
  readonly isOurs: (label: VersionLabel | undefined) => Promise<boolean>;
}

const maxAttempts = 5;
/** Moves of all tags that somebody asks for. */
const mostShown = 50_000;
/** Moves that nobody noted are few, or compared again each time. */
const mostRemembered = 1_000;

export class HistoryReader {
  readonly #options: HistoryReaderOptions;
  /** Where nothing is written, as in a copy, the file never says what is there: it is compared once. */
  #compared: { readonly state: string; readonly moves: readonly TagMove[] } | undefined;

  constructor(options: HistoryReaderOptions) {
    this.#options = options;
  }

  /** Of one repository of the layout, or of one tag of it. Empty where nothing is known. */
  async tags(names: RepositoryNames, tag?: Tag): Promise<TagHistory> {
    const isOfRepository = pathsOf(names, await this.#options.readIndex());
    const isAsked = (each: TagOfLayout) => (tag === undefined || each.tag === tag) && isOfRepository(each.path);
    const moves: TagMove[] = [];
    const known: KnownTag[] = [];
    for await (const record of this.#records(tag)) {
      if (record.kind === 'move' && isAsked(record.move)) moves.push(record.move);
      // More than are kept: in a file that grew since, or that a stranger made.
      if (moves.length > 2 * mostShown) moves.splice(0, moves.length - mostShown);
      if (record.kind === 'known' && isAsked(record.known)) known.push(record.known);
    }
    for (const move of await this.#unnoted()) if (isAsked(move)) moves.push(move);
    return { moves, known };
  }

  /** Of all repositories of the layout; `removed` are manifests that were deleted as such. */
  async left(): Promise<{ readonly moves: readonly TagMove[]; readonly removed: readonly RemovedManifest[] }> {
    const moves: TagMove[] = [];
    const removed: RemovedManifest[] = [];
    for await (const record of this.#records()) {
      if (record.kind === 'move') moves.push(record.move);
      if (record.kind === 'removed') removed.push(record.removed);
    }
    return { moves: [...moves, ...(await this.#unnoted())], removed };
  }

  #records(tag?: Tag): AsyncGenerator<HistoryRecord> {
    return this.#file().records(tag);
  }

  #file(): HistoryFile {
    return new HistoryFile(this.#options.store, this.#options.key);
  }

  /** What is different from the last that was noted: another program wrote since, or a process died before it could note what it did. */
  async #unnoted(): Promise<readonly TagMove[]> {
    const { store, indexKey, names, readIndex, isOurs } = this.#options;
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const info = await store.stat(indexKey);
      const end = await this.#file().end();
      // Where nothing was ever written through us there is nothing to compare with.
      if (end === undefined || (end.seen !== undefined && end.seen.label === info?.label)) return [];
      const state = `${info?.version} ${end.size}`;
      if (this.#compared?.state === state) return this.#compared.moves;
      const known = await this.#file().targetsAtEnd();
      const index = await readIndex();
      const isSteady =
        (await store.stat(indexKey))?.label === info?.label && (await this.#file().end())?.size === end.size;
      if (!isSteady) continue;
      const isForeign = !(await isOurs(info?.label));
      const atMs = Math.max(info?.changedAtMs ?? 0, (end.seen?.atMs ?? 0) + 1);
      const now: TagTargets = index === undefined ? new Map() : await paced(tagTargetsOf(index, names));
      const moves = await paced(movesFound(known, now, { how: 'foreign', atMs }));
      const told = isForeign ? moves : moves.map(ownMove);
      this.#compared = told.length > mostRemembered ? undefined : { state, moves: told };
      return told;
    }
    return [];
  }
}
