// All unfinished uploads of a root: starts them, finds them again after a restart, and clears away what a crash left half made.
import { constants } from 'node:fs';
import { isUploadId, type UploadId } from '../../oci/upload-id.ts';
import type { Key, StagedAttributes, StagedInfo } from '../object-store.ts';
import { StorageError } from '../storage-error.ts';
import { meansAbsent } from './errno.ts';
import { abandonedAfterMs } from './leftovers.ts';
import { readWhole } from './read-file.ts';
import { dataName, recordName, recordOf, StagedFile, type StagingParts } from './staged-file.ts';
import { ownDirectory, stagingDirectory } from './store-parts.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
const uploadsDirectory = `${ownDirectory}/uploads`;
const maxRecordBytes = 1 << 20;

export class StagingArea {
  readonly #parts: StagingParts;

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
    await directories.within(uploadsDirectory, async () => {
      tree.calls.mkdirSync(tree.pathOf(directory), tree.directoryMode);
      try {
        this.#writeRecord(directory, recordOf(attributes));
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

  async staged(): Promise<readonly StagedInfo[]> {
    const found: StagedInfo[] = [];
    for (const name of await this.#namesIn(uploadsDirectory)) {
      if (!isUploadId(name)) continue;
      const record = this.#modifiedAtMs(`${uploadsDirectory}/${name}/${recordName}`);
      if (record === undefined) continue;
      const data = this.#modifiedAtMs(`${uploadsDirectory}/${name}/${dataName}`);
      found.push({ id: name, modifiedAtMs: Math.max(record, data ?? 0) });
    }
    return found;
  }

  /** Removes drafts and half-made upload directories that a crash left more than an hour ago. */
  async sweep(): Promise<void> {
    const { tree } = this.#parts;
    const oldest = tree.calls.now() - abandonedAfterMs;
    // By the change time: a link being renamed has the old mtime of its file.
    const isOld = (key: string): boolean => (tree.calls.lstatSync(tree.pathOf(key))?.ctimeMs ?? oldest) < oldest;
    for (const name of await this.#namesIn(stagingDirectory)) {
      const key = `${stagingDirectory}/${name}`;
      if (isOld(key)) await tree.calls.removeTree(tree.pathOf(key));
    }
    for (const name of await this.#namesIn(uploadsDirectory)) {
      const key = `${uploadsDirectory}/${name}`;
      if (isOld(key) && (await this.#readRecord(key)) === undefined) await tree.calls.removeTree(tree.pathOf(key));
    }
  }

  #writeRecord(directory: string, bytes: Uint8Array): void {
    const { calls, fileMode } = this.#parts.tree;
    const path = this.#parts.tree.pathOf(`${directory}/${recordName}`);
    const record = calls.openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, fileMode);
    try {
      const written = calls.writeSync(record, bytes, 0);
      if (written < bytes.byteLength) throw new StorageError('no-space', `${path}: only ${written} bytes were written`);
    } finally {
      calls.closeSync(record);
    }
  }

  async #readRecord(directory: string): Promise<StagedAttributes | undefined> {
    const { tree } = this.#parts;
    const opened = tree.openForReading(`${directory}/${recordName}` as Key);
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

  #modifiedAtMs(key: string): number | undefined {
    return this.#parts.tree.calls.lstatSync(this.#parts.tree.pathOf(key))?.mtimeMs;
  }

  async #namesIn(directory: string): Promise<readonly string[]> {
    try {
      const entries = await this.#parts.tree.calls.readdir(this.#parts.tree.pathOf(directory));
      return entries.map((entry) => entry.name);
    } catch (error) {
      if (meansAbsent(error)) return [];
      throw error;
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
