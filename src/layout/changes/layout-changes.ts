// All that writes to one layout or heals it: made only where a mount takes pushes and deletes. What it changes it reads by the
// same index, manifests and blobs that answer requests.
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import { PreconditionFailedError } from '../../oci/precondition.ts';
import type { Tag } from '../../oci/reference.ts';
import { TagProtectedError } from '../../oci/tag-protection.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { meansNoSpace } from '../../storage/storage-error.ts';
import { BlobWriter } from '../blobs/blob-writer.ts';
import { Leases } from '../blobs/leases.ts';
import { ReceivedBlobs } from '../blobs/received-blobs.ts';
import { ForeignWatch } from '../healing/foreign-watch.ts';
import { healPolicy } from '../healing/heal-policy.ts';
import { IndexGuard } from '../healing/index-guard.ts';
import { Journal } from '../healing/journal.ts';
import { LostFiles } from '../healing/lost-files.ts';
import type { ReplacedIndex } from '../healing/replaced-index.ts';
import type { HistoryReader } from '../history/history-reader.ts';
import { HistoryRecorder } from '../history/history-recorder.ts';
import { type ForgottenManifest, forgetKept, type LeftWithin, leftSince } from '../history/left-manifests.ts';
import { TrustedTime } from '../history/trusted-time.ts';
import type { IndexedEntry } from '../index/entry-key.ts';
import { parseIndexEntry } from '../index/index-entry.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import type { ManifestOutline } from '../manifests/manifest-outline.ts';
import { isHeldElsewhere } from '../manifests/named-elsewhere.ts';
import { RecentOutlines } from '../manifests/recent-outlines.ts';
import type { RepositoryNames } from '../names/repository-names.ts';
import { KeptTagTimes, noTagTimes, type TagTimes } from '../times/tag-times.ts';
import { type BlobDeleteRules, BlobDeletions } from './blob-deletions.ts';
import { BlobPushes } from './blob-pushes.ts';
import type { CrossingEdit } from './crossing-edit.ts';
import { EditConditions } from './edit-conditions.ts';
import { EditRoute } from './edit-owners.ts';
import { namedElsewhere, type PutEdit, type UntagEdit } from './index-edit.ts';
import { type HistoryRules, IndexTransactions } from './index-transaction.ts';
import { IndexWriter } from './index-writer.ts';
import { historyOf } from './layout-history.ts';
import type { LayoutPlace } from './layout-place.ts';
import { QuietReconcile, type ReconcileRules } from './quiet-reconcile.ts';
import type { ReadLayout } from './read-layout.ts';
import type { Reconciled } from './reconciled.ts';
import { planReconcile } from './reconciliation.ts';
import { ReferrersResponses, type ResponseRules } from './referrers-responses.ts';
import { planRestore, type RestoredEntry } from './remembered-entries.ts';
import type { WritingProcess } from './writing-process.ts';

/** All that is followed where a layout is changed. */
export interface ChangeRules extends ResponseRules, BlobDeleteRules, ReconcileRules, HistoryRules {}

const forgetEveryMs = 60 * 60 * 1000;

/** How something is deleted, by whom, and what must hold of it. */
export type Deletion = Pick<UntagEdit, 'how' | 'condition' | 'protection' | 'by'>;

export interface LayoutChangesOptions {
  readonly store: ObjectStore;
  readonly process: WritingProcess;
  readonly place: LayoutPlace;
  /** True where retention may ask when tags were pushed and pulled. */
  readonly notesTimes: boolean;
  /** How long clients may count on what they are told to be there, in milliseconds, and whether other processes must know of it. */
  readonly leases: { readonly graceMs: number; readonly areShared: boolean };
  /** Checks of what other programs write are pending, or not any more. */
  readonly onActive: (active: boolean) => void;
}

export class LayoutChanges {
  readonly blobs: BlobWriter;
  readonly pushes: BlobPushes;
  readonly deletions: BlobDeletions;
  /** Of its tags, when they were pushed without a change, and pulled. */
  readonly times: TagTimes;
  /** Of what clients are told to be there. */
  readonly leases: Leases;
  readonly outlines = new RecentOutlines();
  readonly #store: ObjectStore;
  readonly #layout: ReadLayout;
  readonly #rules: ChangeRules;
  readonly #writer: IndexWriter;
  readonly #edits: EditRoute;
  readonly #watch: ForeignWatch;
  readonly #lostFiles: LostFiles;
  readonly #quiet: QuietReconcile | undefined;
  readonly #history: HistoryReader;
  readonly #time: TrustedTime;
  #forgetAfterMs = forgetEveryMs;

