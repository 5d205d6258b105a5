// Small blobs that are asked for again and again, configs and signatures, held in memory for all layouts of a process. What is in it was
// checked against its digest when it came in, and is given away only while the file is the one that it was read from.
import { LRUCache } from 'lru-cache';
import { algorithmOf, type Digest, digestOf } from '../../oci/digest.ts';
import type { Key, ObjectInfo, ObjectReader, OpenObject } from '../../storage/object-store.ts';

export interface SmallBlob {
  readonly info: ObjectInfo;
  readonly bytes: Buffer;
}

/** Larger ones would push out many others, and their bytes cost more than the calls that are saved. */
const maxBlobBytes = 32 * 1024;
const maxBytes = 8 * 1024 * 1024;
/** Of a key, the attributes and the place in the cache. */
const bytesOfPlace = 800;

export class SmallBlobs {
  /** By digest alone: hard links of one file have the same attributes under all their names. */
  readonly #known: LRUCache<Digest, SmallBlob>;

  /** `processes`: so many share what one server may keep. */
  constructor(processes = 1) {
    this.#known = new LRUCache({
      maxSize: Math.floor(maxBytes / processes),
      sizeCalculation: ({ bytes }) => bytes.byteLength + bytesOfPlace,
    });
  }

  get size(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#known.size, bytes: this.#known.calculatedSize };
  }

  /** Undefined also where the file under that key is another one, or none. Costs one look at its attributes. */
  async find(digest: Digest, store: ObjectReader, key: Key): Promise<SmallBlob | undefined> {
    const known = this.#known.get(digest);
    if (known === undefined) return undefined;
    return (await store.isCurrent(key, known.info)) ? known : undefined;
  }

  /** Reads all of an open object, and keeps it; undefined where it is not to be kept, 'wrong' where it does not hold what its digest says. */
  async read(digest: Digest, object: OpenObject): Promise<SmallBlob | 'wrong' | undefined> {
    const { info, fileDescriptor } = object;
    // Without a descriptor it is in memory already, or costs more than this to be sure of. An unsettled one may change unseen.
    if (fileDescriptor === undefined || info.size > maxBlobBytes || !info.settled) return undefined;
    const bytes = Buffer.allocUnsafeSlow(info.size);
    const read = await object.readInto(bytes, 0);
    if (read !== info.size || digestOf(bytes, algorithmOf(digest)) !== digest) return 'wrong';
    const blob = { info, bytes };
    this.#known.set(digest, blob);
    return blob;
  }
}
