// Who collects, and when: a server every now and then, whoever asks for it at once, and never two processes at a time in one root.

import { setTimeout as sleep } from 'node:timers/promises';
import type { HistoryRules } from '../layout/changes/index-transaction.ts';
import type { Ages } from '../layout/collection/ages.ts';
import { watchLeftMs } from '../layout/collection/clock-record.ts';
import type { Collected } from '../layout/collection/collected.ts';
import { collectionKeys } from '../layout/files/keys.ts';
import type { RetentionRules } from '../layout/retention/retention-rule.ts';
import type { Clock } from '../storage/clock.ts';
import type { Log } from '../storage/log.ts';
import { type LongTimer, longTimeout } from '../storage/long-timer.ts';
import type { Key, ObjectReader, ObjectStore } from '../storage/object-store.ts';
import { ownDirectory } from '../storage/own-names.ts';
import { ProcessClaim } from './claim.ts';
import { type CollectionOptions, type CollectionTotals, collectMount } from './collection.ts';
import { CollectionClock } from './collection-clock.ts';
import { type CollectionEvents, untold } from './collection-events.ts';
import { readState, updateState } from './collection-files.ts';
import type { CollectionRules } from './collection-rules.ts';
import { type ChangingRules, withoutRetention } from './layout-rules.ts';
import type { MountedLayouts } from './mounted-layouts.ts';
import type { RegistryDesk } from './registry-desk.ts';
import type { UpkeepMeters } from './registry-meters.ts';
import { oddRetention } from './retention.ts';
import type { UploadRules } from './upload-sessions.ts';

export interface CollectorOptions {
  /** Those that are served now. */
  readonly mounts: () => readonly MountedLayouts[];
  readonly clock: Clock;
  readonly log: Log;
  readonly meters: Pick<UpkeepMeters, 'collected' | 'collectionFailed'>;
  /** Undefined where nobody wants to know. */
  readonly desk: RegistryDesk | undefined;
  readonly rules: CollectionRules & UploadRules & RetentionRules & HistoryRules;
  /** Unique among all processes that write; '' for one that does not. */
  readonly process: string;
}

export type ChangingCollectionRules = Pick<ChangingRules, 'collection' | 'retention' | 'untagged'>;

/** Why nothing was collected: another process does it, or the clock of the machine must be watched for so long. */
export type Refusal = { readonly kind: 'running' } | { readonly kind: 'clock'; readonly waitMs: number };

export type CollectionOutcome = { readonly totals: CollectionTotals } | { readonly refusal: Refusal };

interface CollectionState {
  readonly lastAtMs: number;
}

/** How often a server asks whether a collection is due, at least; and looks at the clock. */
const longestTickMs = 10 * 60_000;
const askAgainMs = 1_000;

