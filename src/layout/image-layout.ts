// One repository's layout: its index, its manifests and its blobs, as every tool that opens the directory sees them.
import type { Digest } from '../oci/digest.ts';
import type { Referrer } from '../oci/manifest-facts.ts';
import type { Tag } from '../oci/reference.ts';
import type { Clock } from '../storage/clock.ts';
import { LayoutBlobs } from './blobs/layout-blobs.ts';
import { LayoutChanges } from './changes/layout-changes.ts';
import { planReconcile, type ReconcilePlan } from './changes/reconciliation.ts';
import { ReferrersResponses } from './changes/referrers-responses.ts';
import { type Remembered, RememberedEntries, type RestorePlan } from './changes/remembered-entries.ts';
import { factsKey, type LayoutKeys, layoutKeys } from './files/keys.ts';
import type { ImageLayoutOptions, ImageLayoutRules } from './image-layout-options.ts';
import { IndexReader } from './index/index-reader.ts';
import type { LayoutIndex } from './index/layout-index.ts';
import { LayoutVersion } from './index/layout-version.ts';
import { sizeByManifests } from './manifests/blob-needs.ts';
import { DerivedIndexes } from './manifests/derived-index.ts';
import { FactsFile } from './manifests/facts-file.ts';
import { type FoundManifest, ManifestLookup } from './manifests/manifest-lookup.ts';
import { ManifestReader } from './manifests/manifest-reader.ts';
import { NestedReferrers } from './manifests/nested-referrers.ts';
import { referrersJson } from './manifests/referrers-json.ts';
import { UnreferencedManifests } from './manifests/unreferenced-manifests.ts';
import type { VirtualPath } from './names/name-table.ts';
import { LayoutNames, type RepositoryNames } from './names/repository-names.ts';

export class ImageLayout {
  readonly blobs: LayoutBlobs;
  readonly manifests: ManifestReader;
  /** Undefined where the layout is only read. */
  readonly changes: LayoutChanges | undefined;
  readonly #keys: LayoutKeys;
  readonly #reader: IndexReader;
  readonly #clock: Clock;
  readonly #rules: ImageLayoutRules;
  readonly #facts: FactsFile | undefined;
  readonly #names: LayoutNames;
  readonly #lookup: ManifestLookup;
  readonly #derived: DerivedIndexes;
  readonly #remembered: RememberedEntries;

