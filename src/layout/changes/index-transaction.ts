// One transaction on index.json: what another program lost is put back, a batch of edits is applied, and everything that belongs
// together becomes one replacement: entries, tags, referrers and their responses. Runs again when the file changed meanwhile.
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import type { KeptFacts } from '../../oci/manifest-facts.ts';
import type { Tag } from '../../oci/reference.ts';
import type { Clock } from '../../storage/clock.ts';
import type { CurrentObject, Key, ObjectStore, Replacement, SmallObject } from '../../storage/object-store.ts';
import type { LayoutKeys } from '../files/keys.ts';
import { applyToDraft, type IndexGuard, type Verdict } from '../healing/index-guard.ts';
import type { JournaledManifest } from '../healing/journal-reader.ts';
import type { HistoryDraft, HistoryRecorder } from '../history/history-recorder.ts';
import type { TagMove } from '../history/tag-move.ts';
import { IndexDraft } from '../index/index-draft.ts';
import type { IndexReader } from '../index/index-reader.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import type { LayoutVersion } from '../index/layout-version.ts';
import { Pace } from '../pacing/pace.ts';
import type { TagTimes } from '../times/tag-times.ts';
import type { EditConditions } from './edit-conditions.ts';
import { withMoves } from './edit-moves.ts';
import { applyEdit, type IndexEdit, type PutEdit } from './index-edit.ts';
import { type Announcement, type LayoutNews, mostToldMoves, type NewsDesk, nothingToTell } from './layout-news.ts';
import type { LayoutPlace } from './layout-place.ts';
import { assertUnprotected } from './protected-tags.ts';
import type { ReferrersResponses } from './referrers-responses.ts';

export type EditRefusals = readonly (RegistryError | undefined)[];

/** What one run came to; the run that was published counts. */
export interface Outcome {
  /** In the order of the edits; undefined where the edit took effect. */
  readonly refusals: EditRefusals;
  readonly atMs: number;
  /** How the file was judged. */
  readonly verdict: Verdict;
  /** The index as the file showed it. */
  readonly base: LayoutIndex;
  /** The index afterwards. */
  readonly index: LayoutIndex;
  /** What is noted of it. */
  readonly history: HistoryDraft;
  /** Of it, and of what another program did before. */
  readonly announcement: Announcement;
  /** Undefined when the file stays as it is. */
  readonly replacement: Replacement | undefined;
}

export interface Settling {
  /** What stays as it is must be durable: it is what somebody is told. */
  readonly settles?: boolean;
}

export interface HistoryRules {
  /** For how long what left can be rolled back to, in ms; 0: not at all. */
  readonly keepLeftMs: number;
}

export interface IndexTransactionsOptions {
  readonly store: ObjectStore;
  readonly keys: LayoutKeys;
  readonly reader: IndexReader;
  readonly guard: IndexGuard;
  readonly history: HistoryRecorder;
  readonly version: LayoutVersion;
  readonly responses: ReferrersResponses;
  readonly conditions: EditConditions;
  readonly times: TagTimes;
  readonly clock: Clock;
  readonly rules: HistoryRules;
  readonly place: LayoutPlace;
  /** Undefined where nobody wants to know. */
  readonly desk: NewsDesk | undefined;
}

export class IndexTransactions {
  readonly #options: IndexTransactionsOptions;
  /** By a run that may not have been published. */
  readonly #applied = new WeakSet<IndexEdit>();

  constructor(options: IndexTransactionsOptions) {
    this.#options = options;
  }

