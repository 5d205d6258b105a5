// The current snapshot of index.json: at most one stat a request, a re-read only when the file changed, the last good state while it is broken.
import { RegistryError } from '../../oci/error-code.ts';
import type { Clock } from '../../storage/clock.ts';
import type { Log } from '../../storage/log.ts';
import type {
  CurrentObject,
  Key,
  ObjectInfo,
  ObjectReader,
  StoredObject,
  Version,
  VersionLabel,
} from '../../storage/object-store.ts';
import type { RequestTurns } from '../../storage/request-turns.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { emptyIndexDocument, ForeignIndexError, IndexUnreadableError } from './index-document.ts';
import { maxIndexBytes } from './index-limits.ts';
import { parseIndexInTurns } from './index-parse.ts';
import { mayBeBeingWritten, retryEveryMs, whileUnfinished } from './index-patience.ts';
import { LayoutIndex } from './layout-index.ts';
import { type LayoutVersion, UnsupportedLayoutError } from './layout-version.ts';

/** How long a version may hide a second edit of the same size where time stamps are coarse. */
const settleMs = 100;

interface Seen {
  readonly index: LayoutIndex;
  readonly info: ObjectInfo;
  /** The snapshot is current until then even if nothing changes; Infinity once the version is settled. */
  readonly currentUntilMs: number;
}

interface Broken {
  readonly error: Error;
  /** Of what was read and is no index: there is no reason to read it again before it changes. Undefined when it may have changed unseen. */
  readonly version: Version | undefined;
  readonly nextTryAtMs: number;
}

/**
 * `own`: the file is looked at now: for whatever is decided by it, under a lock for one. `shared`: whoever only answers a request takes what was
 * found out for another one of the same turn (request-turns.ts).
 */
export type IndexLook = 'own' | 'shared';

export interface IndexReaderOptions {
  readonly store: ObjectReader;
  readonly key: Key;
  /** Asked whenever index.json is read anew. */
  readonly version: Pick<LayoutVersion, 'assertReadable'>;
  readonly clock: Clock;
  /** Undefined: each request has a look of its own. */
  readonly turns?: RequestTurns | undefined;
  readonly log: Log;
  /** A version that this process did not publish was read. */
  readonly onForeign: () => void;
}

export class IndexReader {
  readonly #options: IndexReaderOptions;
  #seen: Seen | undefined;
  /** In which turn of requests the file was found to be as seen. */
  #foundIn: number | undefined;
  #broken: Broken | undefined;
  #reading: Promise<LayoutIndex | undefined> | undefined;
  #accepted: VersionLabel | undefined;
  #published: { readonly label: VersionLabel; readonly index: LayoutIndex } | undefined;

  constructor(options: IndexReaderOptions) {
    this.#options = options;
  }

  get isLoaded(): boolean {
    return this.#seen !== undefined;
  }

  /** Why index.json cannot be used as it is now; undefined when it can, and when there never was a layout: nothing of ours is amiss then. */
  get problem(): Error | undefined {
    const error = this.#broken?.error;
    return error instanceof ForeignIndexError && this.#seen === undefined ? undefined : error;
  }

