// One repository's layout: its index, its manifests and its blobs, as every tool that opens the directory sees them.
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { Referrer } from '../oci/manifest-facts.ts';
import type { Tag } from '../oci/reference.ts';
import type { Clock } from '../storage/clock.ts';
import type { ObjectStore, StagedObject } from '../storage/object-store.ts';
import { meansNoSpace } from '../storage/storage-error.ts';
import { LayoutBlobs } from './blobs/layout-blobs.ts';
import { ReceivedBlobs } from './blobs/received-blobs.ts';
import { BlobDeletions } from './changes/blob-deletions.ts';
import { namedElsewhere, type PutEdit } from './changes/index-edit.ts';
import { IndexTransactions } from './changes/index-transaction.ts';
import { IndexWriter } from './changes/index-writer.ts';
import { QuietReconcile } from './changes/quiet-reconcile.ts';
import { planReconcile, type Reconciled } from './changes/reconciliation.ts';
import { ReferrersResponses, type ReferrersTagRule } from './changes/referrers-responses.ts';
import { factsKey, type LayoutKeys, layoutKeys } from './files/keys.ts';
import { ForeignWatch } from './healing/foreign-watch.ts';
import { healPolicy } from './healing/heal-policy.ts';
import { IndexGuard } from './healing/index-guard.ts';
import { Journal } from './healing/journal.ts';
import { LostFiles } from './healing/lost-files.ts';
import { type Remembered, RememberedEntries, type RestoredEntry } from './healing/remembered-entries.ts';
import type { ReplacedIndex } from './healing/replaced-index.ts';
import type { ImageLayoutOptions } from './image-layout-options.ts';
import { IndexReader } from './index/index-reader.ts';
import type { LayoutIndex } from './index/layout-index.ts';
import { LayoutVersion } from './index/layout-version.ts';
import { sizeByManifests } from './manifests/blob-needs.ts';
import { DerivedIndex } from './manifests/derived-index.ts';
import { FactsFile } from './manifests/facts-file.ts';
import { type FoundManifest, ManifestLookup } from './manifests/manifest-lookup.ts';
import type { ManifestOutline } from './manifests/manifest-outline.ts';
import { ManifestReader } from './manifests/manifest-reader.ts';
import { isHeldElsewhere } from './manifests/named-elsewhere.ts';
import { NestedReferrers } from './manifests/nested-referrers.ts';
import { RawManifests } from './manifests/raw-manifests.ts';
import { referrersJson } from './manifests/referrers-json.ts';
import type { VirtualPath } from './names/name-table.ts';
import { LayoutNames, type RepositoryNames } from './names/repository-names.ts';

export class ImageLayout {
  readonly blobs: LayoutBlobs;
  readonly manifests: ManifestReader;
  readonly deletions: BlobDeletions;
  readonly #keys: LayoutKeys;
  readonly #store: ObjectStore;
  readonly #reader: IndexReader;
  readonly #writer: IndexWriter;
  readonly #watch: ForeignWatch;
  readonly #lostFiles: LostFiles;
  readonly #remembering: RememberedEntries;
  readonly #clock: Clock;
  readonly #referrersTag: ReferrersTagRule;
  readonly #facts: FactsFile | undefined;
  readonly #names: LayoutNames;
  readonly #quiet: QuietReconcile | undefined;
  readonly #lookup: ManifestLookup;
  readonly #nested: NestedReferrers;
  readonly #raw: RawManifests | undefined;
  #derived: DerivedIndex | undefined;

