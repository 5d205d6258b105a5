// The memory driver, for tests and `--ephemeral`: the same promises as on disk, but for as long as the process lives.
import { randomBytes } from 'node:crypto';
import type { UploadId } from '../../oci/upload-id.ts';
import { childrenAmong, openBytes } from '../bytes-in-memory.ts';
import { KeyQueue } from '../key-queue.ts';
import type {
  Change,
  Child,
  Key,
  ListingVersion,
  ObjectInfo,
  ObjectStore,
  OpenObject,
  Room,
  SmallObject,
  StagedAttributes,
  StagedInfo,
  StagedObject,
  StoredObject,
  Updated,
  UpdateOptions,
  VersionLabel,
} from '../object-store.ts';
import { joined } from '../pieces.ts';
import { StorageError, UploadExistsError } from '../storage-error.ts';
import { MemoryObject, newLabel } from './memory-object.ts';
import { MemoryRoom } from './memory-room.ts';
import { MemoryStaged, type MemoryUpload, type MemoryUploads } from './memory-staged.ts';

const maxRounds = 100;
const secretBytes = 32;

export class MemoryStore implements ObjectStore {
  readonly place = '';
  readonly #objects = new Map<Key, MemoryObject>();
  readonly #uploads = new Map<UploadId, MemoryUpload>();
  readonly #secrets = new Map<Key, Uint8Array>();
  readonly #updates = new KeyQueue();
  /** How often a key came or went. */
  #moves = 0;
  readonly #now: () => number;
  readonly #room: MemoryRoom;
  readonly #uploadsOfStore: MemoryUploads;

