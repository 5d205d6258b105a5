// The filesystem driver: an ObjectStore whose keys are files below one directory, shared with any number of other processes.
// What is bought with which rule: ARCHITECTURE.md, sections 3 to 5.
import { resolve } from 'node:path';
import type { UploadId } from '../../oci/upload-id.ts';
import { KeyQueue } from '../key-queue.ts';
import type {
  Change,
  Child,
  Key,
  ObjectInfo,
  ObjectStore,
  OpenObject,
  StagedAttributes,
  StagedInfo,
  StagedObject,
  StoredObject,
  Updated,
} from '../object-store.ts';
import { StorageError } from '../storage-error.ts';
import type { StorageLog } from '../storage-log.ts';
import { Directories } from './directories.ts';
import { DurableFiles } from './durable-file.ts';
import { type Intent, meansAbsent, toStorageError } from './errno.ts';
import { FileInfo, sameVersion } from './file-info.ts';
import { FileLocks, minimumStaleMs } from './file-lock.ts';
import { FileTree, parentOf } from './file-tree.ts';
import { Leftovers } from './leftovers.ts';
import { linkFile } from './linked-file.ts';
import { cachesAttributes } from './network-file-system.ts';
import { OpenFile } from './open-file.ts';
import { readWhole } from './read-file.ts';
import { replaceFile, type UpdateParts } from './replace-file.ts';
import { prepareRoot } from './root-directory.ts';
import { appendSmall, deleteFile, syncFile, writeSmall } from './small-file.ts';
import { StagingArea } from './staging-area.ts';
import { type SystemCalls, systemCalls } from './system-calls.ts';

export interface FilesystemStoreSettings {
  readonly readOnly: boolean;
  readonly lockStaleMs: number;
  /** The root is on a file system that answers a bare stat from a cache. */
  readonly cachesAttributes: boolean;
  readonly place: string;
}

export class FilesystemStore implements ObjectStore {
  readonly #tree: FileTree;
  readonly #settings: FilesystemStoreSettings;
  readonly #parts: UpdateParts;
  readonly #staging: StagingArea;
  readonly #updates = new KeyQueue();

  /** For `openFilesystemStore`, which looks at the root first. */
  constructor(tree: FileTree, settings: FilesystemStoreSettings) {
    this.#tree = tree;
    this.#settings = settings;
    const directories = new Directories(tree);
    const files = new DurableFiles(tree, directories);
    const locks = new FileLocks(tree, settings.lockStaleMs);
    this.#parts = { tree, directories, files, locks, leftovers: new Leftovers(tree) };
    this.#staging = new StagingArea(this.#parts);
  }

  get place(): string {
    return this.#settings.place;
  }

  async stat(key: Key): Promise<ObjectInfo | undefined> {
    const { calls } = this.#tree;
    try {
      const seenAtMs = calls.now();
      const stats = this.#settings.cachesAttributes ? this.#statOpened(key) : calls.lstatSync(this.#tree.pathOf(key));
      if (stats?.isFile() !== true || !this.#tree.hadRealParents(key)) return undefined;
      return this.#tree.infoOf(stats, seenAtMs);
    } catch (error) {
      if (meansAbsent(error)) return undefined;
      throw toStorageError(error, 'read');
    }
  }

  async isCurrent(key: Key, info: ObjectInfo): Promise<boolean> {
    if (!(info instanceof FileInfo) || this.#settings.cachesAttributes) {
      return (await this.stat(key))?.version === info.version;
    }
    try {
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
      if (opened === undefined) return this.#tree.refuseIrregular(key);
      try {
        return await readWhole(this.#tree, opened.descriptor, limit);
      } finally {
        this.#tree.calls.closeSync(opened.descriptor);
      }
    });
  }

  async open(key: Key): Promise<OpenObject | undefined> {
    return translated('read', async () => {
      const seenAtMs = this.#tree.calls.now();
      const opened = this.#tree.openForReading(key);
      if (opened === undefined) return undefined;
      return new OpenFile(this.#tree.calls, opened.descriptor, this.#tree.infoOf(opened.stats, seenAtMs));
    });
  }

  async list(prefix: Key): Promise<readonly Child[]> {
    return translated('read', () => this.#tree.childrenOf(prefix));
  }

  async write(key: Key, bytes: Uint8Array): Promise<ObjectInfo> {
    return this.#writing(() => writeSmall(this.#parts, { key, bytes }));
  }

  async append(key: Key, bytes: Uint8Array): Promise<void> {
    await this.#writing(() => appendSmall(this.#parts, { key, bytes }));
  }

  async update(key: Key, change: Change): Promise<Updated> {
    return this.#writing(() => this.#updates.run(parentOf(key), () => replaceFile(this.#parts, key, change)));
  }

  async link(from: Key, to: Key): Promise<boolean> {
    return this.#writing(() => linkFile(this.#parts, from, to));
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
    return this.#writing(() => deleteFile(this.#parts, key));
  }

  async stage(id: UploadId, attributes: StagedAttributes): Promise<StagedObject> {
    return this.#writing(() => this.#staging.stage(id, attributes));
  }

  async resume(id: UploadId): Promise<StagedObject | undefined> {
    return translated('read', () => this.#staging.resume(id));
  }

  async staged(): Promise<readonly StagedInfo[]> {
    return translated('read', () => this.#staging.staged());
  }

  /** Clears away what crashes left behind outside of the layouts. */
  async sweep(): Promise<void> {
    await this.#writing(() => this.#staging.sweep());
  }

  async close(): Promise<void> {
    await this.#updates.idle();
  }

  #statOpened(key: Key) {
    const opened = this.#tree.openForReading(key);
    if (opened !== undefined) this.#tree.calls.closeSync(opened.descriptor);
    return opened?.stats;
  }

  async #writing<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#settings.readOnly) throw new StorageError('read-only', `${this.#tree.root} was opened read-only`);
    return translated('write', work);
  }
}

export interface FilesystemStoreOptions {
  readonly log: StorageLog;
  /** 0644 unless given; the process's umask applies. */
  readonly fileMode?: number;
  /** 0755 unless given; the process's umask applies. */
  readonly directoryMode?: number;
  readonly readOnly?: boolean;
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
  const place = await prepareRoot(tree, readOnly);
  const store = new FilesystemStore(tree, {
    readOnly,
    lockStaleMs: options.lockStaleMs ?? minimumStaleMs,
    cachesAttributes: cachesAttributes(await calls.fileSystemType(tree.root)),
    place,
  });
  if (!readOnly) await store.sweep();
  return store;
}

async function translated<Result>(intent: Intent, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw toStorageError(error, intent);
  }
}
