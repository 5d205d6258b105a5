// The registry: repositories by name, the catalogue, and the work that goes on beside the requests.
import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { BlobLedger } from '../layout/blob-ledger.ts';
import { ImageLayout } from '../layout/image-layout.ts';
import type { LayoutLog } from '../layout/layout-log.ts';
import type { ManifestCaches } from '../layout/manifest-reader.ts';
import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';
import { type Clock, systemClock } from '../storage/clock.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { Blobs } from './blobs.ts';
import { repositoryNames } from './catalog.ts';
import { Manifests } from './manifests.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';
import { Referrers } from './referrers.ts';
import type { Repository } from './repository.ts';
import { Tags } from './tags.ts';
import { UploadSessions } from './upload-sessions.ts';
import { Uploads } from './uploads.ts';

export interface RegistryOptions {
  readonly store: ObjectStore;
  readonly log: LayoutLog;
  /** Strict mode: a manifest whose config, layers or children are not in the repository is refused. */
  readonly requireReferences: boolean;
  readonly uploadsExpireAfterMs: number;
  /** Never writes, not even to heal. */
  readonly readOnly: boolean;
  readonly clock?: Clock;
}

interface KnownRepository {
  readonly repository: Repository;
  readonly layout: ImageLayout;
}

const manifestCacheBytes = 64 * 1024 * 1024;
const cachedFacts = 50_000;
/** Snapshots of index.json are kept for as many repositories; a forgotten one is read again. */
const knownRepositories = 2_000;
const candidateRepositories = 200;
const longestSweepIntervalMs = 10 * 60_000;

export class Registry {
  readonly #options: RegistryOptions;
  readonly #clock: Clock;
  readonly #sessions: UploadSessions;
  /** Names this process among all that share the root. */
  readonly #process = randomUUID();
  readonly #ledger = new BlobLedger();
  readonly #caches: ManifestCaches = {
    bytes: new LRUCache<Digest, Buffer>({
      maxSize: manifestCacheBytes,
      sizeCalculation: (bytes) => bytes.byteLength + 200,
    }),
    facts: new LRUCache({ max: cachedFacts }),
  };
  readonly #known = new LRUCache<RepositoryName, KnownRepository>({ max: knownRepositories });
  /** Names that were asked for and have shown no index.json yet. */
  readonly #candidates = new LRUCache<RepositoryName, KnownRepository>({ max: candidateRepositories });
  /** With work of their own still to do, e.g. looks after a foreign write: they outlive the caches above. */
  readonly #active = new Map<RepositoryName, KnownRepository>();
  #sweeping: NodeJS.Timeout | undefined;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#sessions = new UploadSessions({
      store: options.store,
      clock: this.#clock,
      expireAfterMs: options.uploadsExpireAfterMs,
      owner: this.#process,
    });
  }

  /** Always answers: a repository exists once a manifest was pushed to it, and unknown names leave nothing behind. */
  repository(name: RepositoryName): Repository {
    return this.#find(name).repository;
  }

  async catalog(page: PageRequest): Promise<Page<RepositoryName>> {
    return pageOf(await repositoryNames(this.#options.store), page);
  }

  /** What keeps the registry from serving, in words for an operator; empty when it is ready. */
  async readiness(): Promise<readonly string[]> {
    // Also among the candidates: a repository that never could be read has not shown its index.json.
    const all = [this.#known, this.#candidates, this.#active].flatMap((some) => [...some.values()]);
    const layouts = new Set(all.map(({ layout }) => layout));
    return (await Promise.all([...layouts].map((layout) => layout.problems()))).flat();
  }

  /** Starts the expiry of upload sessions. */
  start(): void {
    if (this.#options.readOnly || this.#sweeping !== undefined) return;
    const intervalMs = Math.min(Math.max(this.#options.uploadsExpireAfterMs / 4, 250), longestSweepIntervalMs);
    this.#sweeping = setInterval(() => void this.#sweep(), intervalMs).unref();
    void this.#sweep();
  }

  /** Runs the pending looks, so that nothing acknowledged is left to a foreign writer, and releases the store. */
  async close(): Promise<void> {
    clearInterval(this.#sweeping);
    await Promise.all([...this.#active.values()].map(({ layout }) => layout.close()));
    await this.#options.store.close();
  }

  async #sweep(): Promise<void> {
    const { log } = this.#options;
    try {
      const swept = await this.#sessions.sweep();
      if (swept > 0) log.info('expired upload sessions were removed', { sessions: swept });
    } catch (error) {
      log.warn('expired upload sessions could not be removed; trying again later', { error });
    }
  }

  #find(name: RepositoryName): KnownRepository {
    const known = this.#known.get(name) ?? this.#candidates.get(name) ?? this.#active.get(name);
    if (known === undefined) return this.#open(name);
    // A flood of made-up names must not push out the snapshots of repositories that exist.
    if (known.layout.isLoaded && (this.#candidates.delete(name) || !this.#known.has(name)))
      this.#known.set(name, known);
    return known;
  }

  #open(name: RepositoryName): KnownRepository {
    const { store, log, readOnly, requireReferences } = this.#options;
    const layout = new ImageLayout({
      prefix: name,
      store,
      ledger: this.#ledger,
      caches: this.#caches,
      log,
      readOnly,
      clock: this.#clock,
      process: this.#process,
      onActive: (active) => (active ? this.#active.set(name, found) : this.#active.delete(name)),
    });
    const repository: Repository = {
      name,
      blobs: new Blobs(layout, (other) => this.#find(other).layout),
      uploads: new Uploads(name, layout, this.#sessions),
      manifests: new Manifests(layout, { requireReferences }),
      tags: new Tags(layout),
      referrers: new Referrers(layout),
    };
    const found: KnownRepository = { repository, layout };
    this.#candidates.set(name, found);
    return found;
  }
}
