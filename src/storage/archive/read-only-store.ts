// The half of a store that a read-only one does not have: every way to write is refused alike.
import type { UploadId } from '../../oci/upload-id.ts';
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
} from '../object-store.ts';
import { StorageError } from '../storage-error.ts';

export abstract class ReadOnlyStore implements ObjectStore {
  /** Nothing is recorded about it. */
  readonly place = '';

  /** What the refusals name. */
  abstract readonly name: string;

  abstract stat(key: Key): Promise<ObjectInfo | undefined>;
  abstract isCurrent(key: Key, info: ObjectInfo): Promise<boolean>;
  abstract read(key: Key, limit: number): Promise<StoredObject | undefined>;
  abstract open(key: Key): Promise<OpenObject | undefined>;
  abstract list(prefix: Key): Promise<readonly Child[]>;
  abstract close(): Promise<void>;

  /** Nothing comes, and nothing goes. */
  async listingVersion(prefix: Key): Promise<ListingVersion | undefined> {
    return prefix as string as ListingVersion;
  }

  /** The archive stays open: what became of its name is no matter. */
  async problem(): Promise<string | undefined> {
    return undefined;
  }

  async assertRoom(_bytes: number): Promise<void> {
    throw this.#refusal();
  }

  async write(_key: Key, _bytes: Uint8Array): Promise<ObjectInfo> {
    throw this.#refusal();
  }

  async append(_key: Key, _bytes: Uint8Array): Promise<void> {
    throw this.#refusal();
  }

  async update(_key: Key, _change: Change): Promise<Updated> {
    throw this.#refusal();
  }

  async link(_from: Key, _to: Key): Promise<boolean> {
    throw this.#refusal();
  }

  async makeDurable(_key: Key): Promise<ObjectInfo | undefined> {
    throw this.#refusal();
  }

  async delete(_key: Key): Promise<boolean> {
    throw this.#refusal();
  }

  async stage(_id: UploadId, _attributes: StagedAttributes): Promise<StagedObject> {
    throw this.#refusal();
  }

  async resume(_id: UploadId): Promise<StagedObject | undefined> {
    return undefined;
  }

  async staged(): Promise<readonly StagedInfo[]> {
    return [];
  }

  #refusal(): StorageError {
    return new StorageError('read-only', `${this.name} is an archive: it is served read-only`);
  }
}
