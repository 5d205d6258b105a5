// Puts manifests into a repository a few dozen at a time: what arrives together is listed in one replacement of index.json, and the
// referrers of one subject make one response instead of one each.
import type { Tag } from '../oci/reference.ts';
import type { Repository } from '../registry/repository.ts';
import type { SourceManifest } from './image-source.ts';

const maxManifests = 64;
const maxBytes = 8 * 1024 * 1024;

export class ManifestBatch {
  readonly #manifests: Repository['manifests'];
  #pending: SourceManifest[] = [];
  #bytes = 0;

  constructor({ manifests }: Pick<Repository, 'manifests'>) {
    this.#manifests = manifests;
  }

  /** `needsOthers`: an index, or anything else that what was added before must be there for. */
  async add(manifest: SourceManifest, needsOthers: boolean): Promise<void> {
    if (needsOthers) await this.flush();
    this.#pending.push(manifest);
    this.#bytes += manifest.bytes.byteLength;
    if (needsOthers || this.#pending.length >= maxManifests || this.#bytes >= maxBytes) await this.flush();
  }

  /** Everything that was added is durable then. */
  async flush(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    this.#bytes = 0;
    const results = await Promise.allSettled(pending.map((manifest) => this.#put(manifest, [])));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async tag(manifest: SourceManifest, tag: Tag): Promise<void> {
    await this.flush();
    await this.#put(manifest, [tag]);
  }

  async #put({ digest, mediaType, bytes }: SourceManifest, tags: readonly Tag[]): Promise<void> {
    await this.#manifests.put({ reference: { kind: 'digest', digest }, tags, contentType: mediaType, bytes });
  }
}
