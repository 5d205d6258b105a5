// How many bytes of distinct blobs lie below some directories, whoever put them there. Asked again it costs a look at each directory,
// and reads only those in which something came or went.
import { childPrefix, mayHoldRepositories } from '../../layout/files/keys.ts';
import { Pace } from '../../layout/pacing/pace.ts';
import { type Digest, digestAlgorithms, isDigest } from '../../oci/digest.ts';
import type { Key, ListingVersion, ObjectReader } from '../../storage/object-store.ts';
import { childrenOf } from '../layout-prefixes.ts';

/** Everything below a directory of a store, or with `isLayout` the one layout that it is. */
export interface CountedPlace {
  readonly reader: ObjectReader;
  readonly prefix: Key;
  readonly isLayout: boolean;
}

interface CountedDirectory {
  readonly version: ListingVersion | undefined;
  readonly digests: ReadonlySet<Digest>;
}

interface CountedBlob {
  readonly size: number;
  holders: number;
}

export class StoredBytes {
  readonly #blobs = new Map<Digest, CountedBlob>();
  #directories = new Map<ObjectReader, Map<Key, CountedDirectory>>();
  #counted = 0;
  /** What was added by us, until a count that began later has seen it. */
  #added: Map<Digest, number>[] = [new Map()];

  get bytes(): number {
    const added = new Map(this.#added.flatMap((some) => [...some]));
    let bytes = this.#counted;
    for (const [digest, size] of added) if (!this.#blobs.has(digest)) bytes += size;
    return bytes;
  }

  /** Undefined for what is not there. */
  sizeOf(digest: Digest): number | undefined {
    return this.#blobs.get(digest)?.size ?? this.#added.find((some) => some.has(digest))?.get(digest);
  }

  add(digest: Digest, size: number): void {
    this.#added.at(-1)?.set(digest, size);
  }

  /** Not to be called again before it has ended. */
  async count(places: readonly CountedPlace[]): Promise<void> {
    this.#added.push(new Map());
    const seen = new Map<ObjectReader, Map<Key, CountedDirectory>>();
    const pace = new Pace();
    for (const place of places) {
      for await (const key of blobDirectories(place)) {
        await pace.step();
        const known = this.#directories.get(place.reader)?.get(key);
        const counted = await this.#countIn(place.reader, key, known, pace);
        seen.set(place.reader, (seen.get(place.reader) ?? new Map()).set(key, counted));
      }
    }
    for (const [reader, directories] of this.#directories) {
      for (const [key, { digests }] of directories) {
        if (seen.get(reader)?.has(key) !== true) for (const digest of digests) this.#forget(digest);
      }
    }
    this.#directories = seen;
    this.#added = this.#added.slice(-1);
  }

  async #countIn(
    reader: ObjectReader,
    key: Key,
    known: CountedDirectory | undefined,
    pace: Pace,
  ): Promise<CountedDirectory> {
    // Asked first: what comes while it is listed makes another version of it.
    const version = await reader.listingVersion(key);
    if (known !== undefined && version !== undefined && known.version === version) return known;
    const algorithm = key.slice(key.lastIndexOf('/') + 1);
    const digests = new Set<Digest>();
    for (const { name, kind } of await reader.list(key)) {
      const digest = `${algorithm}:${name}`;
      if (kind !== 'object' || !isDigest(digest)) continue;
      const isHeld = known?.digests.has(digest) === true;
      if (isHeld || (await this.#remember(digest, reader, childPrefix(key, name)))) digests.add(digest);
      await pace.step();
    }
    for (const digest of known?.digests ?? []) if (!digests.has(digest)) this.#forget(digest);
    return { version, digests };
  }

  /** False when it went meanwhile. */
  async #remember(digest: Digest, reader: ObjectReader, key: Key): Promise<boolean> {
    const info = this.#blobs.has(digest) ? undefined : await reader.stat(key);
    const known = this.#blobs.get(digest);
    if (known !== undefined) {
      known.holders += 1;
      return true;
    }
    if (info === undefined) return false;
    this.#blobs.set(digest, { size: info.size, holders: 1 });
    this.#counted += info.size;
    return true;
  }

  #forget(digest: Digest): void {
    const known = this.#blobs.get(digest);
    if (known === undefined) return;
    known.holders -= 1;
    if (known.holders > 0) return;
    this.#blobs.delete(digest);
    this.#counted -= known.size;
  }
}

/** Also of a repository that has no index.json yet: its blobs were pushed, and its first manifest is still to come. */
async function* blobDirectories({ reader, prefix, isLayout }: CountedPlace): AsyncGenerator<Key> {
  const pending: Key[] = [prefix];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    for (const { name, kind } of await childrenOf(reader, directory)) {
      const child = childPrefix(directory, name);
      if (kind !== 'prefix') continue;
      if (name === 'blobs') yield* digestAlgorithms.map((algorithm) => childPrefix(child, algorithm));
      else if (!isLayout && mayHoldRepositories(name)) pending.push(child);
    }
  }
}
