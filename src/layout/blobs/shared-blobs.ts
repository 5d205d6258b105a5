// Blobs of several layouts in one directory beside them, as `skopeo copy --dest-shared-blob-dir` writes them: what an operator names, so it is
// read as a layout's own blobs are, and checked as they are. Only reading: another tool decides what stays there.
import type { Digest } from '../../oci/digest.ts';
import type { Key, ObjectReader, OpenObject } from '../../storage/object-store.ts';
import { sharedBlobKey } from '../files/keys.ts';
import type { OtherBlobs } from './blobs-elsewhere.ts';

export class SharedBlobs implements OtherBlobs {
  readonly #directory: ObjectReader;

  /** `directory` has the directories of algorithms. */
  constructor(directory: ObjectReader) {
    this.#directory = directory;
  }

  mayHave(): boolean {
    return true;
  }

  glance(_key: Key, digest: Digest): Promise<number | undefined> {
    return this.#directory.glance(sharedBlobKey(digest));
  }

  open(_key: Key, digest: Digest): Promise<OpenObject | undefined> {
    return this.#directory.open(sharedBlobKey(digest));
  }

  close(): Promise<void> {
    return this.#directory.close();
  }
}
