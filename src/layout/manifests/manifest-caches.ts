// What all layouts of a process remember of manifests, each kind within a bound of bytes: anybody may push as many as they like.
import { getHeapStatistics } from 'node:v8';
import { LRUCache } from 'lru-cache';
import type { Digest } from '../../oci/digest.ts';
import { bytesInMemory, type KnownFacts } from '../../oci/manifest-facts.ts';

export interface ManifestCaches {
  readonly bytes: LRUCache<Digest, Buffer>;
  /**
   * By media type and digest, since what a manifest says depends on what it is taken for. Of manifests that are no entries, children of
   * indexes and of responses, and of entries that say more than an entry keeps.
   */
  readonly facts: LRUCache<string, KnownFacts>;
  /** JSON of annotations that facts withhold. */
  readonly annotations: LRUCache<Digest, Buffer>;
}

const mebibyte = 1024 * 1024;
/** Half of it is what holds small ones together, and comes on top. */
const manifestBytes = 24 * mebibyte;
const annotationBytes = 16 * mebibyte;
/** These are objects, and a small heap must have room for more. */
const factsBytes = Math.min(8 * mebibyte, Math.floor(getHeapStatistics().heap_size_limit / 8));
/** Of a key with its place in a cache. */
const bytesOfPlace = 200;

/** `processes`: so many share what one server may keep. */
export function createManifestCaches(processes = 1): ManifestCaches {
  const share = (bytes: number) => Math.floor(bytes / processes);
  const sizeCalculation = ({ byteLength }: Buffer) => byteLength + bytesOfPlace;
  return {
    bytes: new LRUCache({ maxSize: share(manifestBytes), sizeCalculation }),
    facts: new LRUCache({
      maxSize: share(factsBytes),
      sizeCalculation: (facts) => bytesInMemory(facts) + bytesOfPlace,
    }),
    annotations: new LRUCache({ maxSize: share(annotationBytes), sizeCalculation }),
  };
}
