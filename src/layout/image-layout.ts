// One repository's layout: its index, its manifests and its blobs, as every tool that opens the directory sees them.
import type { Digest } from '../oci/digest.ts';
import type { Referrer } from '../oci/manifest-facts.ts';
import type { RepositoryName, Tag } from '../oci/reference.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { LayoutBlobs } from './blobs/layout-blobs.ts';
import { LeaseFile } from './blobs/lease-file.ts';
import { LayoutChanges } from './changes/layout-changes.ts';
import { historyOf } from './changes/layout-history.ts';
import type { ReadLayout } from './changes/read-layout.ts';
import { planReconcile, type ReconcilePlan } from './changes/reconciliation.ts';
import { planRestore, type Remembered, type RestorePlan, rememberedEntries } from './changes/remembered-entries.ts';
import type { ByteTally } from './collection/byte-tally.ts';
import { type LayoutDiskUse, layoutDiskUse } from './collection/disk-use.ts';
import {
  type CollectionRun,
  LayoutCollection,
  type LayoutCollectionParts,
  type Skipped,
} from './collection/layout-collection.ts';
import type { LeftManifest } from './collection/layout-marking.ts';
import type { HistoryReader } from './history/history-reader.ts';
import { type LeftWithin, leftSince, readKept } from './history/left-manifests.ts';
import type { TagTarget } from './history/tag-move.ts';
import type { IndexLook } from './index/index-reader.ts';
import type { LayoutIndex } from './index/layout-index.ts';
import type { FoundManifest } from './manifests/manifest-lookup.ts';
import type { ManifestReader } from './manifests/manifest-reader.ts';
import { namedIn } from './manifests/manifest-thread.ts';
import { referrersJson } from './manifests/referrers-json.ts';
import { longPathOf, type VirtualPath } from './names/name-table.ts';
import type { RepositoryNames } from './names/repository-names.ts';
import { type ImageLayoutOptions, type ImageLayoutRules, openLayout } from './open-layout.ts';
import { LayoutRetention } from './retention/layout-retention.ts';
import { UntaggedRetention } from './retention/untagged-retention.ts';

export class ImageLayout {
  readonly blobs: LayoutBlobs;
  readonly manifests: ManifestReader;
  readonly history: HistoryReader;
  /** Undefined where the layout is only read. */
  readonly changes: LayoutChanges | undefined;
  /** Which tags stay. */
  readonly retention: LayoutRetention;
  /** Which manifests stay that no tag leads to. */
  readonly untaggedRetention: UntaggedRetention;
  readonly #layout: ReadLayout;
  readonly #rules: ImageLayoutRules;
  /** Undefined where the layout is only read. */
  readonly #store: ObjectStore | undefined;
  readonly #collection: LayoutCollection;

  constructor(options: ImageLayoutOptions) {
    const layout = openLayout(options, () => this.changes?.foreignRead());
    this.#layout = layout;
    this.#rules = options.rules;
    this.blobs = layout.blobs;
    this.retention = new LayoutRetention(layout);
    this.manifests = layout.manifests;
    this.history = historyOf(layout);
    this.#store = options.changes?.store;
    const leases = new LeaseFile(layout.store, layout.keys);
    const leftWithin = async (within: LeftWithin) => new Set((await this.leftWithin(within)).keys());
    this.untaggedRetention = new UntaggedRetention({ layout, leases, leftWithin });
    this.#collection = new LayoutCollection(collectionParts(layout, (within) => this.#left(within)));
    this.changes = options.changes && new LayoutChanges(layout, options.rules, options.changes);
  }

  /** True once index.json was read or written: the repository exists, or did. */
  get isLoaded(): boolean {
    return this.#layout.index.isLoaded;
  }

  /** Undefined when the repository does not exist. Throws UNAVAILABLE (503) when its index.json cannot be read. */
  readIndex(look?: IndexLook): Promise<LayoutIndex | undefined> {
    return this.#layout.index.current(look);
  }

  /** The names of one repository of this layout: its own, or a virtual one. */
  names(path: VirtualPath): RepositoryNames {
    return this.#layout.names.of(path);
  }

