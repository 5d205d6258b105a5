// All unfinished uploads of a root: starts them, finds them again after a restart, and clears away what a crash left half made.
import { constants } from 'node:fs';
import type { UploadId } from '../../oci/upload-id.ts';
import type { Key, StagedAttributes } from '../object-store.ts';
import { stagingDirectory } from '../own-names.ts';
import { StorageError, UploadExistsError } from '../storage-error.ts';
import { errnoOf } from './errno.ts';
import type { HeldDirectory } from './held-directory.ts';
import { abandonedAfterMs } from './leftovers.ts';
import { readWhole } from './read-file.ts';
import { removeTree } from './removed-tree.ts';
import { recordName, recordOf, StagedFile, type StagingParts } from './staged-file.ts';
import { namesIn, uploadsDirectory } from './staged-uploads.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
const maxRecordBytes = 1 << 20;

export class StagingArea {
  readonly #parts: StagingParts;
  /** What lay there when it was swept last, each since when. */
  #seenAtMs: Map<string, number> = new Map();

  constructor(parts: StagingParts) {
    this.#parts = parts;
  }

  /**
   * Cheap, since most uploads are small and end at once: the record is written but not synced (it survives the process;
   * the first large append makes it survive a power cut), and `data` is created by the first append.
   */
  async stage(id: UploadId, attributes: StagedAttributes): Promise<StagedFile> {
    const { tree, directories } = this.#parts;
    const directory = `${uploadsDirectory}/${id}`;
    const staged = new StagedFile(this.#parts, directory, id, attributes);
    await directories.within(uploadsDirectory, async (uploads) => {
      try {
        tree.calls.mkdirSync(uploads.at(id), tree.directoryMode);
      } catch (error) {
        throw errnoOf(error) === 'EEXIST' ? new UploadExistsError(id, error) : error;
      }
      try {
        await tree.holding(directory, async (held) => this.#writeRecord(held, recordOf(attributes)));
      } catch (error) {
        await staged.discard();
        throw error;
      }
    });
    return staged;
  }

  async resume(id: UploadId): Promise<StagedFile | undefined> {
    const directory = `${uploadsDirectory}/${id}`;
    const attributes = await this.#readRecord(directory);
    return attributes && new StagedFile(this.#parts, directory, id, attributes);
  }

  /** Removes drafts and half-made upload directories that a crash left more than an hour ago. */
  async sweepAtStart(): Promise<void> {
    const oldest = this.#parts.tree.calls.now() - abandonedAfterMs;
    await this.#remove((key) => this.#changedAtMs(key) < oldest);
  }

  /**
   * Removes those that have been there for an hour since this process saw them first, such as what could not be removed when its write
   * failed. By the time that went by alone: clocks are set.
   */
  async sweep(): Promise<void> {
    const nowMs = this.#parts.tree.calls.elapsed();
    const before = this.#seenAtMs;
    this.#seenAtMs = new Map();
    await this.#remove((key) => {
      const file = `${key} ${this.#changedAtMs(key)}`;
      const seenAtMs = before.get(file) ?? nowMs;
      this.#seenAtMs.set(file, seenAtMs);
      return nowMs - seenAtMs > abandonedAfterMs;
    });
  }

  async #remove(isAbandoned: (key: string) => boolean): Promise<void> {
    const { tree } = this.#parts;
    for (const name of await namesIn(tree, stagingDirectory)) {
      const key = `${stagingDirectory}/${name}`;
      if (isAbandoned(key)) await removeTree(tree, key);
    }
    for (const name of await namesIn(tree, uploadsDirectory)) {
      const key = `${uploadsDirectory}/${name}`;
      if (isAbandoned(key) && (await this.#readRecord(key)) === undefined) await removeTree(tree, key);
    }
  }

  /** By the change time: a link being renamed has the old mtime of its file. Never, for what is gone. */
  #changedAtMs(key: string): number {
    const { tree } = this.#parts;
    return tree.calls.lstatSync(tree.pathOf(key))?.ctimeMs ?? Number.POSITIVE_INFINITY;
  }

  #writeRecord(held: HeldDirectory, bytes: Uint8Array): void {
    const { calls, fileMode } = this.#parts.tree;
    const record = calls.openSync(held.at(recordName), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, fileMode);
    try {
      const written = calls.writeSync(record, bytes, 0);
      if (written === bytes.byteLength) return;
      throw new StorageError('no-space', `${held.keyOf(recordName)}: only ${written} bytes were written`);
    } finally {
      calls.closeSync(record);
    }
  }

  async #readRecord(directory: string): Promise<StagedAttributes | undefined> {
    const { tree } = this.#parts;
    const key = `${directory}/${recordName}` as Key;
    // Most ids are of uploads that are not stored.
    const opened = tree.isNothingAt(key) ? undefined : tree.openForReading(key);
    if (opened === undefined) return undefined;
    try {
      const { bytes } = await readWhole(tree, opened.descriptor, maxRecordBytes);
      const attributes = parseRecord(bytes);
      if (attributes === undefined)
        tree.log.warn('the record of an upload is damaged: treated as absent', { directory });
      return attributes;
    } finally {
      tree.calls.closeSync(opened.descriptor);
    }
  }
}

function parseRecord(bytes: Uint8Array): StagedAttributes | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
  const entries = Object.entries(parsed).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(entries);
}
