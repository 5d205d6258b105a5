// A source whose manifests are asked for once: an export reads them to know what there is, and again to write them.
import { LRUCache } from 'lru-cache';
import type { Reference, RepositoryName } from '../oci/reference.ts';
import type { ImageSource, SourceManifest } from './image-source.ts';

const maxBytes = 32 * 1024 * 1024;

export function withManifestCache(source: ImageSource): ImageSource {
  const known = new LRUCache<string, SourceManifest>({
    maxSize: maxBytes,
    sizeCalculation: ({ bytes }) => bytes.byteLength + 200,
  });
  return {
    description: source.description,
    repositories: () => source.repositories(),
    tags: (name) => source.tags(name),
    manifest: async (name: RepositoryName, reference: Reference) => {
      const key = (digest: string) => `${name} ${digest}`;
      const cached = reference.kind === 'digest' ? known.get(key(reference.digest)) : undefined;
      if (cached !== undefined) return cached;
      const found = await source.manifest(name, reference);
      known.set(key(found.digest), found);
      return found;
    },
    referrers: (name, subject) => source.referrers(name, subject),
    readBlob: (name, blob, from) => source.readBlob(name, blob, from),
    close: () => source.close(),
  };
}