  /** The repositories of this layout, by path: '' is its own; undefined when the layout does not exist. */
  async repositories(): Promise<readonly VirtualPath[] | undefined> {
    const index = await this.readIndex();
    return index && (this.#layout.names.table(index)?.listed ?? ['']);
  }

  /** True when full names of several repositories stand in the file, so that a push may add another. */
  async isShared(): Promise<boolean> {
    const index = await this.readIndex();
    return index !== undefined && this.#layout.names.table(index)?.isShared === true;
  }

  /** True when the repository of that path is there now. */
  async has(names: RepositoryNames): Promise<boolean> {
    const index = await this.readIndex();
    return index !== undefined && names.existsIn(index);
  }

  /** True for bytes that the layout knows as a manifest. */
  async isManifest(digest: Digest): Promise<boolean> {
    return (await this.findManifest(digest, this.#layout.names.of(''))) !== undefined;
  }

  /** What a tag or digest means in one repository of this layout (manifest-lookup.ts). */
  findManifest(reference: Tag | Digest, names: RepositoryNames, look?: IndexLook): Promise<FoundManifest | undefined> {
    return this.#layout.lookup.find(reference, names, look);
  }

  /** In byte order, without the tags that only serve clients that know no referrers API; undefined when the repository does not exist. */
  async tags(names: RepositoryNames, look?: IndexLook): Promise<readonly Tag[] | undefined> {
    const index = await this.readIndex(look);
    return index === undefined || !names.existsIn(index) ? undefined : this.#layout.derived.of(index).tags(names);
  }

  /** The full name that the file gives to the image of a tag, as the name of a repository: `docker.io/library/alpine`. */
  async fullName(names: RepositoryNames, tag: Tag | undefined): Promise<RepositoryName | undefined> {
    const index = await this.readIndex();
    const image = index && names.imageOf(index, tag);
    return image && longPathOf(image);
  }

  /** Digests of images that no tag leads to, in the order of the file; undefined when the repository does not exist. */
  async untagged(names: RepositoryNames): Promise<readonly Digest[] | undefined> {
    const index = await this.readIndex();
    return index === undefined || !names.existsIn(index) ? undefined : this.#layout.derived.of(index).untagged(names);
  }

  /** Every verified referrer of a digest; empty when there is none, or no such repository. */
  async referrers(subject: Digest, look?: IndexLook): Promise<readonly Referrer[]> {
    const index = await this.readIndex(look);
    return index === undefined ? [] : this.#layout.derived.of(index).referrers(subject);
  }

  /** The JSON array of some of them, as the referrers API lists them. */
  referrersJson(referrers: readonly Referrer[]): Promise<Buffer> {
    return referrersJson(referrers, this.manifests);
  }

  /** What would bring the layout to the form that every tool finds; undefined when the repository does not exist. Throws UNAVAILABLE (503). */
  planReconcile(): Promise<ReconcilePlan | undefined> {
    return planReconcile(this.#layout, this.#rules);
  }

  /** Entries that other programs took away, as far as the journal knows. */
  remembered(): Promise<readonly Remembered[]> {
    return rememberedEntries(this.#layout);
  }

  /** Which of them would be listed again; undefined when the repository does not exist. */
  planRestore(): Promise<RestorePlan | undefined> {
    return planRestore(this.#layout);
  }

  /** Looks into the blobs that nothing leads to, where that is wanted; what is found is kept. */
  async scan(): Promise<void> {
    const index = await this.readIndex();
    if (index !== undefined) await this.#layout.derived.of(index).unreferenced();
  }

  /** The bytes of a manifest that was deleted lately; undefined when they are not kept. */
  deletedManifest(digest: Digest): Promise<Buffer | undefined> {
    return readKept(this.#layout.store, this.#layout.keys, digest);
  }

  /** What tags left, or was deleted, within that time: it can be gone back to, so nothing that it leads to may go. */
  async leftWithin(within: LeftWithin): Promise<ReadonlyMap<Digest, TagTarget>> {
    return leftSince(await this.history.left(), within);
  }

  async #left(within: LeftWithin): Promise<readonly LeftManifest[]> {
    const left: LeftManifest[] = [];
    for (const digest of (await this.leftWithin(within)).keys()) {
      const bytes = await this.deletedManifest(digest);
      left.push({ digest, named: bytes && (await namedIn(bytes)) });
    }
    return left;
  }

  /** Names of the files and directories that lie directly in it, whoever put them there; empty where there is no layout. */
  async fileNames(): Promise<readonly string[]> {
    const { store, keys } = this.#layout;
    return (await store.list(keys.directory)).map(({ name }) => name);
  }

  /** When index.json last changed, whoever wrote it; undefined when there is none. */
  async changedAtMs(): Promise<number | undefined> {
    return (await this.#layout.store.stat(this.#layout.keys.index))?.modifiedAtMs;
  }

  /** What its blobs take on the disk; `all` counts each file once, whichever layouts have it. */
  diskUse(all: ByteTally): Promise<LayoutDiskUse> {
    return layoutDiskUse(this.#layout.store, this.#layout.keys, all);
  }

  /** Deletes what nobody needs, a batch at a time. Returns why nothing was deleted. Nothing, where nothing is ever changed. */
  async collect(run: CollectionRun): Promise<Skipped> {
    const { changes } = this;
    if (changes === undefined || this.#store === undefined) return 'it cannot be written to';
    return this.#collection.collect(run, {
      store: this.#store,
      heal: (signal) => changes.heal(signal),
      settle: () => changes.settle(),
      forget: (digest) => changes.collected(digest),
      forgetLeft: (within) => changes.forgetLeft(within),
    });
  }

  /** What keeps this layout from being served or written, in words for an operator; looked at again if there was something. */
  async problems(): Promise<readonly string[]> {
    const { index, keys } = this.#layout;
    if (index.problem !== undefined) await this.readIndex().catch(() => undefined);
    const { problem } = index;
    if (problem !== undefined) return [`${keys.index}: ${problem.message}`];
    return (await this.changes?.problems()) ?? [];
  }

  async close(): Promise<void> {
    await this.changes?.close();
    await this.#layout.facts?.flush();
  }
}

function collectionParts(
  { store, keys, index, manifests }: ReadLayout,
  leftWithin: LayoutCollectionParts['leftWithin'],
): LayoutCollectionParts {
  const leases = new LeaseFile(store, keys);
  return { prefix: keys.directory, store, keys, index, manifests, leases, leftWithin };
}
