// The filesystem driver: an ObjectStore whose keys are files below one directory, shared with any number of other processes.
// What is bought with which rule: ARCHITECTURE.md#the-storage-seam.
import { constants } from 'node:fs';
import type { UploadId } from '../../oci/upload-id.ts';
import { KeyQueue } from '../key-queue.ts';
import type {
  Change,
  EmptyPrefixRules,
  Key,
  ObjectInfo,
  ObjectStore,
  StagedAttributes,
  StagedObject,
  Updated,
  UpdateOptions,
} from '../object-store.ts';
import { ownDirectory } from '../own-names.ts';
import type { StorageMeters } from '../storage-meters.ts';
import { createFile } from './created-file.ts';
import { removeEmptyDirectories } from './empty-directories.ts';
import { meansAbsent, saysNoSpace, translated } from './errno.ts';
import { FileLocks, minimumStaleMs } from './file-lock.ts';
import { parentOf } from './file-tree.ts';
import { FilesystemReader } from './filesystem-reader.ts';
import { FreeSpace } from './free-space.ts';
import { KeptLocks } from './kept-locks.ts';
import { Leftovers } from './leftovers.ts';
import { linkFile } from './linked-file.ts';
import { type LockParts, whileLocked } from './locked-directory.ts';
import { moveFile } from './moved-file.ts';
import { type OpenedRoot, openRoot, type RootOptions } from './open-root.ts';
import { replaceFile } from './replace-file.ts';
import { ReserveFile } from './reserve-file.ts';
import { findSecret, readOrMakeSecret } from './secret-file.ts';
import { appendSmall, deleteFile, syncFile, writeSmall } from './small-file.ts';
import { StagingArea } from './staging-area.ts';
import { storageProblem } from './storage-problem.ts';
import { systemCalls } from './system-calls.ts';
import { withTimedSyncs } from './timed-syncs.ts';

/** For so long what could be written to counts as that for what is only begun. */
const writableForMs = 10;

export interface FilesystemStoreSettings {
  readonly minFree: number | undefined;
  readonly keepsReserve: boolean;
  readonly lockStaleMs: number;
  readonly meters: StorageMeters | undefined;
}

export class FilesystemStore extends FilesystemReader implements ObjectStore {
  readonly #parts: LockParts;
  readonly #staging: StagingArea;
  readonly #space: FreeSpace;
  /** Undefined where none is kept. */
  readonly #reserve: ReserveFile | undefined;
  readonly #updates = new KeyQueue();
  #writableAtMs = Number.NEGATIVE_INFINITY;

