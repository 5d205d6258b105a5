// An unfinished upload: a directory with `data` and `record.json`. The size of `data` is the truth about progress.
import { constants } from 'node:fs';
import type { Readable } from 'node:stream';
import type { UploadId } from '../../oci/upload-id.ts';
import { type AppendSink, appendStream } from '../append-stream.ts';
import type { AppendOptions, Key, ObjectInfo, StagedAttributes, StagedObject } from '../object-store.ts';
import { StorageError } from '../storage-error.ts';
import { toStorageError } from './errno.ts';
import { newDraftName, parentOf } from './file-tree.ts';
import type { FreeSpace } from './free-space.ts';
import type { HeldDirectory, OpenedFile } from './held-directory.ts';
import { readInto, readWhole } from './read-file.ts';
import { removeTree } from './removed-tree.ts';
import type { RootIdentity } from './root-identity.ts';
import type { StoreParts } from './store-parts.ts';

const { O_CREAT, O_RDONLY, O_RDWR } = constants;
const readBytes = 1 << 20;
const smallWriteBytes = 65_536;
/** From here on a session is worth resuming after a power cut: its directory entries are made durable too. */
const worthKeepingBytes = 8 << 20;

export interface StagingParts extends StoreParts {
  readonly root: RootIdentity;
  readonly space: FreeSpace;
}

export class StagedFile implements StagedObject {
  readonly id: UploadId;
  readonly #parts: StagingParts;
  readonly #directory: string;
  #attributes: StagedAttributes;
  /** False while bytes may be in memory only: an earlier process may have written some. */
  #synced = false;
  #entriesSynced = false;
  #poisoned = false;

  constructor(parts: StagingParts, directory: string, id: UploadId, attributes: StagedAttributes) {
    this.id = id;
    this.#parts = parts;
    this.#directory = directory;
    this.#attributes = attributes;
  }

  get attributes(): StagedAttributes {
    return this.#attributes;
  }

  async size(): Promise<number> {
    return this.#guard(async () => this.#sizeNow());
  }