  /** Undefined when there is no such layout. Throws UNAVAILABLE (503) when index.json cannot be read and never could. */
  async current(look: IndexLook = 'own'): Promise<LayoutIndex | undefined> {
    // Of one that nothing is known of, a look would tell nothing that reading it does not tell.
    const isUnknown = this.#seen === undefined && this.#published === undefined && this.#broken === undefined;
    const known = isUnknown ? undefined : await this.#known(look);
    if (known !== undefined) return known;
    if (this.#reading !== undefined) {
      // It may have begun before a write that this request must see: another server acknowledged it, and its client came here.
      await this.#reading.catch(() => undefined);
      const readMeanwhile = await this.#known('own');
      if (readMeanwhile !== undefined) return readMeanwhile;
    }
    this.#reading ??= this.#reread().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** The snapshot of the file as it is now, or the last good one of a file that is known to be broken; undefined asks for a read. */
  async #known(look: IndexLook): Promise<LayoutIndex | undefined> {
    const { store, key, clock } = this.#options;
    const seen = this.#seen;
    if (seen !== undefined && clock.elapsed() < seen.currentUntilMs && (await this.#isAsSeen(seen, look)))
      return seen.index;
    const info = await store.stat(key);
    if (info !== undefined && this.#published?.label === info.label) return this.#adopt(this.#published.index, info);
    const broken = this.#broken;
    if (broken === undefined) return undefined;
    const isStillBroken =
      broken.version === undefined ? clock.elapsed() < broken.nextTryAtMs : broken.version === info?.version;
    if (!isStillBroken) return undefined;
    if (seen === undefined) throw indexUnavailable(broken.error);
    return seen.index;
  }

  async #isAsSeen(seen: Seen, look: IndexLook): Promise<boolean> {
    const { store, key, turns } = this.#options;
    const turn = turns?.current;
    if (look === 'shared' && turn !== undefined && turn === this.#foundIn) return true;
    const isCurrent = await store.isCurrent(key, seen.info);
    // Another snapshot may have been taken up while a slow file system was asked.
    if (isCurrent && seen === this.#seen) this.#foundIn = turn;
    return isCurrent;
  }

  /** Another process replaced the file for this one: what was found in this turn may be older. */
  lookAnew(): void {
    this.#foundIn = undefined;
  }

  /** True when the file is the version that this process published last, or one that was judged and left as it is, or absent. */
  async isAccepted(): Promise<boolean> {
    const info = await this.#options.store.stat(this.#options.key);
    return info === undefined || info.label === this.#published?.label || info.label === this.#accepted;
  }

  /** The version was judged, and nothing of ours is missing from it. */
  accept(label: VersionLabel): void {
    this.#accepted = label;
  }

  /** The index as it is under the lock. Throws IndexUnreadableError, and StorageError for one that is larger than this process has memory for. */
  async at(now: CurrentObject | undefined): Promise<LayoutIndex> {
    if (now === undefined) return LayoutIndex.of(emptyIndexDocument);
    const seen = this.#seen;
    if (seen?.info.version === now.info.version && seen.currentUntilMs === Number.POSITIVE_INFINITY) return seen.index;
    return this.#parse(await now.read(maxIndexBytes));
  }

  /** Announces the version that is about to be published, so that nobody takes it for a foreign one. */
  expect(label: VersionLabel, index: LayoutIndex): void {
    this.#published = { label, index };
  }

  /** The version that was just published. */
  published(index: LayoutIndex, info: ObjectInfo): void {
    this.#adopt(index, info);
  }

  #adopt(index: LayoutIndex, info: ObjectInfo): LayoutIndex {
    const currentUntilMs = info.settled ? Number.POSITIVE_INFINITY : this.#options.clock.elapsed() + settleMs;
    this.#seen = { index, info, currentUntilMs };
    this.#foundIn = undefined;
    this.#broken = undefined;
    return index;
  }

  async #parse({ bytes, info }: StoredObject): Promise<LayoutIndex> {
    const seen = this.#seen;
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const document = await parseIndexInTurns(buffer, seen?.index.document);
    if (seen?.info.version !== info.version) this.#options.onForeign();
    const index = await (seen === undefined ? LayoutIndex.inTurns(document) : seen.index.rereadInTurns(document));
    return this.#adopt(index, info);
  }

  async #reread(): Promise<LayoutIndex | undefined> {
    const { store, key, version, clock } = this.#options;
    let object: StoredObject | undefined;
    const read = async () => {
      object = undefined;
      await version.assertReadable();
      object = await store.read(key, maxIndexBytes);
      if (object !== undefined) return await this.#parse(object);
      this.#seen = undefined;
      this.#broken = undefined;
      return undefined;
    };
    // Nobody waits where there is a last good state, nor for what has been as it is for long.
    const mayPass = (error: unknown) => {
      const mayBeHalf = object === undefined || mayBeBeingWritten(object.info, clock);
      return this.#seen === undefined && mayBeHalf && !isWhole(unreadable(error));
    };
    try {
      return await whileUnfinished(read, { clock, mayPass });
    } catch (error) {
      const problem = unreadable(error);
      this.#setBroken(problem, object?.info);
      if (this.#seen !== undefined) return this.#seen.index;
      throw indexUnavailable(problem);
    }
  }

  #setBroken(error: Error, read: ObjectInfo | undefined): void {
    const { clock, key, log } = this.#options;
    if (this.#broken === undefined)
      log.warn('a layout cannot be read; serving the last good state if there is one', { key, error });
    const version = read?.settled === true ? read.version : undefined;
    this.#broken = { error, version, nextTryAtMs: clock.elapsed() + retryEveryMs };
  }
}

/** Waiting helps against a file that is being written, not against another version. */
function isWhole(problem: Error): boolean {
  return problem instanceof UnsupportedLayoutError || problem instanceof ForeignIndexError;
}

/** Passes on what is no fault of the file's content or kind. */
function unreadable(error: unknown): Error {
  if (error instanceof IndexUnreadableError || error instanceof UnsupportedLayoutError) return error;
  if (error instanceof StorageError && (error.failure === 'unsafe' || error.failure === 'too-large')) return error;
  throw error;
}

/** 503: an index.json that does not parse is never replaced, and there is no last good state to serve. */
export function indexUnavailable(cause: unknown): RegistryError {
  if (cause instanceof UnsupportedLayoutError) {
    return new RegistryError('UNAVAILABLE', { detail: cause.message, cause });
  }
  if (cause instanceof ForeignIndexError) {
    return new RegistryError('UNAVAILABLE', {
      detail: 'the index.json of this repository is not an image index; it is left as it is',
      cause,
    });
  }
  return new RegistryError('UNAVAILABLE', {
    detail: 'the index.json of this repository cannot be read; it is left as it is',
    headers: { 'Retry-After': '5' },
    cause,
  });
}
