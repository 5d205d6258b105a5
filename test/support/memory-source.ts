// An ImageSource made of what a test puts into it, which breaks off or lies where the test says.
import type { Descriptor, DescriptorReference } from '../../src/oci/descriptor.ts';
import type { Digest } from '../../src/oci/digest.ts';
import { RegistryError } from '../../src/oci/error-code.ts';
import { parseManifest, referrerDescriptorOf, subjectOf } from '../../src/oci/manifest.ts';
import {
  parseRepositoryName,
  parseTag,
  type Reference,
  type RepositoryName,
  type Tag,
} from '../../src/oci/reference.ts';
import type { ImageSource, SourceManifest } from '../../src/transfer/image-source.ts';
import type { Content, Image } from './content.ts';

interface Held {
  readonly tags: Map<Tag, Digest>;
  readonly manifests: Map<Digest, SourceManifest>;
  readonly untagged: Digest[];
}

export class MemorySource implements ImageSource {
  readonly description = 'the source';
  readonly #repositories = new Map<RepositoryName, Held>();
  readonly #blobs = new Map<string, Buffer>();
  /** Every read of a blob: its digest and where it began. */
  readonly reads: { readonly digest: string; readonly from: number }[] = [];
  /** Blobs whose next read ends with an error at so many bytes. */
  readonly breaksAt = new Map<Digest, number>();
  /** Called before each piece of a blob. */
  onPiece: (digest: string, at: number) => void = () => {};
  pieceBytes = 4;
  hasCatalog = true;

  addImage(name: string, image: Image, ...tags: readonly string[]): this {
    for (const blob of [image.config, ...image.layers]) this.addBlob(blob);
    return this.addManifest(name, image, ...tags);
  }

  addManifest(name: string, { digest, bytes, descriptor: { mediaType } }: Content, ...tags: readonly string[]): this {
    const held = this.#held(parseRepositoryName(name));
    held.manifests.set(digest, { digest, bytes, mediaType });
    for (const tag of tags) held.tags.set(parseTag(tag), digest);
    return this;
  }

  /** Under another digest than its own, it is a wrong blob. */
  addBlob({ bytes, digest }: Pick<Content, 'bytes' | 'digest'>): this {
    this.#blobs.set(digest, bytes);
    return this;
  }

  removeBlob(digest: Digest): void {
    this.#blobs.delete(digest);
  }

  removeManifest(name: string, digest: Digest): void {
    this.#held(parseRepositoryName(name)).manifests.delete(digest);
  }

  addUntagged(name: string, image: Image): this {
    this.#held(parseRepositoryName(name)).untagged.push(image.digest);
    return this.addImage(name, image);
  }

  async untagged(name: RepositoryName): Promise<readonly Digest[]> {
    return this.#known(name).untagged;
  }

  async repositories(): Promise<readonly RepositoryName[]> {
    if (!this.hasCatalog) throw new RegistryError('UNSUPPORTED');
    return [...this.#repositories.keys()].sort();
  }

  async tags(name: RepositoryName): Promise<readonly Tag[]> {
    return [...this.#known(name).tags.keys()].sort();
  }

  async manifest(name: RepositoryName, reference: Reference): Promise<SourceManifest> {
    const { tags, manifests } = this.#known(name);
    const digest = reference.kind === 'tag' ? tags.get(reference.tag) : reference.digest;
    const found = digest === undefined ? undefined : manifests.get(digest);
    if (found === undefined) throw new RegistryError('MANIFEST_UNKNOWN');
    return found;
  }

  async referrers(name: RepositoryName, subject: Digest): Promise<readonly Descriptor[]> {
    const found: Descriptor[] = [];
    for (const { digest, bytes, mediaType } of this.#known(name).manifests.values()) {
      const manifest = parseManifest(bytes, mediaType);
      if (subjectOf(manifest) === subject) found.push(referrerDescriptorOf(manifest, digest, bytes.byteLength));
    }
    return found;
  }

  async *readBlob(_name: RepositoryName, { digest }: DescriptorReference, from: number): AsyncIterable<Uint8Array> {
    this.reads.push({ digest, from });
    const bytes = this.#blobs.get(digest);
    if (bytes === undefined) throw new RegistryError('BLOB_UNKNOWN');
    const breakAt = this.breaksAt.get(digest as Digest);
    this.breaksAt.delete(digest as Digest);
    for (let at = from; at < bytes.byteLength; at += this.pieceBytes) {
      this.onPiece(digest, at);
      if (breakAt !== undefined && at >= breakAt) throw new Error('the connection was lost');
      yield bytes.subarray(at, at + this.pieceBytes);
    }
  }

  async close(): Promise<void> {}

  #known(name: RepositoryName): Held {
    const held = this.#repositories.get(name);
    if (held === undefined) throw new RegistryError('NAME_UNKNOWN');
    return held;
  }

  #held(name: RepositoryName): Held {
    const held = this.#repositories.get(name) ?? { tags: new Map(), manifests: new Map(), untagged: [] };
    this.#repositories.set(name, held);
    return held;
  }
}
