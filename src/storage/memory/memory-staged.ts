// An unfinished upload in memory: the chunks as they came, joined once at commit.
import type { Readable } from 'node:stream';
import type { UploadId } from '../../oci/upload-id.ts';
import { type AppendSink, appendStream } from '../append-stream.ts';
import type { AppendOptions, Key, ObjectInfo, StagedAttributes, StagedObject } from '../object-store.ts';
import { StorageError } from '../storage-error.ts';
import type { MemoryRoom } from './memory-room.ts';

/** What the store keeps of an upload; it outlives the StagedObject that a request holds. */
export interface MemoryUpload {
  attributes: StagedAttributes;
  chunks: Uint8Array[];
  size: number;
  modifiedAtMs: number;
}

/** The store's side of an upload. */
export interface MemoryUploads {
  readonly room: MemoryRoom;
  now(): number;
  find(id: UploadId): MemoryUpload | undefined;
  remove(id: UploadId): void;
  publish(key: Key, bytes: Uint8Array): ObjectInfo;
}

export class MemoryStaged implements StagedObject {
  readonly id: UploadId;
  readonly #uploads: MemoryUploads;
  readonly #upload: MemoryUpload;
  #attributes: StagedAttributes;

  constructor(uploads: MemoryUploads, id: UploadId, upload: MemoryUpload) {
    this.id = id;
    this.#uploads = uploads;
    this.#upload = upload;
    this.#attributes = upload.attributes;
  }

  get attributes(): StagedAttributes {
    return this.#attributes;
  }

  async size(): Promise<number> {
    return this.#upload.size;
  }

  async append(source: Readable, options: AppendOptions): Promise<number> {
    this.#assertKept();
    if (options.at !== undefined && options.at < this.#upload.size) await this.truncate(options.at);
    return appendStream(source, this.#sink(), this.#upload.size, options);
  }

  async truncate(size: number): Promise<void> {
    this.#assertKept();
    if (size > this.#upload.size) throw new RangeError(`cannot cut ${this.#upload.size} bytes to ${size}`);
    if (size === this.#upload.size) return;
    this.#upload.chunks = firstOf(this.#upload.chunks, size);
    this.#uploads.room.count(size - this.#upload.size);
    this.#upload.size = size;
    this.#touch();
  }

  async *read(): AsyncIterable<Uint8Array> {
    yield* [...this.#upload.chunks];
  }

  async setAttributes(attributes: StagedAttributes): Promise<void> {
    this.#assertKept();
    this.#upload.attributes = attributes;
    this.#attributes = attributes;
    this.#touch();
  }

  async commit(key: Key): Promise<ObjectInfo> {
    this.#assertKept();
    if (this.#upload.attributes !== this.#attributes) {
      throw new StorageError('unavailable', `upload ${this.id} was taken over`);
    }
    const { chunks, size } = this.#upload;
    // For a moment both are there, the chunks and the whole.
    this.#uploads.room.assert(size);
    const info = this.#uploads.publish(key, Buffer.concat(chunks, size));
    await this.discard();
    return info;
  }

  async discard(): Promise<void> {
    if (this.#uploads.find(this.id) !== this.#upload) return;
    this.#uploads.remove(this.id);
  }

  #sink(): AppendSink {
    return {
      write: async (chunks) => {
        this.#assertKept();
        // Copied: a chunk of a socket is a small window of a large buffer, which it would keep alive.
        const bytes = Buffer.concat(chunks);
        this.#uploads.room.assert(bytes.byteLength);
        this.#uploads.room.count(bytes.byteLength);
        this.#upload.chunks.push(bytes);
        this.#upload.size += bytes.byteLength;
        this.#touch();
        return bytes.byteLength;
      },
      sync: async () => {},
    };
  }

  #touch(): void {
    this.#upload.modifiedAtMs = this.#uploads.now();
  }

  #assertKept(): void {
    if (this.#uploads.find(this.id) === this.#upload) return;
    throw new StorageError('unavailable', `upload ${this.id} was discarded`);
  }
}

/** Without joining them, which would need the same memory again. */
function firstOf(chunks: readonly Uint8Array[], size: number): Uint8Array[] {
  const kept: Uint8Array[] = [];
  let left = size;
  for (const chunk of chunks) {
    if (left <= 0) break;
    kept.push(chunk.subarray(0, left));
    left -= chunk.byteLength;
  }
  return kept;
}