  /** For `openFilesystemStore`, which looks at the root first. */
  constructor(opened: OpenedRoot, { minFree, keepsReserve, lockStaleMs, meters }: FilesystemStoreSettings) {
    super(opened);
    const { parts } = opened;
    this.#parts = {
      ...parts,
      locks: new FileLocks(this.tree, lockStaleMs, meters),
      leftovers: new Leftovers(this.tree),
      kept: new KeptLocks(this.tree),
      spares: opened.spares,
    };
    this.#space = new FreeSpace(this.tree, minFree);
    this.#reserve = keepsReserve ? new ReserveFile(parts, this.root, this.#space) : undefined;
    this.#staging = new StagingArea({ ...this.#parts, root: this.root, space: this.#space });
  }

  override async problem(): Promise<string | undefined> {
    return storageProblem(this.tree, this.root, this.#space);
  }

  async assertRoom(bytes: number): Promise<void> {
    await translated('write', async () => {
      await this.root.assertPresentLately();
      if (bytes === 0) this.#assertNotReadOnlyLately();
      await this.#space.assertRoom(bytes);
    });
  }

  /** What is only begun writes nothing, and is refused all the same where nothing can be written; its first bytes are refused in any case. */
  #assertNotReadOnlyLately(): void {
    const nowMs = this.tree.calls.elapsed();
    if (nowMs - this.#writableAtMs < writableForMs) return;
    this.#assertNotReadOnly();
    this.#writableAtMs = nowMs;
  }

  #assertNotReadOnly(): void {
    const { calls, root } = this.tree;
    try {
      calls.accessSync(this.tree.pathOf(ownDirectory), constants.W_OK);
    } catch (error) {
      if (!meansAbsent(error)) throw error;
      calls.accessSync(root, constants.W_OK);
    }
  }

  async create(bytes: Uint8Array, key: Key, sharedAs: Key | undefined): Promise<ObjectInfo | undefined> {
    this.#space.wrote(bytes.byteLength);
    return this.#writing(() => createFile(this.#parts, { bytes, key, sharedAs }));
  }

  async write(key: Key, bytes: Uint8Array): Promise<ObjectInfo> {
    this.#space.wrote(bytes.byteLength);
    return this.#writing(() => writeSmall(this.#parts, { key, bytes }));
  }

  async secret(key: Key, how: 'make' | 'find'): Promise<Uint8Array | undefined> {
    const alone = (work: () => Promise<void>) => this.exclusively(key, work);
    if (how === 'make') return this.#writing(() => readOrMakeSecret(this.#parts, key, alone));
    return translated('read', async () => {
      const found = await findSecret(this.#parts, key);
      if (found === undefined) await this.root.assertPresent();
      return found;
    });
  }

  async append(key: Key, bytes: Uint8Array): Promise<void> {
    // A file that still is the one of its name leads to no other root.
    const isAppended = await translated('write', async () => this.#parts.appends.append(key, bytes));
    if (!isAppended) await this.#writing(() => appendSmall(this.#parts, { key, bytes }));
  }

  async update(key: Key, change: Change, options?: UpdateOptions): Promise<Updated> {
    const close = async ({ previous }: Updated) => previous?.close();
    const update = () => this.#writing(() => replaceFile(this.#parts, key, change, options?.isFollowed), close);
    return this.#updates.run(parentOf(key), () =>
      options?.mayUseReserve === true ? this.#withReserve(update) : update(),
    );
  }

  async exclusively<Result>(key: Key, work: (isOurs: () => boolean) => Promise<Result>): Promise<Result | undefined> {
    const directory = parentOf(key);
    return this.#updates.run(directory, () =>
      this.#writing(() => whileLocked(this.#parts, directory, (_held, lock) => work(() => lock.isOurs()))),
    );
  }

  async move(from: Key, to: Key): Promise<boolean> {
    return this.#writing(() => moveFile(this.#parts, from, to));
  }

  async link(from: Key, to: Key): Promise<boolean> {
    return this.#writing(() => linkFile({ ...this.#parts, space: this.#space }, from, to));
  }

  async makeDurable(key: Key): Promise<ObjectInfo | undefined> {
    return this.#writing(async () => {
      const seenAtMs = this.tree.calls.now();
      const opened = this.tree.openForReading(key);
      if (opened === undefined) return undefined;
      try {
        const isDurable = await syncFile(this.#parts, key, opened);
        return isDurable ? this.tree.infoOf(opened.stats, seenAtMs) : undefined;
      } finally {
        this.tree.calls.closeSync(opened.descriptor);
      }
    });
  }

  async settle(prefix: Key): Promise<void> {
    await translated('write', async () => {
      await this.root.assertPresent();
      const held = this.tree.tryHold(prefix);
      if (held === undefined) return;
      held.close();
      await this.#parts.directories.ensure(prefix);
      await this.#parts.directories.sync(prefix);
    });
  }

  async delete(key: Key): Promise<boolean> {
    let wasThere = false;
    const remove = () =>
      deleteFile(this.#parts, key, () => {
        wasThere = true;
      });
    // The second time it may be gone already, and only that is not durable yet.
    return (await this.#withReserve(() => this.#writing(remove))) || wasThere;
  }

  async stage(id: UploadId, attributes: StagedAttributes): Promise<StagedObject> {
    return this.#writing(
      () => this.#staging.stage(id, attributes),
      (staged) => staged.discard(),
    );
  }

  async resume(id: UploadId): Promise<StagedObject | undefined> {
    return translated('read', async () => {
      const staged = await this.#staging.resume(id);
      if (staged === undefined) await this.root.assertPresent();
      return staged;
    });
  }

  async removeEmpty(prefix: Key, rules: EmptyPrefixRules): Promise<readonly Key[]> {
    await this.#parts.spares.removeAll();
    return this.#writing(() => removeEmptyDirectories(this.tree, prefix, rules));
  }

  async sweep(): Promise<void> {
    await translated('write', () => this.#staging.sweep());
  }

  /** What processes that are no more left there. */
  async sweepAtStart(): Promise<void> {
    await translated('write', () => this.#staging.sweepAtStart());
  }

  /** Begins to keep what is kept in a root that is served for writing: an id, and space for deletes. */
  async keepOwnFiles(): Promise<void> {
    await translated('write', () => this.root.assertWritable());
    this.#reserve?.keep();
  }

  override async close(): Promise<void> {
    await this.#updates.idle();
    await this.#parts.kept.releaseAll();
    await this.#parts.spares.close();
    await this.#reserve?.close();
    this.#parts.directories.close();
    this.#parts.appends.close();
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

  async #writing<Result>(work: () => Promise<Result>, undo?: (result: Result) => Promise<void>): Promise<Result> {
    return translated('write', async () => {
      await this.root.assertWritable();
      await this.#parts.directories.syncOwed();
      this.#reserve?.keep();
      return this.root.during(work, undo);
    });
  }
}

export interface ServedRootOptions {
  /** When the root gets an id, to know it again, and space that is set aside for deletes. */
  readonly ownFiles: 'at-open' | 'with-first-write';
  /** Bytes that new content leaves free; undefined: as much as is usual. */
  readonly minFree: number | undefined;
}

export interface FilesystemStoreOptions extends RootOptions {
  /** For a root that is served, and not only worked in for a while. */
  readonly served?: ServedRootOptions;
  /** How long a dead process's lock keeps others waiting; at least, and unless given, 2 s. The same in all processes of a root. */
  readonly lockStaleMs?: number;
  /** Told what a server waits for; undefined: nobody is. */
  readonly meters?: StorageMeters | undefined;
}

/**
 * Opens the store in `directory`, which is created when missing. Refuses with a message for the operator: what is no
 * directory ('unsafe'), what cannot be written ('read-only').
 */
export async function openFilesystemStore(
  directory: string,
  options: FilesystemStoreOptions,
): Promise<FilesystemStore> {
  const { served, lockStaleMs = minimumStaleMs, meters } = options;
  const calls = meters && withTimedSyncs(options.calls ?? systemCalls, meters);
  const isServed = served !== undefined;
  return translated('read', async () => {
    const opened = await openRoot(directory, {
      ...options,
      ...(calls && { calls }),
      access: 'write',
      laysId: isServed,
    });
    const minFree = isServed ? served.minFree : 0;
    const store = new FilesystemStore(opened, { minFree, keepsReserve: isServed, lockStaleMs, meters });
    if (served?.ownFiles === 'at-open') await store.keepOwnFiles();
    await store.sweepAtStart();
    return store;
  });
}
