// The filesystem driver: an ObjectStore whose keys are files below one directory, shared with any number of other processes.
// What is bought with which rule: ARCHITECTURE.md, sections 3 to 5.
import { resolve } from 'node:path';
import type { UploadId } from '../../oci/upload-id.ts';
import { KeyQueue } from '../key-queue.ts';
import type { Log } from '../log.ts';
import type {
  Change,
  Child,
  Key,
  ListingVersion,
  ObjectInfo,
  ObjectStore,
  OpenObject,
  StagedAttributes,
  StagedInfo,
  StagedObject,
  StoredObject,
  Updated,
  UpdateOptions,
} from '../object-store.ts';
import { StorageError } from '../storage-error.ts';
import { Directories } from './directories.ts';
import { DurableFiles } from './durable-file.ts';
import { type Intent, meansAbsent, saysNoSpace, toStorageError } from './errno.ts';
import { FileInfo, sameVersion } from './file-info.ts';
import { FileLocks, minimumStaleMs } from './file-lock.ts';
import { FileTree, parentOf } from './file-tree.ts';
import { FreeSpace } from './free-space.ts';
import { Leftovers } from './leftovers.ts';
import { linkFile } from './linked-file.ts';
import { cachesAttributes } from './network-file-system.ts';
import { OpenFile } from './open-file.ts';
import { readWhole } from './read-file.ts';
import { replaceFile, type UpdateParts } from './replace-file.ts';
import { ReserveFile } from './reserve-file.ts';
import { placeOf, prepareRoot } from './root-directory.ts';
import { RootIdentity } from './root-identity.ts';
import { appendSmall, deleteFile, syncFile, writeSmall } from './small-file.ts';
import { StagingArea } from './staging-area.ts';
import { storageProblem } from './storage-problem.ts';
import { type SystemCalls, systemCalls } from './system-calls.ts';

export interface FilesystemStoreSettings {
  readonly readOnly: boolean;
  /** The root is on a file system that answers a bare stat from a cache. */
  readonly cachesAttributes: boolean;
  readonly place: string;
  readonly minFree: number | undefined;
  readonly keepsReserve: boolean;
}

export class FilesystemStore implements ObjectStore {
  readonly #tree: FileTree;
  readonly #settings: FilesystemStoreSettings;
  readonly #parts: UpdateParts;
  readonly #staging: StagingArea;
  readonly #root: RootIdentity;
  readonly #space: FreeSpace;
  /** Undefined where none is kept. */
  readonly #reserve: ReserveFile | undefined;
  readonly #updates = new KeyQueue();

  /** For `openFilesystemStore`, which looks at the root first. */
  constructor(parts: UpdateParts, root: RootIdentity, settings: FilesystemStoreSettings) {
    this.#tree = parts.tree;
    this.#settings = settings;
    this.#parts = parts;
    this.#root = root;
    this.#space = new FreeSpace(parts.tree, settings.minFree);
    this.#reserve = settings.keepsReserve ? new ReserveFile(parts, root, this.#space) : undefined;
    this.#staging = new StagingArea({ ...parts, root, space: this.#space });
  }

  get place(): string {
    return this.#settings.place;
  }