export class Collector {
  readonly #options: CollectorOptions;
  readonly #clock: CollectionClock;
  readonly #claims = new WeakMap<ObjectStore, ProcessClaim>();
  readonly #end = new AbortController();
  /** Of the collection that begins next: one that runs has those that it began with. */
  #rules: CollectorOptions['rules'];
  #timer: LongTimer | undefined;
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#rules = options.rules;
    this.#clock = new CollectionClock(options.clock);
  }

  /**
   * Collects from now on whenever it is due, and watches the clock. Resolves once what a collection that was killed took out of a layout is
   * there again: nobody should ask for it before.
   */
  start(): Promise<void> {
    this.#later();
    const prepared = this.#prepare();
    this.#running = prepared.then(() => this.#warnOfRules());
    return prepared;
  }

  /** Once started. `isTold`: what is odd about rules that others are than before is to be said. */
  follow({ collection, retention, untagged }: ChangingCollectionRules, isTold: boolean): void {
    const { graceMs } = this.#rules.collection;
    this.#rules = { ...this.#rules, collection: { graceMs, everyMs: collection.everyMs }, retention, untagged };
    if (isTold) this.#running = Promise.all([this.#running, this.#warnOfRules()]).then(() => {});
    if (!this.#isRunning) this.#later();
  }

  #later(): void {
    const { everyMs, graceMs } = this.#rules.collection;
    const tickMs = Math.min(everyMs === 'off' ? longestTickMs : everyMs, graceMs || longestTickMs, longestTickMs);
    this.#timer?.stop();
    if (this.#end.signal.aborted) return;
    this.#timer = longTimeout(() => {
      this.#isRunning = true;
      this.#running = this.#collectDue().finally(() => {
        this.#isRunning = false;
        this.#later();
      });
    }, tickMs);
  }

  /** Breaks off what is running, and resolves once nothing runs any more. */
  async close(): Promise<void> {
    this.#timer?.stop();
    this.#end.abort();
    await this.#running;
    this.#timer?.stop();
  }

  /** At once, or when another process that collects there is done or gone, if that takes no longer than `patienceMs`. */
  async collect(mounted: MountedLayouts, options: CollectionOptions, patienceMs: number): Promise<CollectionOutcome> {
    const { writer, reader } = mounted.mount;
    const { clock } = this.#options;
    if (options.dryRun || writer === undefined) {
      const ages = this.#clock.ages(await this.#clock.glance(reader));
      return { totals: await this.#plan(mounted, ages, options, this.#rules) };
    }
    // Where we never wrote, what finds nothing to do leaves no files of ours.
    const nothing = (await isUntouched(reader)) ? await this.#ifNothingIsToDo(mounted, options) : undefined;
    if (nothing !== undefined) return { totals: nothing };
    const record = await this.#clock.record(writer);
    const waitMs = watchLeftMs(record, options.graceMs);
    if (waitMs > 0) return { refusal: { kind: 'clock', waitMs } };
    const ages = this.#clock.ages(record);
    const sinceMs = clock.elapsed();
    const nowMs = () => record.wallMs + clock.elapsed() - sinceMs;
    const claim = this.#claimOf(writer);
    const endMs = clock.elapsed() + patienceMs;
    for (let isFirst = true; !(await claim.take()); isFirst = false) {
      if (isFirst && patienceMs > 0) options.onWaiting(patienceMs);
      if (clock.elapsed() >= endMs || options.signal.aborted) return { refusal: { kind: 'running' } };
      await sleep(askAgainMs);
    }
    try {
      const totals = await collectMount(mounted, ages, options, this.#rules);
      await this.#clock.note(ages, record, writer);
      if (options.isMeant === undefined && !options.signal.aborted) await remember(writer, nowMs());
      return { totals };
    } finally {
      await claim.release();
    }
  }

  /** Bytes of blobs that nothing leads to, whatever their age. */
  async unreferenced(
    mounted: MountedLayouts,
    isMeant: (prefix: string) => boolean,
    onSkipped: CollectionOptions['onSkipped'],
  ): Promise<number> {
    let bytes = 0;
    const ages = this.#clock.ages(await this.#clock.glance(mounted.mount.reader));
    const onDeleted = (deleted: Collected) => {
      bytes += deleted.bytes;
    };
    const options = { dryRun: true, graceMs: 0, onlyPushed: false, isMeant, signal: this.#end.signal } as const;
    const rules = withoutRetention(this.#rules);
    await this.#plan(mounted, ages, { ...untold, ...options, onDeleted, onSkipped }, rules);
    return bytes;
  }

  async #ifNothingIsToDo(mounted: MountedLayouts, options: CollectionOptions): Promise<CollectionTotals | undefined> {
    const ages = this.#clock.ages(await this.#clock.glance(mounted.mount.reader));
    const told: (() => void)[] = [];
    const events: CollectionEvents = {
      ...untold,
      onOdd: (warning) => told.push(() => options.onOdd(warning)),
      onSkipped: (repository, why) => told.push(() => options.onSkipped(repository, why)),
      onProgress: options.onProgress,
    };
    const totals = await this.#plan(mounted, ages, { ...options, ...events }, this.#rules);
    const changes = Object.values(totals.deleted).reduce((sum, count) => sum + count, totals.untagged + totals.removed);
    if (changes > 0) return undefined;
    for (const tell of told) tell();
    return totals;
  }

  /** The very run, of which nothing is written. */
  async #plan(
    mounted: MountedLayouts,
    ages: Ages,
    options: CollectionOptions,
    rules: CollectorOptions['rules'],
  ): Promise<CollectionTotals> {
    const planned = mounted.planned();
    try {
      return await collectMount(planned, ages, { ...options, dryRun: true }, rules);
    } finally {
      await planned.close();
    }
  }

  async #prepare(): Promise<void> {
    for (const [mounted, store] of this.#collecting()) {
      await this.#unlessItFails('what a collection left could not be put back', async () => {
        await mounted.putTrashBack(this.#end.signal);
        await this.#clock.record(store);
      });
    }
  }

  /** A rule that is not what somebody meant is known before it takes anything away. */
  async #warnOfRules(): Promise<void> {
    const { log } = this.#options;
    const rules = this.#rules;
    for (const [mounted, store] of this.#collecting()) {
      await this.#unlessItFails('the rules of retention could not be looked at', async () => {
        const ages = this.#clock.ages(await this.#clock.record(store));
        for (const warning of await oddRetention(mounted, rules, ages, this.#end.signal)) log.warn(warning, {});
      });
    }
  }

  async #collectDue(): Promise<void> {
    for (const [mounted, store] of this.#collecting()) {
      await this.#unlessItFails('a collection failed; trying again later', async () => {
        if (!(await this.#isDue(store))) return;
        await this.#counted(mounted, store, () => this.#collectByItself(mounted, store));
      });
    }
  }

  async #isDue(store: ObjectStore): Promise<boolean> {
    const { everyMs } = this.#rules.collection;
    const ages = this.#clock.ages(await this.#clock.record(store));
    if (everyMs === 'off') return false;
    const state = await readState(store, collectionKeys.state, stateIn);
    return state === undefined || ages.since(state.lastAtMs) >= everyMs;
  }

  /** `work` returns how much was freed, and undefined where nothing was collected. */
  async #counted(
    { mount }: MountedLayouts,
    store: ObjectStore,
    work: () => Promise<number | undefined>,
  ): Promise<void> {
    const { clock, meters, desk } = this.#options;
    const sinceMs = clock.elapsed();
    try {
      const freedBytes = await work();
      if (freedBytes === undefined) return;
      const tookMs = clock.elapsed() - sinceMs;
      meters.collected(tookMs, freedBytes);
      await desk?.tell(store, { kind: 'collected', mount: mount.name, freedBytes, tookMs });
    } catch (error) {
      if (!this.#end.signal.aborted) meters.collectionFailed();
      throw error;
    }
  }

  /** Returns how many bytes were freed; undefined where it was refused. */
  async #collectByItself(mounted: MountedLayouts, store: ObjectStore): Promise<number | undefined> {
    const { log } = this.#options;
    const { mount } = mounted;
    // Nobody wrote down how a root of an earlier version began, and nobody expects a collection there: it only tells, once.
    const isFirst = mount.origin === 'earlier' && (await store.stat(collectionKeys.state)) === undefined;
    const outcome = await this.collect(
      mounted,
      {
        ...untold,
        dryRun: isFirst,
        graceMs: this.#rules.collection.graceMs,
        onlyPushed: mount.collectsOnlyPushed === true,
        isMeant: undefined,
        signal: this.#end.signal,
        onDeleted: ({ kind, where, digest, bytes, why }) => {
          if (isFirst) log.info('the next collection deletes this', { kind, where, digest, bytes, why });
        },
        onRetained: ({ repository, tag, digest, why }) => {
          if (isFirst) log.info('the next collection takes this off the list', { repository, tag, digest, why });
        },
        onOdd: (warning) => log.warn(warning, {}),
        onSkipped: (repository, why) =>
          log.warn('nothing is collected from a repository, since nobody can tell what it needs', { repository, why }),
      },
      0,
    );
    if ('refusal' in outcome) {
      if (outcome.refusal.kind === 'clock')
        log.info('nothing is collected until the clock was watched for a while', { waitMs: outcome.refusal.waitMs });
      return undefined;
    }
    if (isFirst) await this.#clock.record(store).then(({ wallMs }) => remember(store, wallMs));
    const { freedBytes, keptBytes, deleted, skipped, untagged, removed } = outcome.totals;
    const retained = { tagsUntagged: untagged, manifestsUnlisted: removed };
    const counts = { freedBytes, keptBytes, ...deleted, ...retained, skippedRepositories: skipped };
    log.info(isFirst ? 'the first collection after an upgrade deleted nothing' : 'collected what nothing leads to', {
      mount: mounted.name === '' ? 'the registry' : mounted.name,
      ...counts,
    });
    return isFirst ? 0 : freedBytes;
  }

  /** The same each time, since it remembers what it saw of other processes. */
  #claimOf(store: ObjectStore): ProcessClaim {
    const { clock, process } = this.#options;
    const known = this.#claims.get(store) ?? new ProcessClaim({ store, key: collectionKeys.claim, process, clock });
    this.#claims.set(store, known);
    return known;
  }

  #collecting(): readonly (readonly [MountedLayouts, ObjectStore])[] {
    return this.#options.mounts().flatMap((mounted) => {
      const { collected } = mounted;
      return collected === undefined ? [] : [[mounted, collected] as const];
    });
  }

  async #unlessItFails(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#end.signal.aborted) this.#options.log.warn(what, { error });
    }
  }
}

/** When the last collection ended, of whatever process, by the wall clock; undefined where none did. */
export async function readCollectedAtMs(reader: ObjectReader): Promise<number | undefined> {
  return (await readState(reader, collectionKeys.state, stateIn))?.lastAtMs;
}

async function isUntouched(reader: ObjectReader): Promise<boolean> {
  return (await reader.listingVersion(ownDirectory as Key)) === undefined;
}

async function remember(store: ObjectStore, lastAtMs: number): Promise<void> {
  await updateState(store, collectionKeys.state, stateIn, () => ({ lastAtMs }));
}

function stateIn(json: object): CollectionState | undefined {
  const { lastAtMs } = json as Partial<CollectionState>;
  return typeof lastAtMs === 'number' && Number.isFinite(lastAtMs) ? { lastAtMs } : undefined;
}
