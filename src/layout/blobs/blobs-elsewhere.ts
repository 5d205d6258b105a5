// A store whose layouts may have their blobs in another place: there they are looked for first. Only blobs: whatever else is read comes
// from the store alone. Nothing is written through it.
import type { Digest } from '../../oci/digest.ts';
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
} from '../../storage/object-store.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { digestOfBlobKey } from '../files/keys.ts';

/** One such place. What it gives has the bytes of the digest, as far as those of a layout itself have. */
export interface OtherBlobs {
  /** Asked for every blob: false says at once that only the store itself may have it. */
  mayHave(key: Key): boolean;
  /** As `glance` of a store. */
  glance(key: Key, digest: Digest): Promise<number | undefined>;
  open(key: Key, digest: Digest): Promise<OpenObject | undefined>;
  close(): Promise<void>;
}

export class BlobsElsewhere implements ObjectReader {
  readonly #store: ObjectReader;
  readonly #other: OtherBlobs;

  constructor(store: ObjectReader, other: OtherBlobs) {
    this.#store = store;
    this.#other = other;
  }

  get place(): string {
    return this.#store.place;
  }

  problem(): Promise<string | undefined> {
    return this.#store.problem();
  }

  async stat(key: Key): Promise<ObjectInfo | undefined> {
    const object = await this.#elsewhere(key);
    if (object === undefined) return this.#store.stat(key);
    await object.close();
    return object.info;
  }

  async glance(key: Key): Promise<number | undefined> {
    const digest = this.#digestIfElsewhere(key);
    return (digest && (await this.#other.glance(key, digest))) ?? this.#store.glance(key);
  }

  async isCurrent(key: Key, info: ObjectInfo): Promise<boolean> {
    if (await this.#store.isCurrent(key, info)) return true;
    return this.#digestIfElsewhere(key) !== undefined && (await this.stat(key))?.version === info.version;
  }

  async read(key: Key, limit: number): Promise<StoredObject | undefined> {
    const object = await this.#elsewhere(key);
    if (object === undefined) return this.#readOwn(key, limit);
    try {
      return await readWhole(object, limit);
    } finally {
      await object.close();
    }
  }

  /** What stands there without being the blob, such as a link that is not followed, is in nobody's way: nothing is written through this. */
  async #readOwn(key: Key, limit: number): Promise<StoredObject | undefined> {
    if (this.#digestIfElsewhere(key) !== undefined && (await this.#store.stat(key)) === undefined) return undefined;
    return this.#store.read(key, limit);
  }

  async open(key: Key): Promise<OpenObject | undefined> {
    return (await this.#elsewhere(key)) ?? this.#store.open(key);
  }

  list(prefix: Key): Promise<readonly Child[]> {
    return this.#store.list(prefix);
  }

  listingVersion(prefix: Key): Promise<ListingVersion | undefined> {
    return this.#store.listingVersion(prefix);
  }

  prefixChangedAtMs(prefix: Key): Promise<number | undefined> {
    return this.#store.prefixChangedAtMs(prefix);
  }

  room(): Promise<Room | undefined> {
    return this.#store.room();
  }

  staged(): Promise<readonly StagedInfo[]> {
    return this.#store.staged();
  }

  async close(): Promise<void> {
    await this.#other.close();
    await this.#store.close();
  }

  async #elsewhere(key: Key): Promise<OpenObject | undefined> {
    const digest = this.#digestIfElsewhere(key);
    return digest && this.#other.open(key, digest);
  }

  #digestIfElsewhere(key: Key): Digest | undefined {
    const digest = digestOfBlobKey(key);
    return digest !== undefined && this.#other.mayHave(key) ? digest : undefined;
  }
}

async function readWhole(object: OpenObject, limit: number): Promise<StoredObject> {
  const { info } = object;
  if (info.size > limit) throw new StorageError('too-large', `${info.size} bytes, more than ${limit}`);
  const bytes = Buffer.allocUnsafeSlow(info.size);
  const read = await object.readInto(bytes, 0);
  if (read === info.size) return { info, bytes };
  throw new StorageError('unavailable', 'a blob ended before its size');
}