  async problem(): Promise<string | undefined> {
    return storageProblem(this.#tree, this.#root, this.#space, this.#settings);
  }

  async assertRoom(bytes: number): Promise<void> {
    await translated('write', async () => {
      await this.#root.assertPresent();
      await this.#space.assertRoom(bytes);
    });
  }

  async stat(key: Key): Promise<ObjectInfo | undefined> {
    const info = this.#look(key);
    if (info === undefined) await translated('read', () => this.#root.assertPresent());
    return info;
  }

  async isCurrent(key: Key, info: ObjectInfo): Promise<boolean> {
    if (!(info instanceof FileInfo) || this.#settings.cachesAttributes) {
      return (await this.stat(key))?.version === info.version;
    }
    try {
      // Also through a link that somebody put on the way: the same attributes are those of the same file.
      const stats = this.#tree.calls.lstatSync(this.#tree.pathOf(key));
      return stats !== undefined && sameVersion(stats, info.stats);
    } catch (error) {
      if (meansAbsent(error)) return false;
      throw toStorageError(error, 'read');
    }
  }

  async read(key: Key, limit: number): Promise<StoredObject | undefined> {
    return translated('read', async () => {
      const opened = this.#tree.openForReading(key);
      if (opened === undefined) {
        this.#tree.refuseIrregular(key);
        await this.#root.assertPresent();
        return undefined;
      }
      try {
        const object = await readWhole(this.#tree, opened.descriptor, limit);
        // Also of what is there: the index of another registry is not what was pushed here.
        await this.#root.assertPresent();
        return object;
      } finally {
        this.#tree.calls.closeSync(opened.descriptor);
      }
    });
  }

  async open(key: Key): Promise<OpenObject | undefined> {
    return translated('read', async () => {
      const seenAtMs = this.#tree.calls.now();
      const opened = this.#tree.openForReading(key);
      if (opened === undefined) {
        await this.#root.assertPresent();
        return undefined;
      }
      return new OpenFile(this.#tree.calls, opened.descriptor, this.#tree.infoOf(opened.stats, seenAtMs));
    });
  }

  async list(prefix: Key): Promise<readonly Child[]> {
    return translated('read', async () => {
      const children = await this.#tree.childrenOf(prefix);
      await this.#root.assertPresent();
      return children;
    });
  }

  async listingVersion(prefix: Key): Promise<ListingVersion | undefined> {
    return translated('read', async () => {
      const version = this.#tree.listingVersion(prefix);
      if (version === undefined) await this.#root.assertPresent();
      return version;
    });
  }

  async write(key: Key, bytes: Uint8Array): Promise<ObjectInfo> {
    this.#space.wrote(bytes.byteLength);
    return this.#writing(() => writeSmall(this.#parts, { key, bytes }));
  }

  async append(key: Key, bytes: Uint8Array): Promise<void> {
    await this.#writing(() => appendSmall(this.#parts, { key, bytes }));
  }

  async update(key: Key, change: Change, options?: UpdateOptions): Promise<Updated> {
    const update = () => this.#writing(() => replaceFile(this.#parts, key, change));
    return this.#updates.run(parentOf(key), () =>
      options?.mayUseReserve === true ? this.#withReserve(update) : update(),
    );
  }

  async link(from: Key, to: Key): Promise<boolean> {
    return this.#writing(() => linkFile({ ...this.#parts, space: this.#space }, from, to));
  }

  async makeDurable(key: Key): Promise<ObjectInfo | undefined> {
    return this.#writing(async () => {
      const seenAtMs = this.#tree.calls.now();
      const opened = this.#tree.openForReading(key);
      if (opened === undefined) return undefined;
      try {
        await syncFile(this.#parts, key, opened.descriptor);
        return this.#tree.infoOf(opened.stats, seenAtMs);
      } finally {
        this.#tree.calls.closeSync(opened.descriptor);
      }
    });
  }

  async delete(key: Key): Promise<boolean> {
    return this.#withReserve(() => this.#writing(() => deleteFile(this.#parts, key)));
  }

  async stage(id: UploadId, attributes: StagedAttributes): Promise<StagedObject> {
    return this.#writing(() => this.#staging.stage(id, attributes));
  }

  async resume(id: UploadId): Promise<StagedObject | undefined> {
    return translated('read', async () => {
      const staged = await this.#staging.resume(id);
      if (staged === undefined) await this.#root.assertPresent();
      return staged;
    });
  }

  async staged(): Promise<readonly StagedInfo[]> {
    return translated('read', async () => {
      const staged = await this.#staging.staged();
      await this.#root.assertPresent();
      return staged;
    });
  }

  /** Clears away what crashes left behind outside of the layouts. */
  async sweep(): Promise<void> {
    await translated('write', () => this.#staging.sweep());
  }

  /** Begins to keep what is kept in a root that is served for writing: an id, and space for deletes. */
  async keepOwnFiles(): Promise<void> {
    await translated('write', () => this.#root.assertWritable());
    this.#reserve?.keep();
  }

  async close(): Promise<void> {
    await this.#updates.idle();
    await this.#reserve?.close();
  }

  #look(key: Key): ObjectInfo | undefined {
    const { calls } = this.#tree;
    try {
      const seenAtMs = calls.now();
      const stats = this.#settings.cachesAttributes ? this.#statOpened(key) : this.#tree.lookAt(key);
      return stats && this.#tree.infoOf(stats, seenAtMs);
    } catch (error) {
      if (meansAbsent(error)) return undefined;
      throw toStorageError(error, 'read');
    }
  }

  #statOpened(key: Key) {
    const opened = this.#tree.openForReading(key);
    if (opened !== undefined) this.#tree.calls.closeSync(opened.descriptor);
    return opened?.stats;
  }

  /** Once more, with the space that is set aside, when there was none. Another delete may have got it in this very moment. */
  async #withReserve<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (this.#reserve === undefined || !saysNoSpace(error)) throw error;
      this.#reserve.release();
      return work();
    }
  }

