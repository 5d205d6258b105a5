// What the manifests say that were pushed last: builds tag one manifest many times, and it need not be hashed and read each time.
import type { DigestAlgorithm } from '../../oci/digest.ts';
import { algorithmOf } from '../../oci/digest.ts';
import type { ManifestOutline } from './manifest-outline.ts';

interface Recent {
  readonly bytes: Buffer;
  readonly mediaType: string | undefined;
  readonly outline: ManifestOutline;
}

/** There are thousands of repositories: so many of each stay in memory, none larger than most manifests are. */
const most = 2;
const maxBytes = 16 * 1024;

export class RecentOutlines {
  /** The newest first. */
  #recent: readonly Recent[] = [];

  /** Of the very same bytes, pushed as the same type; undefined when they are not known. */
  find(bytes: Uint8Array, algorithm: DigestAlgorithm, mediaType: string | undefined): ManifestOutline | undefined {
    const found = this.#recent.find(
      (each) =>
        each.bytes.byteLength === bytes.byteLength &&
        each.mediaType === mediaType &&
        algorithmOf(each.outline.facts.descriptor.digest) === algorithm &&
        each.bytes.equals(bytes),
    );
    return found?.outline;
  }

  add(bytes: Uint8Array, mediaType: string | undefined, outline: ManifestOutline): void {
    if (bytes.byteLength > maxBytes) return;
    this.#recent = [{ bytes: Buffer.from(bytes), mediaType, outline }, ...this.#recent.slice(0, most - 1)];
  }
}
