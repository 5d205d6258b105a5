// An ObjectStore whose changes stay in memory, over objects that are only read: what a run on it does is what it would do. It passes the
// contract of the drivers, so nobody who writes through it has to know.
import type { UploadId } from '../../oci/upload-id.ts';
import { openBytes } from '../bytes-in-memory.ts';
import { KeyQueue } from '../key-queue.ts';
import { MemoryObject, newLabel } from '../memory/memory-object.ts';
import { MemoryRoom } from '../memory/memory-room.ts';
import { MemoryStaged, type MemoryUpload, type MemoryUploads } from '../memory/memory-staged.ts';
import type {
  Change,
  Child,
  EmptyPrefixRules,
  Key,
  ListingVersion,
  ObjectInfo,
  ObjectReader,
  ObjectStore,
  OpenObject,
  Replacement,
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
import { type PlannedObject, PlannedTree } from './planned-tree.ts';
import { removeBelow } from './removed-prefixes.ts';

const maxRounds = 100;
/** No file that is appended to, or updated, is larger. */
const mostBytes = 128 * 1024 * 1024;

interface FoundObject {
  readonly object: PlannedObject;
  /** Of an object of the base. */
  readonly label: VersionLabel | undefined;
}

export class PlannedStore implements ObjectStore {
  readonly place: string;
  readonly #base: ObjectReader;
  readonly #tree: PlannedTree;
  /** Names of objects of the base that came or went here, by what all of them have. */
  readonly #links = new Map<VersionLabel, number>();
  readonly #uploads = new Map<UploadId, MemoryUpload>();
  readonly #updates = new KeyQueue();
  readonly #now: () => number;

  /** `base` stays open for its owner to close. */
  constructor(base: ObjectReader, now: () => number) {
    this.place = base.place;
    this.#base = base;
    this.#tree = new PlannedTree(base, now);
    this.#now = now;
  }

  problem(): Promise<string | undefined> {
    return this.#base.problem();
  }

  async assertRoom(_bytes: number): Promise<void> {}

  async stat(key: Key): Promise<ObjectInfo | undefined> {
    const object = this.#tree.at(key);
    if (object instanceof MemoryObject) return object.info;
    const info = object && (await this.#base.stat(object.key));
    return info && this.#linked(info);
  }

  async glance(key: Key): Promise<number | undefined> {
    const object = this.#tree.at(key);
    return object instanceof MemoryObject ? object.info.size : object && this.#base.glance(object.key);
  }

  async isCurrent(key: Key, info: ObjectInfo): Promise<boolean> {
    const object = this.#tree.at(key);
    if (object instanceof MemoryObject) return object.info.version === info.version;
    return object !== undefined && this.#base.isCurrent(object.key, info);
  }

  async read(key: Key, limit: number): Promise<StoredObject | undefined> {
    const object = this.#tree.at(key);
    if (!(object instanceof MemoryObject)) {
      const found = object && (await this.#base.read(object.key, limit));
      return found && { ...found, info: this.#linked(found.info) };
    }
    const { info, bytes } = object;
    if (info.size > limit) throw new StorageError('too-large', `${key}: ${info.size} bytes, more than ${limit}`);
    return { info, bytes };
  }

  async open(key: Key): Promise<OpenObject | undefined> {
    const object = this.#tree.at(key);
    if (object instanceof MemoryObject) return openBytes(object.info, object.bytes);
    return object && this.#base.open(object.key);
  }

  list(prefix: Key): Promise<readonly Child[]> {
    return this.#tree.list(prefix);
  }

  listingVersion(prefix: Key): Promise<ListingVersion | undefined> {
    return this.#tree.listingVersion(prefix);
  }

  prefixChangedAtMs(prefix: Key): Promise<number | undefined> {
    return this.#tree.changedAtMs(prefix);
  }

  room(): Promise<Room | undefined> {
    return this.#base.room();
  }

  /** Those of the base can only be looked at. */
  async staged(): Promise<readonly StagedInfo[]> {
    const own = [...this.#uploads].map(([id, { modifiedAtMs, size }]) => ({ id, modifiedAtMs, size }));
    return [...(await this.#base.staged()), ...own];
  }

  async create(bytes: Uint8Array, key: Key, sharedAs: Key | undefined): Promise<ObjectInfo | undefined> {
    for (const name of [key, sharedAs ?? key]) if ((await this.#found(name)) !== undefined) return undefined;
    await this.write(key, bytes);
    if (sharedAs !== undefined) await this.link(key, sharedAs);
    return this.stat(key);
  }

  async write(key: Key, bytes: Uint8Array): Promise<ObjectInfo> {
    const before = await this.#found(key);
    if (before?.label !== undefined && isSame(this.#tree.at(key), before.object)) this.#count(before, -1);
    return this.#put(key, new Uint8Array(bytes));
  }

  /** Whoever only plans gives nothing away. */
  async secret(): Promise<undefined> {}

  async append(key: Key, bytes: Uint8Array): Promise<void> {
    await this.#append({ key, bytes });
  }

  async update(key: Key, change: Change, _options?: UpdateOptions): Promise<Updated> {
    return this.#updates.run(parentOf(key), async () => {
      this.#tree.touch(parentOf(key));
      for (let round = 0; round < maxRounds; round += 1) {
        const updated = await this.#attempt(key, change);
        if (updated !== undefined) return updated;
      }
      throw new StorageError('unavailable', `${key} changed before each of ${maxRounds} updates`);
    });
  }

  async exclusively<Result>(key: Key, work: (isOurs: () => boolean) => Promise<Result>): Promise<Result | undefined> {
    return this.#updates.run(parentOf(key), async () => {
      if (!(await this.#tree.hasPrefix(parentOf(key)))) return undefined;
      // Where files are locked that is a name which comes and goes.
      this.#tree.touch(parentOf(key));
      return work(() => true);
    });
  }

  async move(from: Key, to: Key): Promise<boolean> {
    const [source, there] = [await this.#found(from), await this.#found(to)];
    if (source === undefined || there !== undefined) return false;
    this.#tree.put(to, source.object);
    this.#count(source, 1);
    this.#tree.drop(from);
    this.#count(source, -1);
    return true;
  }

  async link(from: Key, to: Key): Promise<boolean> {
    const [source, there] = [await this.#found(from), await this.#found(to)];
    if (source === undefined) return false;
    if (isSame(this.#tree.at(to), source.object)) return true;
    this.#tree.put(to, source.object);
    this.#count(source, 1);
    if (there !== undefined) this.#count(there, -1);
    return true;
  }

  makeDurable(key: Key): Promise<ObjectInfo | undefined> {
    return this.stat(key);
  }

  async settle(): Promise<void> {}

  async sweep(): Promise<void> {}

  async delete(key: Key): Promise<boolean> {
    const found = await this.#found(key);
    if (found === undefined || !isSame(this.#tree.at(key), found.object)) return false;
    this.#tree.drop(key);
    this.#count(found, -1);
    return true;
  }

  async removeEmpty(prefix: Key, rules: EmptyPrefixRules): Promise<readonly Key[]> {
    const drop = (empty: Key) => this.#tree.dropPrefix(empty);
    return removeBelow(this, drop, prefix, rules);
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

  async close(): Promise<void> {
    await this.#updates.idle();
  }

  get #uploadsOfStore(): MemoryUploads {
    return {
      now: this.#now,
      room: new MemoryRoom(Number.POSITIVE_INFINITY),
      find: (id) => this.#uploads.get(id),
      remove: (id) => this.#uploads.delete(id),
      publish: (key, bytes) => this.#put(key, bytes),
    };
  }

  /** Undefined when something that does not queue changed the object while `change` was thinking. */
  async #attempt(key: Key, change: Change): Promise<Updated | undefined> {
    let seen = await this.stat(key);
    let isGone = false;
    const current = seen && {
      info: seen,
      read: async (limit: number): Promise<StoredObject> => {
        const object = await this.read(key, limit);
        isGone = object === undefined;
        if (object === undefined) throw new StorageError('unavailable', `${key} was removed while it was updated`);
        seen = object.info;
        return object;
      },
    };
    let replacement: Awaited<ReturnType<Change>>;
    try {
      replacement = await change(current);
    } catch (error) {
      if (isGone) return undefined;
      throw error;
    }
    if (replacement === undefined) return { replaced: false, info: seen, previous: undefined, problem: undefined };
    for (const object of replacement.first) await this.#keepOrPut(object);
    if ((await this.stat(key))?.version !== seen?.version) return undefined;
    return this.#replace(key, replacement, seen !== undefined);
  }

  async #replace(key: Key, replacement: Replacement, wasThere: boolean): Promise<Updated> {
    const label = newLabel();
    for (const object of replacement.record(label)) await this.#append(object);
    const info = this.#put(key, joined(replacement.bytes), label);
    let problem: unknown;
    try {
      for (const object of replacement.note(label)) await this.#append(object);
    } catch (error) {
      problem = error;
    }
    for (const { key: gone, keepAs } of replacement.remove) {
      if (keepAs !== undefined) await this.move(gone, keepAs);
      await this.delete(gone);
    }
    // Nobody writes in place here.
    const previous = wasThere ? { readIfChanged: async () => undefined, close: async () => {} } : undefined;
    return { replaced: true, info, previous, problem };
  }

  async #found(key: Key): Promise<FoundObject | undefined> {
    const object = this.#tree.at(key);
    if (object === undefined || object instanceof MemoryObject) return object && { object, label: undefined };
    const info = await this.#base.stat(object.key);
    return info && { object, label: info.label };
  }

  #put(key: Key, bytes: Uint8Array, label: VersionLabel = newLabel()): ObjectInfo {
    const before = this.#tree.at(key);
    if (before instanceof MemoryObject) before.keyMoved(-1, this.#now());
    const object = new MemoryObject(bytes, label, this.#now());
    object.keyMoved(1, this.#now());
    this.#tree.put(key, object);
    return object.info;
  }

  async #keepOrPut({ key, bytes }: SmallObject): Promise<void> {
    const size = await this.glance(key);
    const now = size === bytes.byteLength ? await this.read(key, mostBytes) : undefined;
    if (now === undefined || Buffer.compare(now.bytes, bytes) !== 0) await this.write(key, bytes);
  }

  async #append({ key, bytes }: SmallObject): Promise<void> {
    const object = this.#tree.at(key);
    if (object instanceof MemoryObject) {
      object.append(bytes, this.#now());
      return;
    }
    const before = (await this.read(key, mostBytes))?.bytes ?? new Uint8Array();
    this.#put(key, Buffer.concat([before, bytes]));
  }

  #count({ object, label }: FoundObject, by: 1 | -1): void {
    if (object instanceof MemoryObject) object.keyMoved(by, this.#now());
    else if (label !== undefined) this.#links.set(label, (this.#links.get(label) ?? 0) + by);
  }

  #linked(info: ObjectInfo): ObjectInfo {
    if (this.#links.size === 0) return info;
    const { size, version, label, modifiedAtMs, changedAtMs, settled, hardLinks } = info;
    const by = this.#links.get(label);
    if (by === undefined) return info;
    return { size, version, label, modifiedAtMs, changedAtMs, settled, hardLinks: hardLinks + by };
  }
}

function isSame(one: PlannedObject | undefined, other: PlannedObject): boolean {
  if (one === undefined || one instanceof MemoryObject || other instanceof MemoryObject) return one === other;
  return one.key === other.key;
}

function parentOf(key: Key): Key {
  return key.slice(0, Math.max(key.lastIndexOf('/'), 0)) as Key;
}