  /** Throws IndexUnreadableError, and what keeps the whole batch from taking effect. */
  async prepare(
    now: CurrentObject | undefined,
    edits: readonly IndexEdit[],
    { settles = edits.length > 0 }: Settling = {},
  ): Promise<Outcome> {
    const { reader, guard, version, responses, clock, keys } = this.#options;
    const base = await reader.at(now);
    const draft = new IndexDraft(base);
    const verdict = await guard.judge(base, now?.info);
    if (verdict.urgent || edits.length > 0) for (const delta of verdict.changes) applyToDraft(draft, delta);
    const { label, changedAtMs } = now?.info ?? {};
    const looked = { label, index: draft, isHealed: draft.changed, isForeign: !verdict.isShown, changedAtMs };
    const history = await this.#options.history.look(looked);
    const nowMs = clock.now();
    const { refusals, touched, news } = await this.#applyAll(draft, history, await this.#withoutDeleted(edits), nowMs);
    const announcement = this.#announce(history, news);
    const responseObjects = await responses.rewrite(draft, touched, nowMs);
    const gone = [...draft.withdrawn, ...responses.stale(draft, nowMs)];
    const isAsWanted = !draft.changed && gone.length === 0;
    if (isAsWanted && (!settles || (await this.#isDurable(now)))) {
      await announcement.append();
      // In this order: whoever dies in between is not taken for the one who moved what the other program moved.
      await this.#options.history.accept(history, label);
      await guard.accepted(verdict);
      if (now !== undefined) reader.accept(now.info.label);
      return { refusals, atMs: nowMs, verdict, base, index: base, history, announcement, replacement: undefined };
    }
    const index = draft.finish();
    // Of what is refused nothing is stored or remembered.
    const applied = edits.filter((_, at) => refusals[at] === undefined);
    const first = [...(await version.missingFile()), ...(await this.#missingManifests(applied)), ...responseObjects];
    const baseEntries = await guard.prepareRecord(label, base);
    const replacement: Replacement = {
      bytes: index.document.pieces,
      first,
      record: (published) => {
        reader.expect(published, index);
        return guard.record({
          draft,
          baseEntries,
          author: authorOf(applied),
          manifests: manifestsOf(applied),
          base: now?.info.label,
          published,
          verdict,
        });
      },
      note: (published) => [...announcement.notes, ...this.#options.history.noteOf(history, published)],
      // Gone at once also as a child of an index and as a referrer, and never under a concurrent push of the same manifest.
      remove: gone.map((digest) => ({ key: keys.blob(digest), keepAs: this.#keepAs(draft, digest) })),
    };
    return { refusals, atMs: nowMs, verdict, base, index, history, announcement, replacement };
  }

  /**
   * What is listed already is acknowledged on the strength of a file that another program may not have synced. False where that cannot be
   * done any more: then it is written anew as it is.
   */
  async #isDurable(now: CurrentObject | undefined): Promise<boolean> {
    const { store, keys } = this.#options;
    return now === undefined || (await store.makeDurable(keys.index)) !== undefined;
  }

  /** What was deleted can be put back for a while; a response is made again from what is there. */
  #keepAs({ withdrawn }: IndexDraft, digest: Digest): Key | undefined {
    const { keys, rules } = this.#options;
    return rules.keepLeftMs > 0 && withdrawn.has(digest) ? keys.keptManifest(digest) : undefined;
  }

  #announce(history: HistoryDraft, news: readonly LayoutNews[]): Announcement {
    const { desk, place, store } = this.#options;
    const found = history.found.map((move) => ({ kind: 'moved', move, by: undefined }) as const);
    return desk === undefined || found.length + news.length === 0
      ? nothingToTell
      : desk.announce(place, store, [...found, ...news]);
  }

  /** A reconcile was planned before the lock: what was deleted since is not listed again. Deletes remove files under the lock. */
  async #withoutDeleted(edits: readonly IndexEdit[]): Promise<readonly IndexEdit[]> {
    const { store, keys } = this.#options;
    const isThere = async (digest: Digest) => (await store.stat(keys.blob(digest))) !== undefined;
    const checked: IndexEdit[] = [];
    for (const edit of edits) {
      if (edit.kind !== 'reconcile') {
        checked.push(edit);
        continue;
      }
      const unlisted: KeptFacts[] = [];
      for (const facts of edit.unlisted) if (await isThere(facts.descriptor.digest)) unlisted.push(facts);
      checked.push({ ...edit, unlisted });
    }
    return checked;
  }

  /** Each edit is judged by what those before it left, and succeeds or fails alone. */
  async #applyAll(
    draft: IndexDraft,
    history: HistoryDraft,
    edits: readonly IndexEdit[],
    nowMs: number,
  ): Promise<{ refusals: EditRefusals; touched: ReadonlySet<Digest>; news: readonly LayoutNews[] }> {
    const touched = new Set<Digest>();
    const news: LayoutNews[] = [];
    const refusals: (RegistryError | undefined)[] = [];
    const pace = new Pace();
    for (const edit of edits) {
      await pace.step();
      const wasApplied = this.#applied.has(edit);
      try {
        await this.#options.conditions.assertHolds(draft, edit, wasApplied);
        assertUnprotected(draft, edit);
        const { result, moves } = withMoves(draft, edit, () => applyEdit(draft, edit, nowMs));
        for (const subject of result) touched.add(subject);
        history.addMoves(moves);
        if (edit.kind === 'put') await this.#noteUnmoved(edit, moves);
        if (edit.kind === 'remove') history.addRemoved(edit);
        if (this.#options.desk !== undefined) for (const each of newsOf(edit, moves)) news.push(each);
        this.#applied.add(edit);
        refusals.push(undefined);
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error;
        refusals.push(wasApplied && isCarriedOut(edit, error) ? undefined : error);
      }
    }
    return { refusals, touched, news };
  }

  /** A push that leaves a tag as it is leaves no trace in index.json, and is one all the same: noted before a rule can take the tag away. */
  async #noteUnmoved({ names, tags }: PutEdit, moves: readonly { readonly tag: Tag }[]): Promise<void> {
    const moved = new Set(moves.map(({ tag }) => tag));
    for (const tag of tags) if (!moved.has(tag)) await this.#options.times.pushed(names.path, tag);
  }

  /** Manifests of this batch whose file is not there any more: a delete of the same manifest came in between. */
  async #missingManifests(edits: readonly IndexEdit[]): Promise<readonly SmallObject[]> {
    const { store, keys } = this.#options;
    const missing: SmallObject[] = [];
    const looked = new Set<Digest>();
    for (const edit of edits) {
      if (edit.kind !== 'put' || looked.has(edit.facts.descriptor.digest)) continue;
      looked.add(edit.facts.descriptor.digest);
      const key = keys.blob(edit.facts.descriptor.digest);
      if ((await store.stat(key)) === undefined) missing.push({ key, bytes: edit.bytes });
    }
    return missing;
  }
}

function newsOf(edit: IndexEdit, moves: readonly Omit<TagMove, 'atMs'>[]): readonly LayoutNews[] {
  const by = edit.kind === 'reconcile' || edit.kind === 'restore' ? undefined : edit.by;
  const moved = moves.slice(0, mostToldMoves).map((move) => ({ kind: 'moved', move, by }) as const);
  if (edit.kind === 'put') {
    const { digest, mediaType, size } = edit.facts.descriptor;
    const { tags, how, names } = edit;
    return [{ kind: 'pushed', path: names.path, manifest: { digest, mediaType, size }, tags, how, by }, ...moved];
  }
  if (edit.kind !== 'remove') return moved;
  const { digest, mediaType, size, how, names } = edit;
  return [...moved, { kind: 'removed', path: names.path, manifest: { digest, mediaType, size }, how, by }];
}

function authorOf(edits: readonly IndexEdit[]): 'heal' | 'delete' | 'commit' {
  if (edits.length === 0) return 'heal';
  return edits.some(({ kind }) => kind === 'put' || kind === 'reconcile' || kind === 'restore') ? 'commit' : 'delete';
}

/** What is pushed with these edits, for the journal. */
function manifestsOf(edits: readonly IndexEdit[]): readonly JournaledManifest[] {
  const pushed = new Map<Digest, JournaledManifest>();
  for (const edit of edits) {
    if (edit.kind !== 'put') continue;
    const { digest } = edit.facts.descriptor;
    pushed.set(digest, { digest, bytes: edit.bytes, absent: edit.absent });
  }
  return [...pushed.values()];
}

/**
 * A delete that another server's heal carried out: it read our record of the version that we then could not publish. What was there
 * when the delete came, and is gone, was deleted; "not found" would be the answer to somebody who comes later.
 */
function isCarriedOut({ kind }: IndexEdit, { code }: RegistryError): boolean {
  return kind === 'untag' && code === 'MANIFEST_UNKNOWN';
}
