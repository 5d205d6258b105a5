// Reads manifests of one layout by digest, through a cache that all layouts share: bytes are checked against their digest when
// they enter it, so what is served is always what the digest says.
import { algorithmOf, type Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import { isWhole, type KnownFacts, keptOf, type Referrer } from '../../oci/manifest-facts.ts';
import type { NamedContent } from '../../oci/named-content.ts';
import type { Log } from '../../storage/log.ts';
import type { ObjectReader } from '../../storage/object-store.ts';
import { RecentSet } from '../../storage/recent-set.ts';
import type { LayoutKeys } from '../files/keys.ts';
import type { IndexEntry } from '../index/index-entry.ts';
import { pacedDigestOf } from '../pacing/paced-digest.ts';
import type { FactsFile } from './facts-file.ts';
import type { ManifestCaches } from './manifest-caches.ts';
import type { ManifestOutline } from './manifest-outline.ts';
import { namedIn, readOutline } from './manifest-thread.ts';

/** The largest manifest that is read from disk: twice what a push may have by default. */
export const maxStoredManifestBytes = 16 * 1024 * 1024;

const maxSeenHere = 2_000;
const openingBrace = 0x7b;

export interface ManifestReaderOptions {
  readonly store: ObjectReader;
  readonly keys: LayoutKeys;
  readonly caches: ManifestCaches;
  readonly log: Log;
  /** Of earlier runs; undefined: none are kept. */
  readonly facts: FactsFile | undefined;
}

/** What whoever deletes must know of a blob. */
export interface BlobContents {
  readonly isManifest: boolean;
  /** All content that it names, in any of its fields; undefined for what is no JSON object. */
  readonly named: readonly NamedContent[] | undefined;
}

export class ManifestReader {
  readonly #store: ObjectReader;
  readonly #keys: LayoutKeys;
  readonly #caches: ManifestCaches;
  readonly #log: Log;
  readonly #facts: FactsFile | undefined;
  /** What this layout had itself: the cache is shared, and what only another one has is missing here. */
  readonly #seenHere = new RecentSet(maxSeenHere);

  constructor({ store, keys, caches, log, facts }: ManifestReaderOptions) {
    this.#store = store;
    this.#keys = keys;
    this.#caches = caches;
    this.#log = log;
    this.#facts = facts;
  }

  cached(digest: Digest): Buffer | undefined {
    return this.#caches.bytes.get(digest);
  }

  remember(digest: Digest, bytes: Uint8Array): void {
    this.#seenHere.add(digest);
    if (this.#caches.bytes.get(digest)?.byteLength === bytes.byteLength) return;
    const isPart = bytes.byteLength < bytes.buffer.byteLength;
    // A part of a larger buffer would keep all of it, and the cache would count a fraction.
    const own = isPart ? new Uint8Array(bytes) : bytes;
    this.#caches.bytes.set(digest, Buffer.from(own.buffer, own.byteOffset, own.byteLength));
  }

  /** It was deleted: nobody asks for it again. */
  forget({ digest, mediaType }: { readonly digest: Digest; readonly mediaType: string }): void {
    this.#caches.facts.delete(factsKeyOf(digest, mediaType));
    this.#caches.bytes.delete(digest);
    this.#caches.annotations.delete(digest);
  }

  /** The file of a layout is gone, whatever it was; another layout may have the same. */
  forgetFile(digest: Digest): void {
    this.#seenHere.delete(digest);
  }

  /** What was found out when it was pushed: it is asked for again as soon as an index or a response lists it. */
  learn(outline: ManifestOutline): void {
    const { facts } = outline;
    const key = factsKeyOf(facts.descriptor.digest, facts.descriptor.mediaType);
    if (this.#caches.facts.get(key) === facts) return;
    this.#caches.facts.set(key, facts);
    this.#keepWithheld(outline);
  }

  /** Undefined when the file is not there, or does not hold what its name says. */
  async read(digest: Digest): Promise<Buffer | undefined> {
    const known = this.#cachedHere(digest);
    if (known !== undefined) return known;
    const bytes = await this.#readFile(digest);
    if (bytes !== undefined) this.remember(digest, bytes);
    return bytes && (this.cached(digest) ?? bytes);
  }

  #cachedHere(digest: Digest): Buffer | undefined {
    return this.#seenHere.has(digest) ? this.#caches.bytes.get(digest) : undefined;
  }

  async #readFile(digest: Digest): Promise<Buffer | undefined> {
    const cached = this.#caches.bytes.get(digest);
    const key = this.#keys.blob(digest);
    // A glance: a link to a large file is no manifest, and not worth reading.
    const size = await this.#store.glance(key);
    if (size === undefined || size > maxStoredManifestBytes) return undefined;
    if (cached !== undefined && size === cached.byteLength) return cached;
    const object = await this.#store.read(key, maxStoredManifestBytes);
    if (object === undefined) return undefined;
    if ((await pacedDigestOf(object.bytes, algorithmOf(digest))) !== digest) {
      this.#log.warn('a manifest file does not hold what its name says; it is not served', { key, digest });
      return undefined;
    }
    const { buffer, byteOffset, byteLength } = object.bytes;
    return Buffer.from(buffer, byteOffset, byteLength);
  }

  /** True when there is a file, readable as a manifest or not. */
  async has(digest: Digest): Promise<boolean> {
    return (await this.#store.stat(this.#keys.blob(digest))) !== undefined;
  }

  async factsOfEntry(entry: IndexEntry): Promise<KnownFacts> {
    const { digest, mediaType, facts: kept } = entry;
    if (kept === 'none' || (kept !== undefined && isWhole(kept))) return kept;
    if (digest === undefined) return 'none';
    const facts = await this.#factsOf(digest, mediaType);
    // A missing file may come back; what is in a file of that name never changes.
    if (facts === undefined) return 'none';
    entry.facts ??= facts === 'none' ? facts : keptOf(facts);
    return facts;
  }

  /** Of a blob that nothing names as a manifest: it must say itself what it is. */
  async factsIfManifest(digest: Digest): Promise<KnownFacts> {
    return (await this.#factsOf(digest, undefined)) ?? 'none';
  }

  /** Of a manifest that is no entry; its file must be there now. */
  async factsOfChild(digest: Digest, mediaType: string): Promise<KnownFacts> {
    if ((await this.#store.stat(this.#keys.blob(digest))) === undefined) return 'none';
    const key = factsKeyOf(digest, mediaType);
    const known = this.#caches.facts.get(key);
    if (known !== undefined) return known;
    const facts = await this.#factsOf(digest, mediaType);
    if (facts === undefined) return 'none';
    this.#caches.facts.set(key, facts);
    return facts;
  }

  /** JSON of the annotations that a referrer is listed with and that are not kept; undefined when its file is not there, or cannot be trusted. */
  async withheldOf({ descriptor: { digest, mediaType } }: Referrer): Promise<Buffer | undefined> {
    const known = this.#caches.annotations.get(digest);
    if (known !== undefined) return known;
    return (await this.outline(digest, mediaType))?.withheld;
  }

  /** Undefined when the file is not there or cannot be trusted, or holds no manifest. */
  async outline(digest: Digest, mediaType: string | undefined): Promise<ManifestOutline | undefined> {
    const bytes = await this.read(digest);
    return bytes && (await this.#outlineOf(bytes, digest, mediaType));
  }

  /**
   * For a search through all of a layout, after which what requests ask for is still in memory. Undefined when the file is not there or cannot
   * be trusted. What is taken for the wrong type counts as what it says itself: another entry may list it as that.
   */
  async contents(digest: Digest, mediaType: string | undefined): Promise<BlobContents | undefined> {
    // Another process may have deleted it: what is remembered of it must not keep all that it named.
    if (!(await this.has(digest))) return undefined;
    const bytes = this.#cachedHere(digest) ?? (await this.#readFile(digest));
    if (bytes === undefined) return undefined;
    const named = await namedIn(bytes);
    if (named === undefined) return { isManifest: false, named };
    const isTaken = (await this.#outlineOf(bytes, digest, mediaType)) !== undefined;
    const isManifest = isTaken || (await this.#outlineOf(bytes, digest, undefined)) !== undefined;
    return { isManifest, named };
  }

  /** True for a file that may be a manifest by its size and its first byte: most blobs are none. */
  async mayBeManifest(digest: Digest, maxBytes = maxStoredManifestBytes): Promise<boolean> {
    const key = this.#keys.blob(digest);
    const info = await this.#store.stat(key);
    if (info === undefined || info.size === 0 || info.size > maxBytes) return false;
    const object = await this.#store.open(key);
    if (object === undefined) return false;
    try {
      const first = new Uint8Array(1);
      return (await object.readInto(first, 0)) === 1 && first[0] === openingBrace;
    } finally {
      await object.close();
    }
  }

  /** Undefined when the file is not there, or cannot be trusted. */
  async #factsOf(digest: Digest, mediaType: string | undefined): Promise<KnownFacts | undefined> {
    const key = factsKeyOf(digest, mediaType);
    const taken = mediaType ?? '';
    const known = this.#caches.facts.get(key) ?? (await this.#facts?.get(digest, taken));
    if (known !== undefined && (await this.#store.stat(this.#keys.blob(digest))) !== undefined) return known;
    const bytes = await this.read(digest);
    if (bytes === undefined) return undefined;
    const facts = (await this.#outlineOf(bytes, digest, mediaType))?.facts ?? 'none';
    this.#facts?.put(digest, taken, facts);
    // No entry and no file of facts keeps it, and it takes longest to read again.
    if (facts !== 'none' && !isWhole(keptOf(facts))) this.#caches.facts.set(key, facts);
    return facts;
  }

  #keepWithheld({ facts, withheld }: ManifestOutline): void {
    if (withheld !== undefined) this.#caches.annotations.set(facts.descriptor.digest, withheld);
  }

  /** Undefined when the bytes are no manifest: a layout may list anything (image-spec, image-layout.md). */
  async #outlineOf(bytes: Buffer, digest: Digest, mediaType: string | undefined): Promise<ManifestOutline | undefined> {
    const outline = await unlessInvalid(readOutline(bytes, digest, mediaType));
    if (outline !== undefined) this.#keepWithheld(outline);
    return outline;
  }
}

async function unlessInvalid<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'MANIFEST_INVALID') return undefined;
    throw error;
  }
}

function factsKeyOf(digest: Digest, mediaType: string | undefined): string {
  return `${mediaType ?? ''} ${digest}`;
}
