// Blobs that clients push, by what the layout knows of their digests: bytes that are a manifest stay a file of their own.
import type { Digest } from '../../oci/digest.ts';
import type { StagedObject } from '../../storage/object-store.ts';
import type { BlobIntake } from '../blobs/blob-intake.ts';
import type { ReadLayout } from './read-layout.ts';

export class BlobPushes {
  readonly #intake: BlobIntake;
  readonly #layout: Pick<ReadLayout, 'lookup' | 'names'>;

  constructor(intake: BlobIntake, layout: Pick<ReadLayout, 'lookup' | 'names'>) {
    this.#intake = intake;
    this.#layout = layout;
  }

  /** Publishes an upload whose digest was checked, durably. */
  async adopt(digest: Digest, staged: StagedObject): Promise<void> {
    const isManifest = await this.#isManifest(digest);
    await (isManifest ? this.#intake.adoptUnshared(digest, staged) : this.#intake.adopt(digest, staged));
  }

  /** The same for bytes that are held in memory. */
  async put(digest: Digest, bytes: Uint8Array): Promise<void> {
    const { lookup, names } = this.#layout;
    const isListed = (await lookup.findListed(digest, names.of(''))) !== undefined;
    if (isListed) await this.#intake.putUnshared(digest, bytes);
    else await this.#intake.put(digest, bytes, () => this.#isManifest(digest));
  }

  async #isManifest(digest: Digest): Promise<boolean> {
    const { lookup, names } = this.#layout;
    return (await lookup.find(digest, names.of(''))) !== undefined;
  }
}
