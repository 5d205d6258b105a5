// When index.json is checked again: right after our own replacement, a while after another program wrote, when what it overwrote
// by mistake can be told from what it meant, and now and then for as long as a stale copy of the file may come back.
// Checks happen off the lock and off the answer's path.
import type { Clock } from '../../storage/clock.ts';
import type { Log } from '../../storage/log.ts';
import { healPolicy } from './heal-policy.ts';
import type { LostSearch } from './lost-files.ts';
import type { ReplacedFiles } from './replaced-files.ts';
import type { ReplacedIndex } from './replaced-index.ts';

/** After a write: at once, soon, and late enough for a tool that deletes what it did not see (regctl) to be done. */
const checkAfterMs = [0, 250, 1_000, 3_000] as const;
/** While a tool may still hold a copy that it read before our last write: a request may not come for long, and a check is one stat. */
const idleCheckEveryMs = 2_000;
/** Files can go without index.json being written, to `umoci gc`; with steady pushes each such search walks all entries. */
const idleSearchEveryMs = 4_000;
/** Checks that fall into the same span are one. */
const bucketMs = 50;
/** In-place writers have the replaced file open for milliseconds; a burst of pushes replaces hundreds a second. */
const maxReplaced = 8;
const keepReplacedMs = 3_500;

export interface ForeignWatchOptions {
  /** Finds out whether the file, and the replaced files that somebody may still write to, are as we left them; heals if not. */
  readonly check: (replaced: readonly ReplacedIndex[]) => Promise<void>;
  /** Those of all repositories. */
  readonly replaced: ReplacedFiles;
  readonly clock: Clock;
  readonly log: Log;
  /** Checks are pending, or not any more: whoever closes the registry runs them first. */
  readonly onActive: (active: boolean) => void;
}

interface Replaced {
  readonly index: ReplacedIndex;
  readonly atMs: number;
}

export class ForeignWatch {
  readonly #options: ForeignWatchOptions;
  readonly #due = new Set<number>();
  #replaced: Replaced[] = [];
  #timer: { readonly handle: NodeJS.Timeout; readonly atMs: number } | undefined;
  #activeUntilMs = 0;
  /** Until then a collector may be at work; without a sign of one, what went is searched for now and then. */
  #collectingUntilMs = Number.NEGATIVE_INFINITY;
  #nextSearchAtMs = Number.NEGATIVE_INFINITY;
  #checking: Promise<void> = Promise.resolve();
  #isFailing = false;
  #closed = false;

  constructor(options: ForeignWatchOptions) {
    this.#options = options;
  }

  /** We replaced the file: whoever had the earlier one open may still write into it. */
  replaced(previous: ReplacedIndex | undefined): void {
    const nowMs = this.#options.clock.elapsed();
    if (previous !== undefined) this.#hold(previous, nowMs);
    // A push that ends after the registry did: nobody checks any more.
    if (this.#closed) return void this.#releaseReplaced(() => false);
    if (this.#replaced.length > maxReplaced) void this.#releaseReplaced((_, at) => at > 0);
    this.#activeUntilMs = nowMs + healPolicy.windowMs;
    this.#options.onActive(true);
    this.#checkAfter(checkAfterMs);
  }

  /** Another process wrote it: a server like this one, or another program. */
  changed(): void {
    this.#checkAfter(checkAfterMs.slice(1));
  }

  /** Another program wrote it, and may go on to delete the files of what it did not see. */
  foreign(): void {
    this.#collectorAtWork();
    this.#nextSearchAtMs = Number.NEGATIVE_INFINITY;
    this.#checkAfter(checkAfterMs.slice(1));
  }

  /** True when it is time to search for files that another program deleted, as with the last check of all. */
  get isSearchDue(): boolean {
    return this.#closed || this.#options.clock.elapsed() >= this.#nextSearchAtMs;
  }

  /** What such a search found: where something was missing, more may go; searching takes a small part of the time. */
  searched({ restored, tookMs }: LostSearch): void {
    if (restored > 0) this.#collectorAtWork();
    const nowMs = this.#options.clock.elapsed();
    const isCollecting = nowMs < this.#collectingUntilMs;
    const restMs = isCollecting ? 4 * tookMs : Math.max(20 * tookMs, idleSearchEveryMs);
    this.#nextSearchAtMs = nowMs + Math.min(restMs, healPolicy.collectorMs);
    if (restored > 0) this.#checkAfter([idleCheckEveryMs]);
  }

  #collectorAtWork(): void {
    this.#collectingUntilMs = this.#options.clock.elapsed() + healPolicy.collectorMs;
  }

  /** Runs the last check, so that a process that ends leaves nothing acknowledged to a foreign writer. */
  async close(): Promise<void> {
    const pending = this.#due.size > 0 || this.#replaced.length > 0;
    this.#closed = true;
    clearTimeout(this.#timer?.handle);
    await this.#checking;
    if (pending) await this.#check();
    await this.#releaseReplaced(() => false);
    this.#options.onActive(false);
  }

  #checkAfter(delays: readonly number[]): void {
    const nowMs = this.#options.clock.elapsed();
    for (const delay of delays) this.#due.add(bucketOf(nowMs + delay));
    this.#arm();
  }

  #arm(): void {
    if (this.#closed || this.#due.size === 0) return;
    const atMs = Math.min(...this.#due);
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return;
    clearTimeout(this.#timer?.handle);
    const handle = setTimeout(() => this.#fire(), Math.max(atMs - this.#options.clock.elapsed(), 0));
    this.#timer = { handle: handle.unref(), atMs };
  }

  #fire(): void {
    this.#timer = undefined;
    const nowMs = this.#options.clock.elapsed();
    for (const atMs of this.#due) if (atMs <= nowMs) this.#due.delete(atMs);
    this.#checking = this.#checking.then(() => this.#check());
    if (this.#due.size === 0) {
      const untilMs = Math.max(this.#activeUntilMs, this.#collectingUntilMs);
      if (nowMs < untilMs) this.#due.add(nowMs + idleCheckEveryMs);
      else this.#options.onActive(false);
    }
    this.#arm();
  }

  async #check(): Promise<void> {
    const { check, log, clock } = this.#options;
    try {
      await check(this.#replaced.map(({ index }) => index));
      const oldestMs = clock.elapsed() - keepReplacedMs;
      await this.#releaseReplaced(({ atMs }) => atMs > oldestMs);
      this.#isFailing = false;
    } catch (error) {
      // Once: a volume may be away for hours, and each repository is checked every two seconds.
      if (!this.#isFailing)
        log.warn('index.json could not be checked for changes by other programs; trying again', { error });
      this.#isFailing = true;
    }
  }

  #hold(index: ReplacedIndex, atMs: number): void {
    this.#replaced.push({ index, atMs });
    this.#options.replaced.set(index, () => void this.#releaseReplaced((each) => each.index !== index));
  }

  async #releaseReplaced(keep: (replaced: Replaced, position: number) => boolean): Promise<void> {
    const kept = this.#replaced.filter(keep);
    const released = this.#replaced.filter((each) => !kept.includes(each));
    this.#replaced = kept;
    for (const { index } of released) {
      this.#options.replaced.delete(index);
      try {
        await index.close();
      } catch (error) {
        this.#options.log.warn('a replaced index.json could not be closed', { error });
      }
    }
  }
}

function bucketOf(atMs: number): number {
  return Math.ceil(atMs / bucketMs) * bucketMs;
}
