// An upload that was begun and has no bytes: it takes no space, and is stored with its first ones.
import type { Readable } from 'node:stream';
import { RegistryError } from '../oci/error-code.ts';
import type { UploadId } from '../oci/upload-id.ts';
import type {
  AppendOptions,
  Key,
  ObjectInfo,
  ObjectStore,
  StagedAttributes,
  StagedObject,
} from '../storage/object-store.ts';
import { UploadExistsError } from '../storage/storage-error.ts';
import { UploadRangeError } from './upload-chunk.ts';

export interface UnbegunUploadOptions {
  readonly store: ObjectStore;
  readonly id: UploadId;
  readonly attributes: StagedAttributes;
}

export class UnbegunUpload implements StagedObject {
  readonly id: UploadId;
  readonly #options: UnbegunUploadOptions;
  #staged: StagedObject | undefined;

  constructor(options: UnbegunUploadOptions) {
    this.id = options.id;
    this.#options = options;
  }

  get isBegun(): boolean {
    return this.#staged !== undefined;
  }

  get attributes(): StagedAttributes {
    return this.#staged?.attributes ?? this.#options.attributes;
  }

  async size(): Promise<number> {
    return this.#staged?.size() ?? 0;
  }

  async append(source: Readable, options: AppendOptions): Promise<number> {
    return (await this.#begun()).append(source, options);
  }

  async truncate(size: number): Promise<void> {
    await this.#staged?.truncate(size);
  }

  async *read(): AsyncIterable<Uint8Array> {
    if (this.#staged !== undefined) yield* this.#staged.read();
  }

  async setAttributes(attributes: StagedAttributes): Promise<void> {
    await (await this.#begun()).setAttributes(attributes);
  }

  async commit(key: Key): Promise<ObjectInfo> {
    return (await this.#begun()).commit(key);
  }

  async discard(): Promise<void> {
    await this.#staged?.discard();
  }

  async #begun(): Promise<StagedObject> {
    this.#staged ??= await this.#stage();
    return this.#staged;
  }

  /** Another process may have stored its first bytes since this one looked. */
  async #stage(): Promise<StagedObject> {
    const { store, id, attributes } = this.#options;
    try {
      return await store.stage(id, attributes);
    } catch (error) {
      if (!(error instanceof UploadExistsError)) throw error;
      const other = await store.resume(id);
      // It is committed, or its process was killed while it was: the client begins another one.
      if (other === undefined) throw new RegistryError('BLOB_UPLOAD_UNKNOWN', { cause: error });
      throw new UploadRangeError({ id, size: await other.size() }, 'another request has begun the upload');
    }
  }
}
