// The only place that writes index.json. Edits that arrive while a replacement is under way are applied together by the next
// one (group commit), each is acknowledged only after the replacement that holds it is durable, and each succeeds or fails alone.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import { referrersTagOf } from '../oci/referrers-tag.ts';
import type { Clock } from '../storage/clock.ts';
import type { CurrentObject, ObjectStore, ReplacedObject, Replacement, SmallObject } from '../storage/object-store.ts';
import { IndexUnreadableError } from './index-document.ts';
import { IndexDraft } from './index-draft.ts';
import { applyEdit, heal, type IndexEdit, setResponse } from './index-edit.ts';
import type { IndexGuard } from './index-guard.ts';
import { type IndexReader, indexUnavailable, patienceMs } from './index-reader.ts';
import type { LayoutKeys } from './keys.ts';
import type { LayoutIndex } from './layout-index.ts';
import type { LayoutVersion } from './layout-version.ts';
import type { ManifestReader } from './manifest-reader.ts';
import { referrersOf, responseOf } from './referrers.ts';
import { SupersededResponses } from './superseded-responses.ts';

interface PendingEdit {
  readonly edit: IndexEdit;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What one run of the update's change came to; the run that was published counts. */
interface Attempt {
  /** In the order of the batch; undefined where the edit took effect. */
  readonly refusals: readonly (RegistryError | undefined)[];
  readonly index: LayoutIndex;
  /** Superseded responses that went with the replacement. */
  readonly stale: readonly Digest[];
}

const maxBatch = 1_024;
const retryEveryMs = 50;
const foreignLockPatienceMs = 500;
const foreignLockStaleMs = 2_000;
/** A larger response is not written for clients without the referrers API; the API itself pages. */
const maxResponseBytes = 4 * 1024 * 1024;

export interface IndexWriterOptions {
  readonly store: ObjectStore;
  readonly keys: LayoutKeys;
  readonly reader: IndexReader;
  readonly manifests: ManifestReader;
  readonly guard: IndexGuard;
  readonly version: LayoutVersion;
  readonly clock: Clock;
  /** The file that a replacement took the place of, still open: to be looked at, then closed. */
  readonly onReplaced: (previous: ReplacedObject | undefined) => void;
}

export class IndexWriter {
  readonly #options: IndexWriterOptions;
  readonly #superseded = new SupersededResponses();
  #pending: PendingEdit[] = [];
  #running: Promise<void> | undefined;

  constructor(options: IndexWriterOptions) {
    this.#options = options;
  }

  /** Resolves once the edit is durable. Throws what refused this edit, or what kept the whole replacement from happening. */
  submit(edit: IndexEdit): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ edit, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /**
   * Looks whether another program wrote: into the file, or into one that we had replaced. Then judges it under the lock and
   * puts back what was acknowledged and is lost; writes nothing when all is well.
   */
  async look(replaced: readonly ReplacedObject[]): Promise<void> {
    const { guard, reader, clock } = this.#options;
    let strayed = false;
    for (const object of replaced) {
      const stray = await object.readIfChanged();
      if (stray !== undefined) strayed = guard.addStray(stray) || strayed;
    }
    const untidy = this.#superseded.due(clock.now()).length > 0;
    if (strayed || untidy || !(await reader.isAccepted())) await this.#replace([]);
  }

  async #run(): Promise<void> {
    // A turn of the event loop lets requests that arrived together share the first replacement as well.
    await Promise.resolve();
    while (this.#pending.length > 0) await this.#commit(this.#pending.splice(0, maxBatch));
    this.#running = undefined;
  }