  /** `limit`: bytes of content that it may hold. */
  constructor(now: () => number = Date.now, limit: number = Number.POSITIVE_INFINITY) {
    this.#now = now;
    this.#room = new MemoryRoom(limit);
    this.#uploadsOfStore = {
      now,
      room: this.#room,
      find: (id) => this.#uploads.get(id),
      remove: (id) => {
        this.#room.count(-(this.#uploads.get(id)?.size ?? 0));
        this.#uploads.delete(id);
      },
      publish: (key, bytes) => this.#put(key, bytes),
    };
  }

  async problem(): Promise<string | undefined> {
    return undefined;
  }

  async assertRoom(bytes: number): Promise<void> {
    this.#room.assert(bytes);
  }

  async stat(key: Key): Promise<ObjectInfo | undefined> {
    return this.#objects.get(key)?.info;
  }

  async glance(key: Key): Promise<number | undefined> {
    return (await this.stat(key))?.size;
  }

  async isCurrent(key: Key, info: ObjectInfo): Promise<boolean> {
    return this.#objects.get(key)?.info.version === info.version;
  }

  async read(key: Key, limit: number): Promise<StoredObject | undefined> {
    const object = this.#objects.get(key);
    if (object === undefined) return undefined;
    const { info, bytes } = object;
    assertWithin(key, info, limit);
    return { info, bytes };
  }

  async open(key: Key): Promise<OpenObject | undefined> {
    const object = this.#objects.get(key);
    return object && openBytes(object.info, object.bytes);
  }

  async list(prefix: Key): Promise<readonly Child[]> {
    return childrenAmong(this.#objects.keys(), prefix);
  }

  /** Of the whole store: it is asked now and then. */
  async listingVersion(prefix: Key): Promise<ListingVersion | undefined> {
    return childrenAmong(this.#objects.keys(), prefix).length === 0 ? undefined : (`${this.#moves}` as ListingVersion);
  }

  async create(bytes: Uint8Array, key: Key, sharedAs: Key | undefined): Promise<ObjectInfo | undefined> {
    if (this.#objects.has(key) || (sharedAs !== undefined && this.#objects.has(sharedAs))) return undefined;
    this.#room.assert(bytes.byteLength);
    this.#put(key, new Uint8Array(bytes));
    if (sharedAs !== undefined) await this.link(key, sharedAs);
    return this.stat(key);
  }

  async write(key: Key, bytes: Uint8Array): Promise<ObjectInfo> {
    return this.#put(key, new Uint8Array(bytes));
  }

  async secret(key: Key, how: 'make' | 'find'): Promise<Uint8Array | undefined> {
    const secret = this.#secrets.get(key) ?? (how === 'make' ? randomBytes(secretBytes) : undefined);
    if (secret !== undefined) this.#secrets.set(key, secret);
    return secret;
  }

  async append(key: Key, bytes: Uint8Array): Promise<void> {
    this.#append({ key, bytes });
  }

  async update(key: Key, change: Change, _options?: UpdateOptions): Promise<Updated> {
    return this.#updates.run(key, async () => {
      for (let round = 0; round < maxRounds; round += 1) {
        const updated = await this.#attempt(key, change);
        if (updated !== undefined) return updated;
      }
      throw new StorageError('unavailable', `${key} changed before each of ${maxRounds} updates`);
    });
  }

  async exclusively<Result>(key: Key, work: (isOurs: () => boolean) => Promise<Result>): Promise<Result | undefined> {
    if (childrenAmong(this.#objects.keys(), prefixOf(key)).length === 0) return undefined;
    return this.#updates.run(key, () => work(() => true));
  }

  async move(from: Key, to: Key): Promise<boolean> {
    const object = this.#objects.get(from);
    if (object === undefined || this.#objects.has(to)) return false;
    this.#hold(to, object);
    return this.delete(from);
  }

  async link(from: Key, to: Key): Promise<boolean> {
    const object = this.#objects.get(from);
    if (object === undefined) return false;
    this.#hold(to, object);
    return true;
  }

  async makeDurable(key: Key): Promise<ObjectInfo | undefined> {
    return this.stat(key);
  }

  async delete(key: Key): Promise<boolean> {
    const object = this.#objects.get(key);
    if (object === undefined) return false;
    this.#letGo(object);
    this.#moves += 1;
    return this.#objects.delete(key);
  }

  /** Nothing is in a prefix without objects: there is none. */
  async settle(): Promise<void> {}

  async sweep(): Promise<void> {}

  async removeEmpty(): Promise<readonly Key[]> {
    return [];
  }

  async stage(id: UploadId, attributes: StagedAttributes): Promise<StagedObject> {
    if (this.#uploads.has(id)) throw new UploadExistsError(id);
    const upload: MemoryUpload = { attributes, chunks: [], size: 0, modifiedAtMs: this.#now() };
    this.#uploads.set(id, upload);
    return new MemoryStaged(this.#uploadsOfStore, id, upload);
  }

  async resume(id: UploadId): Promise<StagedObject | undefined> {
    const upload = this.#uploads.get(id);
    return upload && new MemoryStaged(this.#uploadsOfStore, id, upload);
  }

  async prefixChangedAtMs(): Promise<number | undefined> {
    return undefined;
  }

  async room(): Promise<Room | undefined> {
    const { limit, free } = this.#room;
    return Number.isFinite(limit) ? { free, total: limit } : undefined;
  }

  async staged(): Promise<readonly StagedInfo[]> {
    return [...this.#uploads].map(([id, { modifiedAtMs, size }]) => ({ id, modifiedAtMs, size }));
  }

  async close(): Promise<void> {
    await this.#updates.idle();
  }

  /** Undefined when a `write`, `delete` or `append`, which do not queue, changed the object while `change` was thinking. */
  async #attempt(key: Key, change: Change): Promise<Updated | undefined> {
    const found = this.#objects.get(key);
    let seen = found?.info;
    const current = found && {
      info: found.info,
      read: async (limit: number): Promise<StoredObject> => {
        seen = found.info;
        assertWithin(key, seen, limit);
        return { info: seen, bytes: found.bytes };
      },
    };
    const replacement = await change(current);
    if (replacement === undefined) return { replaced: false, info: seen, previous: undefined, problem: undefined };
    for (const object of replacement.first) this.#keepOrPut(object);
    if (this.#objects.get(key)?.info.version !== seen?.version) return undefined;
    const label = newLabel();
    for (const object of replacement.record(label)) this.#append(object);
    const info = this.#put(key, joined(replacement.bytes), label);
    let problem: unknown;
    try {
      for (const object of replacement.note(label)) this.#append(object);
    } catch (error) {
      problem = error;
    }
    for (const { key: gone, keepAs } of replacement.remove) {
      if (keepAs !== undefined) await this.move(gone, keepAs);
      await this.delete(gone);
    }
    // Nobody writes in place here: what was replaced stays as it was.
    const previous = found && { readIfChanged: async () => undefined, close: async () => {} };
    return { replaced: true, info, previous, problem };
  }

  #put(key: Key, bytes: Uint8Array, label: VersionLabel = newLabel()): ObjectInfo {
    const object = new MemoryObject(bytes, label, this.#now());
    this.#hold(key, object);
    return object.info;
  }

  #keepOrPut({ key, bytes }: SmallObject): void {
    const now = this.#objects.get(key);
    if (now === undefined || Buffer.compare(now.bytes, bytes) !== 0) this.#put(key, new Uint8Array(bytes));
  }

  #append({ key, bytes }: SmallObject): void {
    const object = this.#objects.get(key);
    if (object === undefined) this.#put(key, new Uint8Array(bytes));
    else this.#room.count(object.append(bytes, this.#now()));
  }

  #hold(key: Key, object: MemoryObject): void {
    const before = this.#objects.get(key);
    if (before === object) return;
    if (before !== undefined) this.#letGo(before);
    else this.#moves += 1;
    if (object.hardLinks === 0) this.#room.count(object.heldBytes);
    object.keyMoved(1, this.#now());
    this.#objects.set(key, object);
  }

  #letGo(object: MemoryObject): void {
    object.keyMoved(-1, this.#now());
    if (object.hardLinks === 0) this.#room.count(-object.heldBytes);
  }
}

function prefixOf(key: Key): Key {
  return key.slice(0, Math.max(key.lastIndexOf('/'), 0)) as Key;
}

function assertWithin(key: Key, { size }: ObjectInfo, limit: number): void {
  if (size > limit) throw new StorageError('too-large', `${key}: ${size} bytes, more than ${limit}`);
}
