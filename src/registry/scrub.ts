// The scrub: reads every blob of the mounts that take pushes, again and again, since bits rot without a trace in the attributes of a file.
// Slowly, one file at a time, by one of several processes, and from where it was after a restart.
import type { Clock } from '../storage/clock.ts';
import type { Log } from '../storage/log.ts';
import { type LongTimer, longTimeout } from '../storage/long-timer.ts';
import { StorageError } from '../storage/storage-error.ts';
import { ByteRate } from './byte-rate.ts';
import { ProcessClaim } from './claim.ts';
import type { MountedLayouts } from './mounted-layouts.ts';
import type { UpkeepMeters } from './registry-meters.ts';
import { blobFilesAfter } from './scrub-order.ts';
import type { ScrubRules } from './scrub-rules.ts';
import { readScrubState, type ScrubState, writeScrubState } from './scrub-state.ts';

export interface ScrubOptions {
  readonly mounts: () => readonly MountedLayouts[];
  readonly clock: Clock;
  readonly log: Log;
  readonly meters: Pick<UpkeepMeters, 'scrubbed'>;
  readonly rules: ScrubRules;
  /** Unique among all processes. */
  readonly process: string;
}

/** A server that starts has other things to do. */
const longestFirstWaitMs = 10 * 60_000;
/** So long at most until somebody looks whether a pass is due, or another process gone. */
const longestWaitMs = 60 * 60_000;
const waitForClaimMs = 5 * 60_000;
/** Between two passes lies at least so much of `every`, however early the first file is due. */
const leastPart = 10;
/** What a crash makes it read again. */
const savedEveryMs = 30_000;

export class Scrub {
  readonly #options: ScrubOptions;
  readonly #end = new AbortController();
  readonly #claims = new Map<MountedLayouts, ProcessClaim>();
  #rules: ScrubRules['scrub'];
  #timer: LongTimer | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #isRunning = false;

  constructor(options: ScrubOptions) {
    this.#options = options;
    this.#rules = options.rules.scrub;
  }

  start(): void {
    const { everyMs } = this.#rules;
    if (everyMs !== 'off') this.#later(Math.min(everyMs / leastPart, longestFirstWaitMs));
  }

  /** Once started. A pass that is under way goes on at the new rate; it ends where it is when there are to be none. */
  follow({ scrub }: ScrubRules): void {
    this.#rules = scrub;
    if (this.#isRunning || this.#end.signal.aborted) return;
    this.#timer?.stop();
    this.start();
  }

  /** Breaks off what is running, which goes on from there the next time. */
  async close(): Promise<void> {
    this.#end.abort();
    this.#timer?.stop();
    await this.#running;
    // What cannot be given back now is taken over by another process in a while.
    for (const claim of this.#claims.values()) await claim.release().catch(unlessStorageFails);
  }

  /** Goes through all mounts where a pass is due; returns in how many milliseconds to look again. */
  async round(): Promise<number> {
    const { mounts, log } = this.#options;
    let nextMs = longestWaitMs;
    for (const mounted of mounts()) {
      if (this.#end.signal.aborted) break;
      try {
        nextMs = Math.min(nextMs, await this.#scrub(mounted));
      } catch (error) {
        if (this.#end.signal.aborted) break;
        if (!(error instanceof StorageError)) throw error;
        log.warn('the scrub could not go on; trying again later', { mount: mounted.name, error });
      }
    }
    return nextMs;
  }

  #later(waitMs: number): void {
    this.#timer = longTimeout(() => {
      this.#isRunning = true;
      this.#running = this.round().then(
        (nextMs) => {
          this.#isRunning = false;
          // There may be none any more, and be some again.
          if (!this.#end.signal.aborted && this.#rules.everyMs !== 'off') this.#later(nextMs);
        },
        (error: unknown) => {
          this.#options.log.warn('the scrub has ended', { error });
        },
      );
    }, waitMs);
  }

  /** In how many milliseconds to look again. */
  async #scrub(mounted: MountedLayouts): Promise<number> {
    const { clock, process } = this.#options;
    const { everyMs } = this.#rules;
    const place = mounted.scrubbed;
    if (place === undefined || everyMs === 'off') return longestWaitMs;
    const { store, keys } = place;
    const claim = this.#claims.get(mounted) ?? new ProcessClaim({ store, key: keys.claim, process, clock });
    this.#claims.set(mounted, claim);
    const dueMs = await this.#dueInMs(mounted, everyMs);
    if (dueMs > 0) return Math.min(dueMs, longestWaitMs);
    if (!(await claim.take())) return Math.min(waitForClaimMs, everyMs);
    try {
      // Another process may have done it before the claim was ours.
      const leftMs = await this.#dueInMs(mounted, everyMs);
      if (leftMs > 0) return Math.min(leftMs, longestWaitMs);
      return await this.#pass(mounted, claim, everyMs);
    } finally {
      await claim.release();
    }
  }

  /** 0 where a pass is due, or under way. A time that is too far ahead was written by a clock that was wrong. */
  async #dueInMs({ scrubbed }: MountedLayouts, everyMs: number): Promise<number> {
    const state = scrubbed && (await readScrubState(scrubbed.store, scrubbed.keys.state));
    if (state?.nextAtMs === undefined) return 0;
    const leftMs = state.nextAtMs - this.#options.clock.now();
    return leftMs > everyMs ? 0 : Math.max(0, leftMs);
  }