  async #commit(batch: readonly PendingEdit[]): Promise<void> {
    try {
      const refusals = await this.#replacePatiently(batch.map(({ edit }) => edit));
      for (const [at, { resolve, reject }] of batch.entries()) {
        const refusal = refusals[at];
        if (refusal === undefined) resolve();
        else reject(refusal);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  /** Waits for an in-place writer to finish; an index.json that stays unreadable is never replaced. */
  async #replacePatiently(edits: readonly IndexEdit[]): Promise<Attempt['refusals']> {
    const deadlineMs = this.#options.clock.now() + patienceMs;
    for (;;) {
      try {
        return await this.#replace(edits);
      } catch (error) {
        if (!(error instanceof IndexUnreadableError)) throw error;
        if (this.#options.clock.now() >= deadlineMs) throw indexUnavailable(error);
        await sleep(retryEveryMs);
      }
    }
  }

  async #replace(edits: readonly IndexEdit[]): Promise<Attempt['refusals']> {
    const { store, keys, reader, onReplaced } = this.#options;
    await this.#waitForForeignWriters();
    let attempt: Attempt | undefined;
    const updated = await store.update(keys.index, async (now) => {
      const base = await reader.at(now);
      const prepared = await this.#prepare(base, now, edits);
      attempt = prepared.attempt;
      if (now !== undefined && prepared.replacement === undefined) reader.accept(now.info.label);
      return prepared.replacement;
    });
    if (attempt === undefined) return [];
    if (updated.replaced && updated.info !== undefined) reader.published(attempt.index, updated.info);
    this.#superseded.forget(attempt.stale);
    onReplaced(updated.previous);
    return attempt.refusals;
  }

  async #prepare(
    base: LayoutIndex,
    now: CurrentObject | undefined,
    edits: readonly IndexEdit[],
  ): Promise<{ attempt: Attempt; replacement: Replacement | undefined }> {
    const { guard, reader, clock, version } = this.#options;
    const draft = new IndexDraft(base);
    const judged = await guard.judge(base, now?.info);
    heal(draft, judged.restore, judged.withdraw);
    const at = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    const { refusals, touched } = applyAll(draft, edits, at);
    const responses = await this.#responses(draft, touched, at);
    const stale = this.#superseded.due(clock.now()).filter((digest) => draft.listed(digest).length === 0);
    if (!draft.changed && draft.withdrawn.size === 0 && stale.length === 0)
      return { attempt: { refusals, index: base, stale: [] }, replacement: undefined };
    const index = draft.finish();
    const first = [...(await version.missingFile()), ...(await this.#missingManifests(edits)), ...responses];
    const replacement: Replacement = {
      bytes: index.document.bytes,
      first,
      record: (published) => {
        reader.expect(published, index);
        return guard.record({ draft, edits, base: now?.info.label, published });
      },
      // Gone at once also as a child of an index and as a referrer, and never under a concurrent push of the same manifest.
      remove: [...draft.withdrawn, ...stale].map((digest) => this.#options.keys.blob(digest)),
    };
    return { attempt: { refusals, index, stale }, replacement };
  }

  /** BuildKit, linuxkit and podman lock with files of these names; one that is old was left behind. */
  async #waitForForeignWriters(): Promise<void> {
    const { store, keys, clock } = this.#options;
    const deadlineMs = clock.now() + foreignLockPatienceMs;
    for (const lock of keys.foreignLocks) {
      for (let info = await store.stat(lock); info !== undefined; info = await store.stat(lock)) {
        if (clock.now() - info.modifiedAtMs > foreignLockStaleMs || clock.now() >= deadlineMs) break;
        await sleep(retryEveryMs);
      }
    }
  }

  /** Manifests of this batch whose file is not there any more: a delete of the same manifest came in between. */
  async #missingManifests(edits: readonly IndexEdit[]): Promise<readonly SmallObject[]> {
    const { store, keys } = this.#options;
    const missing: SmallObject[] = [];
    for (const edit of edits) {
      if (edit.kind !== 'put') continue;
      const key = keys.blob(edit.facts.descriptor.digest);
      if ((await store.stat(key)) === undefined) missing.push({ key, bytes: edit.bytes });
    }
    return missing;
  }

  /** One response for each subject that gained or lost referrers, computed from the draft and not from the response before. */
  async #responses(draft: IndexDraft, subjects: ReadonlySet<Digest>, at: string): Promise<readonly SmallObject[]> {
    const written: SmallObject[] = [];
    for (const subject of subjects) {
      for (const { digest } of draft.named(referrersTagOf(subject))) {
        if (digest !== undefined) this.#superseded.add(digest, this.#options.clock.now());
      }
      const referrers = await referrersOf(subject, draft, this.#options.manifests);
      if (referrers.length === 0) {
        setResponse(draft, subject, undefined, at);
        continue;
      }
      const { descriptor, bytes } = responseOf(referrers);
      if (bytes.byteLength > maxResponseBytes) continue;
      setResponse(draft, subject, descriptor, at);
      written.push({ key: this.#options.keys.blob(descriptor.digest), bytes });
    }
    return written;
  }
}

function applyAll(
  draft: IndexDraft,
  edits: readonly IndexEdit[],
  at: string,
): { refusals: readonly (RegistryError | undefined)[]; touched: ReadonlySet<Digest> } {
  const touched = new Set<Digest>();
  const refusals = edits.map((edit) => {
    try {
      for (const subject of applyEdit(draft, edit, at)) touched.add(subject);
      return undefined;
    } catch (error) {
      if (error instanceof RegistryError) return error;
      throw error;
    }
  });
  return { refusals, touched };
}
