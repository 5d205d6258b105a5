// Layouts on this machine as an ImageSource, by way of the registry that also serves them: names, tags and referrers are the same.
import type { Descriptor, DescriptorReference } from '../oci/descriptor.ts';
import { type Digest, parseDigest } from '../oci/digest.ts';
import type { Reference, RepositoryName, Tag } from '../oci/reference.ts';
import type { Registry } from '../registry/registry.ts';
import type { ImageSource, SourceManifest } from './image-source.ts';

const chunkBytes = 256 * 1024;

export class RegistrySource implements ImageSource {
  readonly description: string;
  readonly #registry: Registry;

  /** Takes the registry over: it is closed with the source. */
  constructor(registry: Registry, description: string) {
    this.#registry = registry;
    this.description = description;
  }

  async repositories(): Promise<readonly RepositoryName[]> {
    return (await this.#registry.catalog({})).items;
  }

  async tags(name: RepositoryName): Promise<readonly Tag[]> {
    const { tags } = await this.#registry.repository(name);
    return (await tags.list({})).items;
  }

  /** With its registry; undefined where the image says no name of its own. */
  async fullName(name: RepositoryName, tag: Tag | undefined): Promise<RepositoryName | undefined> {
    const { tags } = await this.#registry.repository(name);
    return tags.fullName(tag);
  }

  async untagged(name: RepositoryName): Promise<readonly Digest[]> {
    const { manifests } = await this.#registry.repository(name);
    return manifests.untagged();
  }

  async manifest(name: RepositoryName, reference: Reference): Promise<SourceManifest> {
    const { manifests } = await this.#registry.repository(name);
    return manifests.get(reference);
  }

  async referrers(name: RepositoryName, subject: Digest): Promise<readonly Descriptor[]> {
    const { referrers } = await this.#registry.repository(name);
    const all: Descriptor[] = [];
    for (let after: Digest | undefined; ; ) {
      const { manifests, next } = await referrers.list(subject, { artifactTypes: [], after });
      for (const descriptor of manifests) all.push(descriptor);
      if (next === undefined) return all;
      after = next;
    }
  }

  async *readBlob(name: RepositoryName, blob: DescriptorReference, from: number): AsyncGenerator<Uint8Array> {
    const { blobs } = await this.#registry.repository(name);
    const content = await blobs.open(parseDigest(blob.digest));
    try {
      for (let at = from; ; ) {
        const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(chunkBytes, content.info.size - at)));
        const read = await content.readInto(buffer, at);
        if (read === 0) return;
        yield buffer.subarray(0, read);
        at += read;
      }
    } finally {
      await content.close();
    }
  }

  close(): Promise<void> {
    return this.#registry.close();
  }
}
