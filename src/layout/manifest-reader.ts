// Reads manifests of one layout by digest, through a cache that all layouts share: bytes are checked against their digest when
// they enter it, so what is served is always what the digest says.
import type { LRUCache } from 'lru-cache';
import { algorithmOf, type Digest, digestOf } from '../oci/digest.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { RecentSet } from '../storage/recent-set.ts';
import type { FactsFile } from './facts-file.ts';
import type { IndexEntry } from './index-entry.ts';
import type { LayoutKeys } from './keys.ts';
import type { LayoutLog } from './layout-log.ts';
import { type KnownFacts, readFacts } from './manifest-facts.ts';

/** The largest manifest that is read from disk: twice what a push may have by default. */
export const maxStoredManifestBytes = 16 * 1024 * 1024;

const maxSeenHere = 10_000;

export type ManifestCache = LRUCache<Digest, Buffer>;
/** By media type and digest: what a manifest says depends on what it is taken for. */
export type FactsCache = LRUCache<string, KnownFacts>;

export interface ManifestCaches {
  readonly bytes: ManifestCache;
  /** Of manifests that are no entries: children of indexes and of responses. Entries carry their own. */
  readonly facts: FactsCache;
}

export interface ManifestReaderOptions {
  readonly store: ObjectStore;
  readonly keys: LayoutKeys;
  readonly caches: ManifestCaches;
  readonly log: LayoutLog;
  /** Of earlier runs; undefined: none are kept. */
  readonly facts: FactsFile | undefined;
}

export class ManifestReader {
  readonly #store: ObjectStore;
  readonly #keys: LayoutKeys;
  readonly #caches: ManifestCaches;
  readonly #log: LayoutLog;
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
    const isPart = bytes.byteLength < bytes.buffer.byteLength;
    // A part of a larger buffer would keep all of it, and the cache would count a fraction.
    const own = isPart ? new Uint8Array(bytes) : bytes;
    this.#caches.bytes.set(digest, Buffer.from(own.buffer, own.byteOffset, own.byteLength));
    this.#seenHere.add(digest);
  }

  /** Undefined when the file is not there, or does not hold what its name says. */
  async read(digest: Digest): Promise<Buffer | undefined> {
    const cached = this.#caches.bytes.get(digest);
    if (cached !== undefined && this.#seenHere.has(digest)) return cached;
    const key = this.#keys.blob(digest);
    const info = await this.#store.stat(key);
    if (info === undefined || info.size > maxStoredManifestBytes) return undefined;
    if (cached !== undefined && info.size === cached.byteLength) {
      this.#seenHere.add(digest);
      return cached;
    }
    const object = await this.#store.read(key, maxStoredManifestBytes);
    if (object === undefined) return undefined;
    if (digestOf(object.bytes, algorithmOf(digest)) !== digest) {
      this.#log.warn('a manifest file does not hold what its name says; it is not served', { key, digest });
      return undefined;
    }
    this.remember(digest, object.bytes);
    return this.cached(digest);
  }

  async factsOfEntry(entry: IndexEntry): Promise<KnownFacts> {
    if (entry.facts !== undefined) return entry.facts;
    if (entry.digest === undefined) return 'none';
    const facts = await this.#factsOf(entry.digest, entry.mediaType);
    // A missing file may come back; what is in a file of that name never changes.
    if (facts === undefined) return 'none';
    entry.facts = facts;
    return facts;
  }

  /** Of a blob that nothing names as a manifest: it must say itself what it is. */
  async factsOfRaw(digest: Digest): Promise<KnownFacts> {
    return (await this.#factsOf(digest, undefined)) ?? 'none';
  }

  /** Of a manifest that is no entry; its file must be there now. */
  async factsOfChild(digest: Digest, mediaType: string): Promise<KnownFacts> {
    if ((await this.#store.stat(this.#keys.blob(digest))) === undefined) return 'none';
    const key = `${mediaType} ${digest}`;
    const known = this.#caches.facts.get(key);
    if (known !== undefined) return known;
    const facts = await this.#factsOf(digest, mediaType);
    if (facts === undefined) return 'none';
    this.#caches.facts.set(key, facts);
    return facts;
  }

  /** Undefined when the file is not there, or cannot be trusted. */
  async #factsOf(digest: Digest, mediaType: string | undefined): Promise<KnownFacts | undefined> {
    const taken = mediaType ?? '';
    const kept = await this.#facts?.get(digest, taken);
    if (kept !== undefined && (await this.#store.stat(this.#keys.blob(digest))) !== undefined) return kept;
    const bytes = await this.read(digest);
    if (bytes === undefined) return undefined;
    const facts = readFacts(bytes, digest, mediaType);
    this.#facts?.put(digest, taken, facts);
    return facts;
  }
}
