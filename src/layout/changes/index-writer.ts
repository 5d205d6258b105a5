// The only place that writes index.json. Edits that arrive while a replacement is under way are applied together by the next
// one (group commit), each is acknowledged only after the replacement that holds it is durable, and each succeeds or fails alone.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../storage/clock.ts';
import type { Change, ObjectStore } from '../../storage/object-store.ts';
import { meansNoSpace } from '../../storage/storage-error.ts';
import type { LayoutKeys } from '../files/keys.ts';
import type { IndexGuard } from '../healing/index-guard.ts';
import { ReplacedIndex } from '../healing/replaced-index.ts';
import type { HistoryRecorder } from '../history/history-recorder.ts';
import { IndexUnreadableError } from '../index/index-document.ts';
import { whileUnfinished } from '../index/index-patience.ts';
import { type IndexReader, indexUnavailable } from '../index/index-reader.ts';
import type { ChangeMeters } from './change-meters.ts';
import type { IndexEdit } from './index-edit.ts';
import type { EditRefusals, IndexTransactions, Outcome, Settling } from './index-transaction.ts';
import type { ReferrersResponses } from './referrers-responses.ts';

interface PendingEdit {
  readonly edit: IndexEdit;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const maxBatch = 1_024;
const retryEveryMs = 50;
const foreignLockPatienceMs = 500;
const foreignLockStaleMs = 2_000;

export interface IndexWriterOptions {
  readonly store: ObjectStore;
  readonly keys: LayoutKeys;
  readonly reader: IndexReader;
  readonly guard: IndexGuard;
  readonly history: HistoryRecorder;
  readonly responses: ReferrersResponses;
  readonly transactions: IndexTransactions;
  readonly clock: Clock;
  readonly meters: Pick<ChangeMeters, 'rewritten'>;
  /** We replaced the file; the one before is still open if there was one, to be read once more and closed. */
  /** `isForeign`: another program had written since, and was judged with this replacement. */
  readonly onReplaced: (previous: ReplacedIndex | undefined, isForeign: boolean) => void;
}

export class IndexWriter {
  readonly #options: IndexWriterOptions;
  #pending: PendingEdit[] = [];
  #running: Promise<void> | undefined;
  #replacing: Promise<void> = Promise.resolve();

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
   * Checks whether another program wrote: into the file, or into one that we had replaced. Then judges it under the lock and
   * puts back what was acknowledged and is lost; writes nothing when all is well. True when somebody had written.
   */
  async checkForeign(replaced: readonly ReplacedIndex[]): Promise<boolean> {
    const { guard, reader, responses, clock } = this.#options;
    for (const index of replaced) {
      const stray = await index.readStray();
      if (stray !== undefined) guard.addStray(stray);
    }
    const isTouched = guard.hasStrays || !(await reader.isAccepted());
    if (!isTouched && !responses.hasStale(clock.now())) return false;
    // Nothing of ours can be missing from a layout that we never wrote to, and it is not touched for that.
    if (!guard.hasStrays && !(await guard.hasPast())) return false;
    return (await this.#replace(() => []))?.verdict.isForeign ?? false;
  }

  /**
   * Before something is deleted because the file does not lead to it: another program, or a replacement that was cut short, may have left a
   * file that a power cut takes back, and what is on the disk then must find all that it lists. Writes it anew where it cannot be made
   * durable any more. Throws UNAVAILABLE (503), and what the store throws.
   */
  async settle(): Promise<void> {
    await this.#replacePatiently(() => [], { settles: true });
  }

  async #run(): Promise<void> {
    // A turn of the event loop lets requests that arrived together share the first replacement as well.
    await Promise.resolve();
    while (this.#pending.length > 0) await this.#commit(this.#pending.splice(0, maxBatch));
    this.#running = undefined;
  }

  async #commit(batch: PendingEdit[]): Promise<void> {
    try {
      // What arrived while others held the lock goes along.
      const refusals = await this.#replacePatiently(() => {
        batch.push(...this.#pending.splice(0, maxBatch - batch.length));
        return batch.map(({ edit }) => edit);
      });
      for (const [at, { resolve, reject }] of batch.entries()) {
        const refusal = refusals[at];
        if (refusal === undefined) resolve();
        else reject(refusal);
      }
    } catch (error) {
      const { alone, refused } = meansNoSpace(error) ? apart(batch) : { alone: [], refused: batch };
      for (const { reject } of refused) reject(error);
      if (alone.length > 0) await this.#commit(alone);
    }
  }