  async #writing<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#settings.readOnly) throw new StorageError('read-only', `${this.#tree.root} was opened read-only`);
    return translated('write', async () => {
      await this.#root.assertWritable();
      this.#reserve?.keep();
      return this.#root.during(work);
    });
  }
}

export interface ServedRootOptions {
  /** When the root gets an id, to know it again, and space that is set aside for deletes. */
  readonly ownFiles: 'at-open' | 'with-first-write';
  /** Bytes that new content leaves free; undefined: as much as is usual. */
  readonly minFree: number | undefined;
}

export interface FilesystemStoreOptions {
  readonly log: Log;
  /** 0644 unless given; the process's umask applies. */
  readonly fileMode?: number;
  /** 0755 unless given; the process's umask applies. */
  readonly directoryMode?: number;
  readonly readOnly?: boolean;
  /** For a root that is served, and not only worked in for a while. */
  readonly served?: ServedRootOptions;
  /** How long a dead process's lock keeps others waiting; at least, and unless given, 2 s. The same in all processes of a root. */
  readonly lockStaleMs?: number;
  /** For tests, which replace some. */
  readonly calls?: SystemCalls;
}

/**
 * Opens the store in `directory`, which is created when missing. Refuses with a message for the operator: what is no
 * directory ('unsafe'), what cannot be written although it should ('read-only').
 */
export async function openFilesystemStore(
  directory: string,
  options: FilesystemStoreOptions,
): Promise<FilesystemStore> {
  const calls = options.calls ?? systemCalls;
  const readOnly = options.readOnly ?? false;
  const tree = new FileTree(resolve(directory), {
    calls,
    log: options.log,
    fileMode: options.fileMode ?? 0o644,
    directoryMode: options.directoryMode ?? 0o755,
  });
  const found = await prepareRoot(tree, readOnly);
  const directories = new Directories(tree);
  const parts: UpdateParts = {
    tree,
    directories,
    files: new DurableFiles(tree, directories),
    locks: new FileLocks(tree, options.lockStaleMs ?? minimumStaleMs),
    leftovers: new Leftovers(tree),
  };
  const { served } = options;
  const isServed = served !== undefined && !readOnly;
  return translated('read', async () => {
    const root = await RootIdentity.open(parts, found, {
      laysId: isServed,
      onMoved: () => {
        tree.forget();
        directories.forget();
      },
    });
    const store = new FilesystemStore(parts, root, {
      readOnly,
      cachesAttributes: cachesAttributes((await calls.statfs(tree.root)).type),
      place: placeOf(found),
      minFree: isServed ? served.minFree : 0,
      keepsReserve: isServed,
    });
    if (readOnly) return store;
    if (served?.ownFiles === 'at-open') await store.keepOwnFiles();
    await store.sweep();
    return store;
  });
}

async function translated<Result>(intent: Intent, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw toStorageError(error, intent);
  }
}
