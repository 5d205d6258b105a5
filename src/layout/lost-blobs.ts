// Puts back what a foreign collector deleted although index.json lists it: regctl reads the index, walks it, and then deletes what
// it did not see, so that a push in between loses its files (167 of 512 acknowledged manifests, after 30 of its copies).
import { type Digest, isDigest } from '../oci/digest.ts';
import type { IndexGuard } from './index-guard.ts';
import type { LayoutBlobs } from './layout-blobs.ts';
import type { LayoutIndex } from './layout-index.ts';
import type { LayoutLog } from './layout-log.ts';
import type { ManifestReader } from './manifest-reader.ts';
import { Pace } from './pace.ts';

export interface LostBlobsOptions {
  readonly blobs: LayoutBlobs;
  readonly manifests: ManifestReader;
  readonly guard: IndexGuard;
  readonly log: LayoutLog;
  /** Names the layout in the log. */
  readonly name: string;
}

export class LostBlobs {
  readonly #options: LostBlobsOptions;

  constructor(options: LostBlobsOptions) {
    this.#options = options;
  }

  /** Manifests come back from memory or the journal, layers and configs from the pool. Costs a stat for each entry. */
  async restore(index: LayoutIndex): Promise<void> {
    const manifests = await this.#restoreManifests(index);
    const blobs = await this.#restoreReferenced(index);
    if (manifests.length + blobs.length === 0) return;
    const { log, name } = this.#options;
    log.warn('files that another program had deleted were put back', { repository: name, manifests, blobs });
  }

  /** Puts one manifest's file back; false when it is there, or when nobody has its bytes any more. */
  async restoreManifest(digest: Digest): Promise<boolean> {
    const { blobs, guard } = this.#options;
    if ((await blobs.stat(digest)) !== undefined) return false;
    const bytes = await guard.manifestBytes(digest);
    if (bytes === undefined) return false;
    await blobs.putManifest(digest, bytes);
    return true;
  }

  async #restoreManifests(index: LayoutIndex): Promise<readonly Digest[]> {
    const restored: Digest[] = [];
    for (const { digest } of index.entries) {
      if (digest !== undefined && (await this.restoreManifest(digest))) restored.push(digest);
    }
    return restored;
  }

  /** Only what a listed manifest refers to: the collector was right about the rest. */
  async #restoreReferenced(index: LayoutIndex): Promise<readonly Digest[]> {
    const { blobs, manifests } = this.#options;
    const lost = new Set<string>(await blobs.lost());
    const restored: Digest[] = [];
    const pace = new Pace();
    for (const { digest, mediaType } of lost.size === 0 ? [] : index.entries) {
      // An entry that is no manifest refers to nothing we put there.
      const outline = digest === undefined ? undefined : await manifests.outline(digest, mediaType);
      for (const { digest: referenced } of outline?.references ?? []) {
        await pace.step();
        if (!lost.delete(referenced) || !isDigest(referenced)) continue;
        if ((await blobs.restore(referenced)) !== undefined) restored.push(referenced);
      }
    }
    return restored;
  }
}