  async append(source: Readable, options: AppendOptions): Promise<number> {
    const start = options.at ?? (await this.size());
    const data = await this.#dataFor(O_RDWR | O_CREAT);
    try {
      const size = await appendStream(source, this.#sinkOf(data), start, options);
      if (size >= worthKeepingBytes && !this.#entriesSynced) await this.#guard(() => this.#syncEntries());
      return size;
    } finally {
      this.#parts.tree.calls.closeSync(data.descriptor);
      if (this.#poisoned) await this.discard();
    }
  }

  async truncate(size: number): Promise<void> {
    await this.#guard(async () => {
      const now = this.#sizeNow();
      if (size > now) throw new RangeError(`cannot cut ${now} bytes to ${size}`);
      if (size === now) return;
      await this.#withData(O_RDWR, async (data) => {
        this.#parts.files.changes(data);
        await this.#parts.tree.calls.ftruncate(data.descriptor, size);
        await this.#sync(data, 'fsync');
      });
    });
  }

  async *read(): AsyncIterable<Uint8Array> {
    if ((await this.size()) === 0) return;
    const { calls } = this.#parts.tree;
    const { descriptor } = await this.#dataFor(O_RDONLY);
    try {
      for (let at = 0; ; ) {
        const buffer = Buffer.allocUnsafeSlow(readBytes);
        const position = at;
        const count = await this.#guard(() => readInto(calls, descriptor, buffer, position));
        if (count === 0) return;
        at += count;
        yield buffer.subarray(0, count);
      }
    } finally {
      calls.closeSync(descriptor);
    }
  }

  async setAttributes(attributes: StagedAttributes): Promise<void> {
    await this.#guard(() => this.#writeRecord(attributes));
    this.#attributes = attributes;
  }

  async commit(key: Key): Promise<ObjectInfo> {
    return this.#guard(async () => {
      const { tree, files } = this.#parts;
      if (!this.#synced) await this.#withData(O_RDWR | O_CREAT, (data) => this.#sync(data, 'fsync'));
      return tree.holding(this.#directory, async (held) => {
        await this.#takeAside(held);
        try {
          await files.publish(held.at(asideName), key);
        } catch (error) {
          this.#putBack(held);
          throw error;
        }
        const stats = tree.statFile(key);
        if (stats === undefined) {
          throw new StorageError('unavailable', `${key} was removed right after it was committed`);
        }
        await this.#removeDirectory(held);
        return tree.infoOf(stats, tree.calls.now());
      });
    });
  }

  async discard(): Promise<void> {
    try {
      await removeTree(this.#parts.tree, this.#directory);
    } catch (error) {
      throw toStorageError(error, 'write');
    }
  }

  /** The directory is not synced: a power cut leaves the old record or the new one, and none of the processes that either names. */
  async #writeRecord(attributes: StagedAttributes): Promise<void> {
    const { tree, files } = this.#parts;
    await tree.holding(this.#directory, async (held) => {
      const draft = await files.draft(held.at(newDraftName()), recordOf(attributes));
      tree.calls.closeSync(draft.descriptor);
      try {
        await tree.calls.rename(draft.path, held.at(recordName));
      } catch (error) {
        files.removeDraft(draft.path);
        throw error;
      }
    });
  }

  #sinkOf(data: OpenedFile): AppendSink {
    const { space, tree, files } = this.#parts;
    const { calls } = tree;
    return {
      write: async (chunks, position) => {
        this.#synced = false;
        files.changes(data);
        const bytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
        return this.#guard(async () => {
          await space.assertRoom(bytes);
          space.wrote(bytes);
          return bytes <= smallWriteBytes
            ? calls.writevSync(data.descriptor, chunks, position)
            : calls.writev(data.descriptor, chunks, position);
        });
      },
      sync: () => this.#guard(() => this.#sync(data, 'fdatasync')),
    };
  }

  /** A failed sync poisons: the pages may be lost although the next sync answers OK. */
  async #sync(data: OpenedFile, how: 'fsync' | 'fdatasync'): Promise<void> {
    try {
      const isDurable = await this.#parts.files.syncOurs(data, how);
      if (!isDurable) throw new StorageError('unavailable', `${this.#directory}: a sync of it failed before`);
      this.#synced = true;
    } catch (error) {
      this.#poisoned = true;
      throw error;
    }
  }

  async #syncEntries(): Promise<void> {
    const { directories, files, tree } = this.#parts;
    await directories.ensure(this.#directory);
    const record = tree.openForReading(`${this.#directory}/${recordName}` as Key);
    if (record === undefined) return;
    let isDurable = false;
    try {
      isDurable = await files.sync(record);
    } finally {
      tree.calls.closeSync(record.descriptor);
    }
    if (!isDurable) await this.#writeRecord(this.#attributes);
    await directories.sync(this.#directory);
    this.#entriesSynced = true;
  }

  /** An lstat alone: what is done with the bytes goes through the held directory. */
  #sizeNow(): number {
    const { tree } = this.#parts;
    const key = `${this.#directory}/${dataName}`;
    const stats = tree.calls.lstatSync(tree.pathOf(key));
    if (stats?.isFile() === false) throw new StorageError('unsafe', `${key} is not a regular file`);
    return stats?.size ?? 0;
  }

  /** The caller closes it. */
  #dataFor(flags: number): Promise<OpenedFile> {
    const close = async ({ descriptor }: OpenedFile) => this.#parts.tree.calls.closeSync(descriptor);
    return this.#guard(async () => this.#openData(flags), close);
  }

  #openData(flags: number): OpenedFile {
    const { tree } = this.#parts;
    const held = tree.tryHold(this.#directory);
    try {
      const opened = held && tree.openIn(held, dataName, flags);
      if (opened === undefined) throw new StorageError('unavailable', `${this.#directory} was discarded`);
      return opened;
    } finally {
      held?.close();
    }
  }

  async #withData(flags: number, work: (data: OpenedFile) => Promise<void>): Promise<void> {
    const data = this.#openData(flags);
    try {
      await work(data);
    } finally {
      this.#parts.tree.calls.closeSync(data.descriptor);
    }
  }

  /**
   * Moves record and bytes to where whoever comes now finds no upload, also after a crash in the middle: what may be acknowledged is not one any
   * more. Then checks whether somebody had come before: the record is replaced before the bytes are opened, so one who might still write
   * into them is seen.
   */
  async #takeAside(held: HeldDirectory): Promise<void> {
    const { calls } = this.#parts.tree;
    try {
      calls.renameSync(held.at(recordName), held.at(recordAsideName));
      calls.renameSync(held.at(dataName), held.at(asideName));
      if (await this.#isHeldByUs(held)) return;
      throw new StorageError('unavailable', `${this.#directory} was taken over by another process`);
    } catch (error) {
      this.#putBack(held);
      throw error;
    }
  }

  async #isHeldByUs(held: HeldDirectory): Promise<boolean> {
    const { tree } = this.#parts;
    if (held.lstat(recordName) !== undefined) return false;
    const opened = tree.openIn(held, recordAsideName, O_RDONLY);
    if (opened === undefined) return false;
    try {
      const { bytes } = await readWhole(tree, opened.descriptor, opened.stats.size);
      return Buffer.compare(bytes, recordOf(this.#attributes)) === 0;
    } finally {
      tree.calls.closeSync(opened.descriptor);
    }
  }

  /** Whoever took the upload over meanwhile may have begun anew. */
  #putBack(held: HeldDirectory): void {
    const { tree, files } = this.#parts;
    for (const [name, aside] of [
      [dataName, asideName],
      [recordName, recordAsideName],
    ] as const) {
      if (held.lstat(aside) === undefined) continue;
      if (held.lstat(name) !== undefined) files.removeDraft(held.at(aside));
      else tree.calls.renameSync(held.at(aside), held.at(name));
    }
  }

  async #removeDirectory(held: HeldDirectory): Promise<void> {
    const { tree } = this.#parts;
    const uploads = tree.tryHold(parentOf(this.#directory));
    try {
      tree.calls.unlinkSync(held.at(recordAsideName));
      if (uploads !== undefined) tree.calls.rmdirSync(uploads.at(this.id));
    } catch {
      await this.discard(); // Something else is in it, such as a record that was being replaced.
    } finally {
      uploads?.close();
    }
  }

  async #guard<Result>(work: () => Promise<Result>, undo?: (result: Result) => Promise<void>): Promise<Result> {
    if (this.#poisoned) throw new StorageError('unavailable', `${this.#directory}: discarded after a failed sync`);
    try {
      return await this.#parts.root.during(work, undo);
    } catch (error) {
      if (this.#poisoned) await this.discard();
      throw toStorageError(error, 'write');
    }
  }
}

export const dataName = 'data';
export const recordName = 'record.json';
/** Bytes and record while they are committed. */
const asideName = 'committing';
const recordAsideName = 'committing.json';

export function recordOf(attributes: StagedAttributes): Uint8Array {
  return Buffer.from(`${JSON.stringify(attributes)}\n`);
}
