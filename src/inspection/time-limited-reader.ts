// A store that is read for so long and no longer: for who looks at a layout while somebody waits.
import type {
  Child,
  Key,
  ListingVersion,
  ObjectInfo,
  ObjectReader,
  OpenObject,
  Room,
  StagedInfo,
  StoredObject,
} from '../storage/object-store.ts';

/** What was found by then counts. No storage error: those are findings. */
export class TimeOverError extends Error {
  override readonly name = 'TimeOverError';
}

/** Everything throws TimeOverError once the time is over. */
export class TimeLimitedReader implements ObjectReader {
  readonly #reader: ObjectReader;
  readonly #untilMs: number;

  /** `untilMs` by the clock of `performance.now`. */
  constructor(reader: ObjectReader, untilMs: number) {
    this.#reader = reader;
    this.#untilMs = untilMs;
  }

  get place(): string {
    return this.#reader.place;
  }

  async problem(): Promise<string | undefined> {
    return this.#inTime().problem();
  }

  async stat(key: Key): Promise<ObjectInfo | undefined> {
    return this.#inTime().stat(key);
  }

  async glance(key: Key): Promise<number | undefined> {
    return this.#inTime().glance(key);
  }

  async isCurrent(key: Key, info: ObjectInfo): Promise<boolean> {
    return this.#inTime().isCurrent(key, info);
  }

  async read(key: Key, limit: number): Promise<StoredObject | undefined> {
    return this.#inTime().read(key, limit);
  }

  async open(key: Key): Promise<OpenObject | undefined> {
    return this.#inTime().open(key);
  }

  async list(prefix: Key): Promise<readonly Child[]> {
    return this.#inTime().list(prefix);
  }

  async listingVersion(prefix: Key): Promise<ListingVersion | undefined> {
    return this.#inTime().listingVersion(prefix);
  }

  async prefixChangedAtMs(prefix: Key): Promise<number | undefined> {
    return this.#inTime().prefixChangedAtMs(prefix);
  }

  async room(): Promise<Room | undefined> {
    return this.#inTime().room();
  }

  async staged(): Promise<readonly StagedInfo[]> {
    return this.#inTime().staged();
  }

  /** It belongs to whoever serves it. */
  async close(): Promise<void> {}

  #inTime(): ObjectReader {
    if (performance.now() > this.#untilMs) throw new TimeOverError('there is too much to look at');
    return this.#reader;
  }
}