  constructor(options: ImageLayoutOptions) {
    const { prefix, store, checks, caches, clock, log, readOnly, onActive, process } = options;
    const keys = layoutKeys(prefix);
    const name = options.name === '' ? '.' : options.name;
    this.#keys = keys;
    this.#store = store;
    this.#clock = clock;
    this.#referrersTag = options.referrersTag;
    const readIndex = () => this.readIndex();
    const statedSize = (digest: Digest) => sizeByManifests(digest, readIndex, this.manifests);
    const received = new ReceivedBlobs(clock, healPolicy.windowMs);
    this.blobs = new LayoutBlobs({ store, keys, checks, received, statedSize });
    const { facts } = options;
    this.#facts = facts && new FactsFile(facts.store, factsKey(facts.directory, prefix), log);
    this.manifests = new ManifestReader({ store, keys, caches, log, facts: this.#facts });
    const { referencedBlobs } = options;
    this.deletions = new BlobDeletions({ blobs: this.blobs, manifests: this.manifests, readIndex, referencedBlobs });
    this.#names = new LayoutNames(options.name, options.names);
    const childType = (index: LayoutIndex, digest: Digest) => this.#derivedFrom(index).mediaTypeOfChild(digest);
    this.#lookup = new ManifestLookup({ readIndex, childType, manifests: this.manifests, blobs: this.blobs });
    this.#nested = new NestedReferrers(this.manifests);
    this.#raw = options.scan ? new RawManifests(store, keys, this.manifests) : undefined;
    const { replaced } = options;
    this.#watch = new ForeignWatch({ look: (files) => this.#look(files), replaced, clock, log, onActive });
    const reconcile = () => this.reconcile({ dryRun: false });
    this.#quiet =
      options.reconciles && !readOnly ? new QuietReconcile({ store, keys, log, name, reconcile }) : undefined;
    const onForeign = () => {
      if (readOnly) return;
      this.#watch.changed();
      this.#quiet?.changed();
    };
    const version = new LayoutVersion(store, keys);
    this.#reader = new IndexReader({ store, key: keys.index, version, clock, log, onForeign });
    const journal = new Journal({ store, key: keys.journal, clock, process, budget: options.journals });
    const guard = new IndexGuard({ journal, store, keys, manifests: this.manifests, clock, log, name });
    const responses = new ReferrersResponses(keys, this.manifests, options.referrersTag);
    const shared = { store, keys, reader: this.#reader, guard, responses, clock };
    const transactions = new IndexTransactions({ ...shared, version });
    const onReplaced = (previous: ReplacedIndex | undefined, isForeign: boolean) => {
      this.#watch.replaced(previous);
      // A push that found another program's file put back what was lost from it: the files belong to it as well.
      if (isForeign) this.#watch.foreign();
    };
    this.#writer = new IndexWriter({ ...shared, transactions, onReplaced });
    this.#lostFiles = new LostFiles({
      store,
      keys,
      blobs: this.blobs,
      manifests: this.manifests,
      guard,
      readIndex,
      clock,
      log,
      name,
    });
    this.#remembering = new RememberedEntries({ guard, blobs: this.blobs, lostFiles: this.#lostFiles });
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

  /**
   * Stores a manifest's bytes and lists it under its tags in one transaction: durable, and visible to every reader, when this
   * returns. Where there is no space to list it, nothing of it stays. Throws UNAVAILABLE (503) while index.json cannot be read.
   */
  async pushManifest(outline: ManifestOutline, edit: PutEdit): Promise<void> {
    const { facts, bytes } = edit;
    const { digest } = facts.descriptor;
    await this.#store.assertRoom(bytes.byteLength);
    const isNew = (await this.blobs.stat(digest)) === undefined;
    await this.blobs.putManifest(digest, bytes);
    this.manifests.remember(digest, bytes);
    this.manifests.learn(outline);
    try {
      await this.#learnForResponse(facts.subject);
      await this.#writer.submit(edit);
    } catch (error) {
      if (isNew && meansNoSpace(error)) await this.#lostFiles.takeBack(digest);
      throw error;
    }
  }

  async #isListed(digest: Digest): Promise<boolean> {
    return ((await this.readIndex())?.listed(digest) ?? []).length > 0;
  }

  /** Throws NAME_UNKNOWN, MANIFEST_UNKNOWN, UNAVAILABLE (503). */
  async untag(tag: Tag, names: RepositoryNames): Promise<void> {
    if (!(await this.has(names))) throw new RegistryError('NAME_UNKNOWN');
    await this.#writer.submit({ kind: 'untag', tag, names });
  }

  /** Takes the manifest off the list and removes its file. Throws NAME_UNKNOWN, MANIFEST_UNKNOWN, UNSUPPORTED (405), UNAVAILABLE (503). */
  async removeManifest(digest: Digest, names: RepositoryNames): Promise<void> {
    if (!(await this.has(names))) throw new RegistryError('NAME_UNKNOWN');
    const found = await this.findManifest(digest, names);
    if (found === undefined) throw new RegistryError('MANIFEST_UNKNOWN');
    const facts = await this.manifests.factsOfChild(digest, found.mediaType);
    const subject = facts === 'none' ? undefined : facts.subject;
    const index = await this.readIndex();
    if (
      index !== undefined &&
      (await isHeldElsewhere({ digest, subject }, { index, names, manifests: this.manifests }))
    ) {
      throw new RegistryError('UNSUPPORTED', { detail: namedElsewhere });
    }
    await this.#learnForResponse(subject);
    await this.#writer.submit({ kind: 'remove', digest, subject, names });
    this.manifests.forget(found);
  }

  /** Publishes an upload whose digest was checked, durably. Bytes that this layout knows as a manifest stay a file of their own. */
  async adoptBlob(digest: Digest, staged: StagedObject): Promise<void> {
    const isManifest = await this.isManifest(digest);
    await (isManifest ? this.blobs.adoptUnshared(digest, staged) : this.blobs.adopt(digest, staged));
  }

  /**
   * False when it was not there. Throws UNSUPPORTED (405) for a manifest, which is deleted as such or the layout would list what is
   * not there, for what a manifest needs, and where the image of another repository may need the blob.
   */
  async deleteBlob(digest: Digest): Promise<boolean> {
    if (await this.isManifest(digest)) {
      throw new RegistryError('UNSUPPORTED', { detail: 'this digest is a manifest: delete it under /manifests/' });
    }
    if (await this.isShared()) {
      throw new RegistryError('UNSUPPORTED', { detail: 'several repositories of one layout share its blobs' });
    }
    const deleted = await this.deletions.delete(digest);
    // A push of the same bytes as a manifest was acknowledged between the look and the delete.
    if (deleted && (await this.#isListed(digest))) await this.#lostFiles.restoreManifest(digest);
    return deleted;
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
    return index === undefined || !names.existsIn(index) ? undefined : this.#derivedFrom(index).tags(names);
  }

  /** Every verified referrer of a digest; empty when there is none, or no such repository. */
  async referrers(subject: Digest): Promise<readonly Referrer[]> {
    const index = await this.readIndex();
    return index === undefined ? [] : this.#derivedFrom(index).referrers(subject);
  }

  /** The JSON array of some of them, as the referrers API lists them. */
  referrersJson(referrers: readonly Referrer[]): Promise<Buffer> {
    return referrersJson(referrers, this.manifests);
  }

  /**
   * Brings what other tools left to the form that every tool finds, in one transaction; writes nothing where nothing is to be
   * done, or when `dryRun`. Returns what was changed. Throws UNAVAILABLE (503).
   */
  async reconcile({ dryRun }: { readonly dryRun: boolean }): Promise<readonly Reconciled[]> {
    const index = await this.readIndex();
    if (index === undefined) return [];
    const derived = this.#derivedFrom(index);
    await derived.learnFacts();
    const { edit, changes } = await planReconcile(index, {
      manifests: this.manifests,
      responses: new ReferrersResponses(this.#keys, this.manifests, this.#referrersTag),
      names: this.#names.of(''),
      raw: await derived.rawManifests(),
      nowMs: this.#clock.now(),
    });
    if (changes.length === 0 || dryRun) return changes;
    // Another program wrote them, perhaps without a sync: a power cut must not leave them listed and empty.
    await this.blobs.secure(edit.unlisted.map(({ descriptor }) => descriptor));
    await this.#writer.submit(edit);
    return changes;
  }

  /** Entries that other programs took away, as far as the journal knows: what `restoreRemembered` would list again. */
  async remembered(): Promise<readonly Remembered[]> {
    const index = await this.readIndex();
    return index === undefined ? [] : this.#remembering.remembered(index);
  }

  /** Lists them again, and puts back what belongs to them; writes nothing when `dryRun`. Returns what was changed. Throws UNAVAILABLE (503). */
  async restoreRemembered({ dryRun }: { readonly dryRun: boolean }): Promise<readonly RestoredEntry[]> {
    // Whatever was written since the last look is judged first: most of what is missing comes back by that alone.
    if (!dryRun) await this.#writer.look([]);
    const index = await this.readIndex();
    const { entries, changes } = await this.#remembering.plan(index);
    if (entries.length === 0 || dryRun) return changes;
    await this.#remembering.putBack(entries);
    await this.#writer.submit({ kind: 'restore', entries, names: this.#names.of('') });
    await this.recover();
    return changes;
  }

  /** Looks into the blobs that nothing leads to, where that is wanted; what is found is kept. */
  async scan(): Promise<void> {
    const index = await this.readIndex();
    if (index !== undefined) await this.#derivedFrom(index).rawManifests();
  }

  /** What keeps this layout from being served or written, in words for an operator; looked at again if there was something. */
  async problems(): Promise<readonly string[]> {
    if (this.#reader.problem !== undefined) await this.readIndex().catch(() => undefined);
    const { problem } = this.#reader;
    if (problem !== undefined) return [`${this.#keys.index}: ${problem.message}`];
    return this.#lostFiles.mayBeGone ? this.#lostFiles.problems(await this.readIndex()) : [];
  }

  /**
   * Looks for files that went while no process of ours was there to see it, or had time to put them back; where we never wrote, nothing.
   * Reads thousands of manifests where as many were pushed: throws the signal's reason once it is aborted.
   */
  async recover(signal?: AbortSignal): Promise<void> {
    const index = await this.readIndex();
    if (index === undefined) return;
    // Where layers of images may be deleted through us, the journal does not say which were.
    if (!this.deletions.mayDeleteReferenced) await this.#lostFiles.recall(index, signal);
    this.#watch.lookedForLost(await this.#lostFiles.restore(index));
  }

  async close(): Promise<void> {
    await this.#quiet?.close();
    await this.#watch.close();
    await this.#facts?.flush();
  }

  #derivedFrom(index: LayoutIndex): DerivedIndex {
    if (this.#derived?.index !== index)
      this.#derived = new DerivedIndex(index, { manifests: this.manifests, nested: this.#nested, raw: this.#raw });
    return this.#derived;
  }

  /** Referrers that another tool listed without naming their subject belong into the response as well. */
  async #learnForResponse(subject: Digest | undefined): Promise<void> {
    const index = subject === undefined ? undefined : await this.readIndex();
    if (index !== undefined) await this.#derivedFrom(index).learnFacts();
  }

  /** Looks again a few times after each foreign write, since some tools delete files only after they wrote the index. */
  async #look(replaced: readonly ReplacedIndex[]): Promise<void> {
    if (await this.#writer.look(replaced)) this.#watch.foreign();
    if (!this.#watch.isLostLookDue) return;
    const index = await this.readIndex();
    if (index !== undefined) this.#watch.lookedForLost(await this.#lostFiles.restore(index));
  }
}
