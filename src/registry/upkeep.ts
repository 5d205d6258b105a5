// What a registry that takes pushes does by itself: it removes uploads that nobody goes on with and manifests that can no longer be rolled back
// to, and puts back what other programs deleted while no server was there to see it.

import type { HistoryRules } from '../layout/changes/index-transaction.ts';
import { watchLeftMs } from '../layout/collection/clock-record.ts';
import { layoutKeys } from '../layout/files/keys.ts';
import { TrustedTime } from '../layout/history/trusted-time.ts';
import type { BackgroundWork } from '../layout/pacing/background-work.ts';
import type { Clock } from '../storage/clock.ts';
import type { Log } from '../storage/log.ts';
import { RepeatedWork } from '../storage/repeated-work.ts';
import { keptPrefixes } from './collected-prefixes.ts';
import { CollectionClock } from './collection-clock.ts';
import { layoutPrefixes } from './layout-prefixes.ts';
import type { MountedLayouts } from './mounted-layouts.ts';
import type { UploadRules } from './upload-sessions.ts';

const longestSweepIntervalMs = 10 * 60_000;
const forgetEveryMs = 60 * 60_000;

export interface UpkeepOptions {
  /** Those that take no pushes are left alone. */
  readonly mounts: readonly MountedLayouts[];
  readonly background: BackgroundWork;
  readonly clock: Clock;
  readonly log: Log;
  readonly rules: UploadRules & HistoryRules;
}

export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #clock: CollectionClock;
  readonly #sweeping = new RepeatedWork(() => this.#sweep());
  #isOver = false;
  readonly #time: TrustedTime;
  #forgetAfterMs = forgetEveryMs;

  constructor(options: UpkeepOptions) {
    this.#options = options;
    this.#clock = new CollectionClock(options.clock);
    this.#time = new TrustedTime(options.clock);
  }

  start(): void {
    const { background, rules } = this.#options;
    const intervalMs = Math.min(Math.max(rules.uploadsExpireAfterMs / 4, 250), longestSweepIntervalMs);
    this.#sweeping.every(intervalMs);
    void this.sweep();
    background.add('files lost before the start', (signal) => this.#recover(signal));
  }

  /** Ends a sweep that has begun, with the layout it is at. */
  async close(): Promise<void> {
    this.#isOver = true;
    await this.#sweeping.close();
  }

  /** Of every layout that was ever pushed to: what another program deleted while nobody looked comes back from its journal. */
  async #recover(signal: AbortSignal): Promise<void> {
    const { mounts, log } = this.#options;
    for (const mounted of mounts) {
      const { reader, writer } = mounted.mount;
      if (writer === undefined) continue;
      for await (const prefix of layoutPrefixes(reader, signal)) {
        if (signal.aborted) return;
        if ((await reader.stat(layoutKeys(prefix).journal)) === undefined) continue;
        await mounted
          .at(prefix)
          .changes?.recover(signal)
          .catch((error: unknown) => {
            if (!signal.aborted) log.warn('a layout could not be searched for lost files', { prefix, error });
          });
      }
    }
  }

  /** Removes uploads that nobody goes on with and, now and then, what is kept of manifests that were deleted long ago. */
  sweep(): Promise<void> {
    return this.#sweeping.now();
  }

  async #sweep(): Promise<void> {
    await this.#sweepUploads();
    await this.#forgetLeft();
  }

  /** Where nothing is collected, or not by itself, they would stay until somebody deletes again. */
  async #forgetLeft(): Promise<void> {
    const { mounts, log, rules } = this.#options;
    const { watchedMs, ages } = this.#time;
    if (watchedMs < Math.max(rules.keepLeftMs, this.#forgetAfterMs)) return;
    this.#forgetAfterMs = watchedMs + forgetEveryMs;
    for (const mounted of mounts) {
      if (mounted.mount.writer === undefined) continue;
      try {
        for await (const prefix of keptPrefixes(mounted.mount.reader)) {
          if (this.#isOver) return;
          await mounted.at(prefix).changes?.forgetLeft({ graceMs: rules.keepLeftMs, ages });
        }
      } catch (error) {
        log.warn('manifests that were deleted long ago could not be removed; trying again later', { error });
      }
    }
  }

  async #sweepUploads(): Promise<void> {
    const { mounts, log, rules } = this.#options;
    for (const { sessions, mount } of mounts) {
      if (sessions === undefined || this.#isOver) continue;
      try {
        const record = await this.#clock.glance(mount.reader);
        if (watchLeftMs(record, rules.uploadsExpireAfterMs) > 0) continue;
        const swept = await sessions.sweep(this.#clock.ages(record));
        if (swept.length > 0) log.info('expired upload sessions were removed', { sessions: swept.length });
      } catch (error) {
        log.warn('expired upload sessions could not be removed; trying again later', { error });
      }
    }
  }
}