  constructor(layout: ReadLayout, rules: ChangeRules, options: LayoutChangesOptions) {
    const { keys, name, clock, log, index: reader, version, checks, manifests } = layout;
    const { store, process, notesTimes } = options;
    this.times = notesTimes ? new KeptTagTimes({ store, key: keys.tagTimes, clock, log }) : noTagTimes;
    const file = options.leases.areShared ? { store, key: keys.leases, directory: keys.directory } : undefined;
    this.leases = new Leases({ clock, log, graceMs: options.leases.graceMs, file });
    this.#layout = layout;
    this.#rules = rules;
    this.#store = store;
    this.#history = historyOf(layout);
    this.#time = new TrustedTime(clock);
    const readIndex = () => reader.current();
    const received = new ReceivedBlobs(clock, healPolicy.windowMs);
    this.blobs = new BlobWriter({ store, keys, checks, received, blobs: layout.blobs, leases: this.leases });
    this.pushes = new BlobPushes(this.blobs.intake, layout);
    const settle = () => this.settle();
    this.deletions = new BlobDeletions({ blobs: this.blobs, manifests, readIndex, settle, rules });
    const check = (replaced: readonly ReplacedIndex[]) => this.#checkForeign(replaced);
    this.#watch = new ForeignWatch({ check, replaced: process.replaced, clock, log, onActive: options.onActive });
    const reconcile = () => this.reconcile();
    this.#quiet =
      rules.reconcile === 'background' ? new QuietReconcile({ store, keys, log, name, reconcile }) : undefined;
    const { journals: budget, meters, owners, desk } = process;
    const journal = new Journal({ store, key: keys.journal, clock, process: process.id, budget });
    const guard = new IndexGuard({ journal, store, keys, manifests, clock, log, meters, name });
    const responses = new ReferrersResponses(keys, manifests, rules);
    const history = new HistoryRecorder({ store, key: keys.history, names: layout.names, clock, log, name });
    const conditions = new EditConditions({ lookup: layout.lookup, manifests });
    const shared = { store, keys, reader, guard, history, responses, clock };
    const told = { times: this.times, place: options.place, desk };
    const transactions = new IndexTransactions({ ...shared, ...told, version, conditions, rules });
    const onReplaced = (previous: ReplacedIndex | undefined, isForeign: boolean) => {
      this.#watch.replaced(previous);
      this.blobs.lookAnew();
      // A push that found another program's file put back what was lost from it: the files belong to it as well.
      if (isForeign) this.#watch.foreign();
    };
    this.#writer = new IndexWriter({ ...shared, meters, transactions, onReplaced });
    const route = { writer: this.#writer, names: layout.names, place: options.place, owners };
    this.#edits = new EditRoute({ ...route, looks: [reader, this.blobs] });
    const { blobs } = this;
    this.#lostFiles = new LostFiles({ store, keys, blobs, manifests, guard, readIndex, clock, log, meters, name });
  }

  /** A version of index.json was read that this process did not publish. */
  foreignRead(): void {
    if (this.#edits.isToldToOwner()) return;
    this.#watch.changed();
    this.#quiet?.changed();
  }

  /**
   * Stores a manifest's bytes and lists it under its tags in one transaction: durable, and visible to every reader, when this
   * returns. Where it is not listed for want of space, or because its condition does not hold, nothing of it stays. Throws
   * PreconditionFailedError, TagProtectedError, UNAVAILABLE (503) while index.json cannot be read.
   */
  async pushManifest(outline: ManifestOutline, edit: PutEdit): Promise<void> {
    const { manifests } = this.#layout;
    const { facts, bytes } = edit;
    const { digest } = facts.descriptor;
    await this.#store.assertRoom(bytes.byteLength);
    const isNew = await this.blobs.putManifest(digest, bytes);
    manifests.remember(digest, bytes);
    manifests.learn(outline);
    try {
      await this.#learnForResponse(facts.subject);
      await this.#edits.submit(edit);
    } catch (error) {
      if (isNew && (meansNoSpace(error) || isUnwanted(error))) await this.#lostFiles.takeBack(digest);
      throw error;
    }
  }

  /** For another process of the server: all but index.json is done. Throws what refused it. */
  async commit(edit: CrossingEdit): Promise<void> {
    // Which layers were deleted through another process is not known here.
    if (edit.kind === 'put' && !this.deletions.mayDeleteReferenced) await this.#lostFiles.expect(edit);
    await this.#edits.commit(edit);
  }

  /** Throws NAME_UNKNOWN, MANIFEST_UNKNOWN, PreconditionFailedError, TagProtectedError, UNAVAILABLE (503). */
  async untag(tag: Tag, names: RepositoryNames, deletion: Deletion): Promise<void> {
    await this.#existing(names);
    await this.#edits.submit({ kind: 'untag', tag, names, ...deletion });
  }

  /**
   * Takes the manifest off the list and removes its file. Throws NAME_UNKNOWN, MANIFEST_UNKNOWN, UNSUPPORTED (405),
   * PreconditionFailedError, TagProtectedError, UNAVAILABLE (503).
   */
  async removeManifest(digest: Digest, names: RepositoryNames, deletion: Deletion): Promise<void> {
    const { lookup, manifests } = this.#layout;
    await this.#existing(names);
    const found = await lookup.find(digest, names);
    if (found === undefined) throw new RegistryError('MANIFEST_UNKNOWN');
    const facts = await manifests.factsOfChild(digest, found.mediaType);
    const subject = facts === 'none' ? undefined : facts.subject;
    const index = await this.#readIndex();
    if (index !== undefined && (await isHeldElsewhere({ digest, subject }, { index, names, manifests }))) {
      throw new RegistryError('UNSUPPORTED', { detail: namedElsewhere });
    }
    await this.#learnForResponse(subject);
    const size = (await this.#layout.blobs.stat(digest))?.size ?? 0;
    const { mediaType } = found;
    await this.#edits.submit({ kind: 'remove', digest, mediaType, size, subject, names, ...deletion });
    manifests.forget(found);
    this.leases.forget(digest);
    await this.#forgetLeft();
  }

  /**
   * Deletes what is kept of manifests that left longer ago than `graceMs`: nothing can be put back after that. `ages` are those that
   * the caller trusts. Returns what went.
   */
  async forgetLeft(within: LeftWithin): Promise<readonly ForgottenManifest[]> {
    return forgetKept(this.#store, this.#layout.keys, leftSince(await this.#history.left(), within), within);
  }

  /**
   * False when it was not there. Throws UNSUPPORTED (405) for a manifest, which is deleted as such or the layout would list what is
   * not there, for what a manifest needs, and where the image of another repository may need the blob.
   */
  async deleteBlob(digest: Digest): Promise<boolean> {
    const { names } = this.#layout;
    if (await this.#isManifest(digest)) {
      throw new RegistryError('UNSUPPORTED', { detail: 'this digest is a manifest: delete it under /manifests/' });
    }
    const index = await this.#readIndex();
    if (index !== undefined && names.table(index)?.isShared === true) {
      throw new RegistryError('UNSUPPORTED', { detail: 'several repositories of one layout share its blobs' });
    }
    const deleted = await this.deletions.delete(digest);
    // A push of the same bytes as a manifest was acknowledged between the check and the delete.
    const isListed = deleted && ((await this.#readIndex())?.listed(digest) ?? []).length > 0;
    if (isListed) await this.#lostFiles.restoreManifest(digest);
    return deleted;
  }

  /**
   * Brings what other tools left to the form that every tool finds, in one transaction; writes nothing where nothing is to be
   * done. Returns what was changed. Throws UNAVAILABLE (503).
   */
  async reconcile(): Promise<readonly Reconciled[]> {
    const plan = await planReconcile(this.#layout, this.#rules);
    if (plan === undefined || plan.changes.length === 0) return [];
    const { edit, changes } = plan;
    // Another program wrote them, perhaps without a sync: a power cut must not leave them listed and empty.
    await this.blobs.secure(edit.unlisted.map(({ descriptor }) => descriptor));
    await this.#writer.submit(edit);
    return changes;
  }

  /** Lists again what other programs took away, and puts back what belongs to it. Returns what was changed. Throws UNAVAILABLE (503). */
  async restoreRemembered(): Promise<readonly RestoredEntry[]> {
    const { names } = this.#layout;
    // Whatever was written since the last check is judged first: most of what is missing comes back by that alone.
    await this.#writer.checkForeign([]);
    const plan = await planRestore(this.#layout);
    if (plan === undefined || plan.entries.length === 0) return [];
    const { entries, changes } = plan;
    await this.#putBack(entries);
    await this.#writer.submit({ kind: 'restore', entries, names: names.of('') });
    await this.recover();
    return changes;
  }

  /**
   * Searches for files that went while no process of ours was there to see it, or had time to put them back; where we never wrote, nothing.
   * Reads thousands of manifests where as many were pushed: throws the signal's reason once it is aborted.
   */
  async recover(signal?: AbortSignal): Promise<void> {
    const index = await this.#readIndex();
    if (index === undefined) return;
    // Where layers of images may be deleted through us, the journal does not say which were.
    if (!this.deletions.mayDeleteReferenced) await this.#lostFiles.recall(index, signal);
    this.#watch.searched(await this.#lostFiles.restore(index));
  }

  /** Before anything is called free: what other programs took from what was acknowledged is put back. Throws UNAVAILABLE (503). */
  async heal(signal: AbortSignal): Promise<void> {
    await this.#writer.checkForeign([]);
    await this.recover(signal);
  }

  /** Makes durable what index.json says, before something is deleted for it. Throws UNAVAILABLE (503). */
  settle(): Promise<void> {
    return this.#writer.settle();
  }

  /** A collection deleted the file. */
  collected(digest: Digest): void {
    this.blobs.forget(digest);
    this.#layout.manifests.forgetFile(digest);
  }

  /** What is lost for good of what was acknowledged, in words for an operator. */
  async problems(): Promise<readonly string[]> {
    return this.#lostFiles.mayBeGone ? this.#lostFiles.problems(await this.#readIndex()) : [];
  }

  /** Runs the pending checks, so that nothing acknowledged is left to another program. */
  async close(): Promise<void> {
    await this.#quiet?.close();
    await this.#watch.close();
    await this.times.flush();
  }

  /** Now and then, since whoever deletes waits for it: the history is read for it. Only what this process has seen to be old enough goes. */
  async #forgetLeft(): Promise<void> {
    const graceMs = this.#rules.keepLeftMs;
    const { watchedMs, ages } = this.#time;
    if (watchedMs < Math.max(graceMs, this.#forgetAfterMs)) return;
    this.#forgetAfterMs = watchedMs + forgetEveryMs;
    await this.forgetLeft({ graceMs, ages });
  }

  #readIndex(): Promise<LayoutIndex | undefined> {
    return this.#layout.index.current();
  }

  async #existing(names: RepositoryNames): Promise<void> {
    const index = await this.#readIndex();
    if (index === undefined || !names.existsIn(index)) throw new RegistryError('NAME_UNKNOWN');
  }

  async #isManifest(digest: Digest): Promise<boolean> {
    const { lookup, names } = this.#layout;
    return (await lookup.find(digest, names.of(''))) !== undefined;
  }

  /** Referrers that another tool listed without naming their subject belong into the response as well. */
  async #learnForResponse(subject: Digest | undefined): Promise<void> {
    const index = subject === undefined ? undefined : await this.#readIndex();
    if (index !== undefined) await this.#layout.derived.of(index).learnFacts();
  }

  /** The manifests' files, durable before they are listed. */
  async #putBack(entries: readonly IndexedEntry[]): Promise<void> {
    const listed = entries.map(({ line }) => parseIndexEntry(line));
    const manifests = listed.flatMap(({ digest, size }) => (digest === undefined ? [] : [{ digest, size }]));
    for (const { digest } of manifests) await this.#lostFiles.restoreManifest(digest);
    await this.blobs.secure(manifests);
  }

  /** Checks again a few times after each foreign write, since some tools delete files only after they wrote the index. */
  async #checkForeign(replaced: readonly ReplacedIndex[]): Promise<void> {
    if (await this.#writer.checkForeign(replaced)) this.#watch.foreign();
    if (!this.#watch.isSearchDue) return;
    const index = await this.#readIndex();
    if (index !== undefined) this.#watch.searched(await this.#lostFiles.restore(index));
  }
}

/** Nothing of a push that was refused under the lock stays. */
function isUnwanted(error: unknown): boolean {
  return error instanceof PreconditionFailedError || error instanceof TagProtectedError;
}