  constructor(options: ImageLayoutOptions) {
    const { prefix, store, checks, caches, clock, log, facts, rules } = options;
    const keys = layoutKeys(prefix);
    this.#keys = keys;
    this.#clock = clock;
    this.#rules = rules;
    const version = new LayoutVersion(store, keys);
    const onForeign = () => this.changes?.foreignRead();
    const reader = new IndexReader({ store, key: keys.index, version, clock, log, onForeign });
    this.#reader = reader;
    const readIndex = () => reader.current();
    this.#facts = facts && new FactsFile(facts.store, factsKey(facts.directory, prefix), log);
    const manifests = new ManifestReader({ store, keys, caches, log, facts: this.#facts });
    this.manifests = manifests;
    const statedSize = (digest: Digest) => sizeByManifests(digest, readIndex, manifests);
    const blobs = new LayoutBlobs({ store, keys, checks, statedSize });
    this.blobs = blobs;
    const names = new LayoutNames(options.name, rules);
    this.#names = names;
    const unreferenced = rules.scan !== 'off' ? new UnreferencedManifests(store, keys, manifests) : undefined;
    const derived = new DerivedIndexes({ manifests, nested: new NestedReferrers(manifests), unreferenced });
    this.#derived = derived;
    const childType = (index: LayoutIndex, digest: Digest) => derived.of(index).mediaTypeOfChild(digest);
    const lookup = new ManifestLookup({ readIndex, childType, manifests, blobs });
    this.#lookup = lookup;
    const remembered = new RememberedEntries({ store, keys, manifests, clock });
    this.#remembered = remembered;
    const name = options.name === '' ? '.' : options.name;
    const planReconcile = () => this.planReconcile();
    const read = {
      keys,
      name,
      clock,
      log,
      rules,
      reader,
      version,
      checks,
      blobs,
      manifests,
      names,
      lookup,
      derived,
      remembered,
    };
    this.changes = options.changes && new LayoutChanges({ ...read, planReconcile }, options.changes);
  }

  /** True once index.json was read or written: the repository exists, or did. */
  get isLoaded(): boolean {
    return this.#reader.isLoaded;
  }

  /** Undefined when the repository does not exist. Throws UNAVAILABLE (503) when its index.json cannot be read. */
  readIndex(): Promise<LayoutIndex | undefined> {
    return this.#reader.current();
  }

  /** The names of one repository of this layout: its own, or a virtual one. */
  names(path: VirtualPath): RepositoryNames {
    return this.#names.of(path);
  }

  /** The repositories of this layout, by path: '' is its own; undefined when the layout does not exist. */
  async repositories(): Promise<readonly VirtualPath[] | undefined> {
    const index = await this.readIndex();
    return index && (this.#names.table(index)?.listed ?? ['']);
  }

  /** True when full names of several repositories stand in the file, so that a push may add another. */
  async isShared(): Promise<boolean> {
    const index = await this.readIndex();
    return index !== undefined && this.#names.table(index)?.isShared === true;
  }

  /** True when the repository of that path is there now. */
  async has(names: RepositoryNames): Promise<boolean> {
    const index = await this.readIndex();
    return index !== undefined && names.existsIn(index);
  }

  /** True for bytes that the layout knows as a manifest. */
  async isManifest(digest: Digest): Promise<boolean> {
    return (await this.findManifest(digest, this.#names.of(''))) !== undefined;
  }

  /** What a tag or digest means in one repository of this layout (manifest-lookup.ts). */
  findManifest(reference: Tag | Digest, names: RepositoryNames): Promise<FoundManifest | undefined> {
    return this.#lookup.find(reference, names);
  }

  /** In byte order, without the tags that only serve clients that know no referrers API; undefined when the repository does not exist. */
  async tags(names: RepositoryNames): Promise<readonly Tag[] | undefined> {
    const index = await this.readIndex();
    return index === undefined || !names.existsIn(index) ? undefined : this.#derived.of(index).tags(names);
  }

  /** Every verified referrer of a digest; empty when there is none, or no such repository. */
  async referrers(subject: Digest): Promise<readonly Referrer[]> {
    const index = await this.readIndex();
    return index === undefined ? [] : this.#derived.of(index).referrers(subject);
  }

  /** The JSON array of some of them, as the referrers API lists them. */
  referrersJson(referrers: readonly Referrer[]): Promise<Buffer> {
    return referrersJson(referrers, this.manifests);
  }

  /** What would bring the layout to the form that every tool finds; undefined when the repository does not exist. Throws UNAVAILABLE (503). */
  async planReconcile(): Promise<ReconcilePlan | undefined> {
    const index = await this.readIndex();
    if (index === undefined) return undefined;
    const derived = this.#derived.of(index);
    await derived.learnFacts();
    return planReconcile(index, {
      manifests: this.manifests,
      responses: new ReferrersResponses(this.#keys, this.manifests, this.#rules),
      names: this.#names.of(''),
      unreferenced: await derived.unreferenced(),
      nowMs: this.#clock.now(),
    });
  }

  /** Entries that other programs took away, as far as the journal knows. */
  async remembered(): Promise<readonly Remembered[]> {
    const index = await this.readIndex();
    return index === undefined ? [] : this.#remembered.remembered(index);
  }

  /** Which of them would be listed again; undefined when the repository does not exist. */
  async planRestore(): Promise<RestorePlan | undefined> {
    const index = await this.readIndex();
    return index && this.#remembered.plan(index);
  }

  /** Looks into the blobs that nothing leads to, where that is wanted; what is found is kept. */
  async scan(): Promise<void> {
    const index = await this.readIndex();
    if (index !== undefined) await this.#derived.of(index).unreferenced();
  }

  /** What keeps this layout from being served or written, in words for an operator; looked at again if there was something. */
  async problems(): Promise<readonly string[]> {
    if (this.#reader.problem !== undefined) await this.readIndex().catch(() => undefined);
    const { problem } = this.#reader;
    if (problem !== undefined) return [`${this.#keys.index}: ${problem.message}`];
    return (await this.changes?.problems()) ?? [];
  }

  async close(): Promise<void> {
    await this.changes?.close();
    await this.#facts?.flush();
  }
}