  async #pass(mounted: MountedLayouts, claim: ProcessClaim, everyMs: number): Promise<number> {
    const { clock, log, meters } = this.#options;
    const place = mounted.scrubbed;
    if (place === undefined) return longestWaitMs;
    const { store, keys } = place;
    const { signal } = this.#end;
    const known = await readScrubState(store, keys.state);
    const now = clock.now();
    const isUnderWay = known !== undefined && known.nextAtMs === undefined && known.startedAtMs <= now;
    let state: ScrubState = isUnderWay ? known : { startedAtMs: now, at: undefined, nextAtMs: undefined };
    const seen = { files: 0, bytes: 0, damaged: 0 };
    const rate = new ByteRate(() => this.#rules.bytesPerSecond, clock);
    const save = () => writeScrubState(store, keys.state, state);
    let savedMs = clock.elapsed();
    let nextAtMs = state.startedAtMs + everyMs;
    try {
      for await (const file of blobFilesAfter(mounted.mount.reader, state.at, signal)) {
        const outcome = await mounted.scrubFile(file, { everyMs, rate, signal });
        state = { ...state, at: file.key };
        if (outcome.kind === 'known') nextAtMs = Math.min(nextAtMs, outcome.hashedAtMs + everyMs);
        else if (outcome.kind === 'read') {
          seen.files += 1;
          seen.bytes += outcome.bytes;
          if (!outcome.isRight) seen.damaged += 1;
          meters.scrubbed(outcome.bytes, outcome.isRight);
        }
        const isOff = this.#rules.everyMs === 'off';
        if (!isOff && clock.elapsed() - savedMs < savedEveryMs) continue;
        // Another process thought that this one was gone, and goes on from what was saved.
        if (!claim.isOurs) return Math.min(waitForClaimMs, everyMs);
        savedMs = clock.elapsed();
        await save();
        if (isOff) return longestWaitMs;
      }
    } catch (error) {
      // Else the next pass begins at what was saved last: some files are looked at once more.
      if (signal.aborted) await save().catch(unlessStorageFails);
      throw error;
    }
    nextAtMs = Math.max(nextAtMs, clock.now() + everyMs / leastPart);
    state = { ...state, at: undefined, nextAtMs };
    await save();
    log.info('every blob was read that was due', { mount: mounted.name, ...seen });
    return Math.min(nextAtMs - clock.now(), longestWaitMs);
  }
}

function unlessStorageFails(error: unknown): undefined {
  if (!(error instanceof StorageError)) throw error;
}
