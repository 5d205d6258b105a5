// Puts manifests into a repository a few dozen at a time: what arrives together is listed in one replacement of index.json, and the
// referrers of one subject make one response instead of one each.
import type { Digest } from '../oci/digest.ts';
import { isImageIndexType } from '../oci/media-type.ts';
import type { Tag } from '../oci/reference.ts';
import type { WritableRepository } from '../registry/repository.ts';
import type { SourceManifest } from './image-source.ts';

const manifestsAtOnce = 64;
const maxBytes = 8 * 1024 * 1024;

/** Manifests that were refused, with why. */
export type Refusals = ReadonlyMap<Digest, unknown>;

export class ManifestBatch {
  readonly #manifests: WritableRepository['manifests'];
  readonly #refused = new Map<Digest, unknown>();
  #pending: SourceManifest[] = [];
  #bytes = 0;

  constructor({ manifests }: Pick<WritableRepository, 'manifests'>) {
    this.#manifests = manifests;
  }

  /** Everything of it is added before. An index is put at once, after what it may list: throws when it is refused. */
  async add(manifest: SourceManifest): Promise<void> {
    if (isImageIndexType(manifest.mediaType)) {
      await this.#putAll();
      return this.#put(manifest, []);
    }
    this.#pending.push(manifest);
    this.#bytes += manifest.bytes.byteLength;
    if (this.#pending.length >= manifestsAtOnce || this.#bytes >= maxBytes) await this.#putAll();
  }

  /** Everything that was added and not refused is durable then. */
  async flush(): Promise<Refusals> {
    await this.#putAll();
    const refused = new Map(this.#refused);
    this.#refused.clear();
    return refused;
  }

  /** Of manifests that were added. Throws the first failure. */
  async tag(tagged: readonly (readonly [manifest: SourceManifest, tag: Tag])[]): Promise<void> {
    for (let at = 0; at < tagged.length; at += manifestsAtOnce) {
      const some = tagged.slice(at, at + manifestsAtOnce);
      const results = await Promise.allSettled(some.map(([manifest, tag]) => this.#put(manifest, [tag])));
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    }
  }

  async #putAll(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    this.#bytes = 0;
    const results = await Promise.allSettled(pending.map((manifest) => this.#put(manifest, [])));
    for (const [at, result] of results.entries()) {
      const manifest = pending[at];
      if (result.status === 'rejected' && manifest !== undefined) this.#refused.set(manifest.digest, result.reason);
    }
  }

  async #put({ digest, mediaType, bytes }: SourceManifest, tags: readonly Tag[]): Promise<void> {
    await this.#manifests.put({ reference: { kind: 'digest', digest }, tags, contentType: mediaType, bytes });
  }
}