  /** Waits for an in-place writer to finish; an index.json that stays unreadable is never replaced. */
  async #replacePatiently(edits: () => readonly IndexEdit[], how?: Settling): Promise<EditRefusals> {
    try {
      const outcome = await whileUnfinished(() => this.#replace(edits, how), this.#options);
      return outcome?.refusals ?? [];
    } catch (error) {
      throw error instanceof IndexUnreadableError ? indexUnavailable(error) : error;
    }
  }

  /** One after the other: what came of a replacement is noted before the next one is judged by it. */
  async #replace(edits: () => readonly IndexEdit[], how?: Settling): Promise<Outcome | undefined> {
    const before = this.#replacing;
    let release: () => void = () => {};
    this.#replacing = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    try {
      return await this.#replaceNow(edits, how);
    } finally {
      release();
    }
  }

  async #replaceNow(edits: () => readonly IndexEdit[], how?: Settling): Promise<Outcome | undefined> {
    const { store, keys, reader, guard, history, responses, transactions, meters, onReplaced } = this.#options;
    await this.#waitForForeignWriters();
    let outcome: Outcome | undefined;
    const change: Change = async (now) => {
      outcome = await transactions.prepare(now, edits(), how);
      return outcome.replacement;
    };
    const updated = await store.update(keys.index, change, {
      mayUseReserve: freesOrHeals(edits()),
      isFollowed: () => this.#pending.length > 0,
    });
    if (outcome === undefined) return undefined;
    responses.forget(outcome.atMs);
    if (updated.replaced && updated.info !== undefined) {
      meters.rewritten(outcome.refusals.length);
      reader.published(outcome.index, updated.info);
      guard.published(updated.info.label, outcome.verdict);
      history.published(outcome.history, updated.info.label, updated.problem);
      const previous = updated.previous && new ReplacedIndex(updated.previous, outcome.base.document);
      try {
        // Another program's file may have come between our re-check and our replacement: then this is the only trace of it.
        const stray = await previous?.readStray();
        if (stray !== undefined) guard.addStray(stray);
      } finally {
        // Read once more later, also where it could not be read now, and closed.
        onReplaced(previous, outcome.verdict.isForeign);
      }
    }
    await outcome.announcement.publish(updated.problem);
    return outcome;
  }

  /** BuildKit, linuxkit and podman lock with files of these names; one that is old was left behind. */
  async #waitForForeignWriters(): Promise<void> {
    const { store, keys, clock } = this.#options;
    const deadlineMs = clock.elapsed() + foreignLockPatienceMs;
    for (const lock of keys.foreignLocks) {
      for (let info = await store.stat(lock); info !== undefined; info = await store.stat(lock)) {
        if (clock.now() - info.modifiedAtMs > foreignLockStaleMs || clock.elapsed() >= deadlineMs) break;
        await sleep(retryEveryMs);
      }
    }
  }
}

/** Deletes that came with something else are tried again without it: they get space back, and it may have needed too much. */
function apart(batch: readonly PendingEdit[]): { alone: PendingEdit[]; refused: readonly PendingEdit[] } {
  const deletes = batch.filter(({ edit }) => isDelete(edit));
  if (deletes.length === batch.length) return { alone: [], refused: batch };
  return { alone: deletes, refused: batch.filter(({ edit }) => !isDelete(edit)) };
}

/** Deletes are how people get space back, and what is put back was acknowledged: neither may fail for want of space. */
function freesOrHeals(edits: readonly IndexEdit[]): boolean {
  return edits.length === 0 || edits.some(isDelete);
}

function isDelete({ kind }: IndexEdit): boolean {
  return kind === 'untag' || kind === 'remove';
}
