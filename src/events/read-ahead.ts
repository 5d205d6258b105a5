// What of a queue is in memory: the messages that come next, and those that wait for another attempt. The directory is listed again only once
// all that was listed is read.
import type { Clock } from '../storage/clock.ts';
import type { Log } from '../storage/log.ts';
import type { Key } from '../storage/object-store.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { EventQueue, QueuedEvents } from './event-queue.ts';
import type { RegistryEvent } from './registry-event.ts';

export interface PendingEvent {
  readonly event: RegistryEvent;
  readonly key: Key;
  attempts: number;
  /** By the clock that never goes back. */
  dueMs: number;
}

export interface ReadAheadOptions {
  readonly queue: EventQueue;
  readonly clock: Clock;
  readonly log: Log;
  readonly bury: (event: RegistryEvent, why: string) => Promise<void>;
}

/** Messages that nobody tried yet. */
const window = 100;
/** With those that wait for another attempt. */
const mostHeld = 10_000;
/** What waits beyond so many files is given up, the oldest first. */
const mostWaiting = 100_000;
/** Whoever writes a file has done so by then, or died. */
const unfinishedMs = 60_000;
const lookAgainMs = 1_000;
/** As long as the directory is not known. */
const unlisted = Symbol('unlisted');

export class ReadAhead {
  readonly #options: ReadAheadOptions;
  #pending: PendingEvent[] = [];
  /** Of each file that was read, how many of its events are not settled. */
  readonly #open = new Map<Key, number>();
  #upcoming: Key[] = [];
  #seen: unknown = unlisted;
  /** Files that have no end: since when, and when that was last seen, by the clock that never goes back. */
  readonly #unfinished = new Map<Key, { readonly sinceMs: number; readonly lookedMs: number }>();
  readonly #unreadable = new Set<Key>();

  constructor(options: ReadAheadOptions) {
    this.#options = options;
  }

  due(nowMs: number): PendingEvent | undefined {
    return this.#pending.find(({ dueMs }) => dueMs <= nowMs);
  }

  /** Undefined where nothing waits. */
  nextDueInMs(nowMs: number): number | undefined {
    let next: number | undefined;
    for (const { dueMs } of this.#pending) next = Math.min(next ?? Number.POSITIVE_INFINITY, dueMs);
    return next === undefined ? undefined : Math.max(0, next - nowMs);
  }

  /** It was delivered, or became a dead letter. */
  async settle(pending: PendingEvent): Promise<void> {
    const { key } = pending;
    this.#pending = this.#pending.filter((each) => each !== pending);
    this.#open.set(key, (this.#open.get(key) ?? 1) - 1);
    await this.#finish(key);
  }

  /** Another process has dealt with the file. */
  drop(key: Key): void {
    this.#pending = this.#pending.filter((each) => each.key !== key);
    this.#open.delete(key);
  }

  forget(): void {
    this.#pending = [];
    this.#upcoming = [];
    this.#open.clear();
    this.#unfinished.clear();
    this.#seen = unlisted;
  }

  /** Throws what the store throws. */
  async load(): Promise<void> {
    // What was settled and could not be removed then.
    for (const [key, left] of this.#open) if (left <= 0) await this.#finish(key);
    let untried = this.#pending.reduce((count, { attempts }) => count + (attempts === 0 ? 1 : 0), 0);
    while (untried < window && this.#pending.length < mostHeld) {
      if (this.#upcoming.length === 0 && !(await this.#list())) return;
      const key = this.#upcoming.shift();
      if (key !== undefined) untried += await this.#read(key);
    }
  }

  async #finish(key: Key): Promise<void> {
    if ((this.#open.get(key) ?? 0) > 0) return;
    await this.#options.queue.finish(key);
    this.#open.delete(key);
  }

  /** False where nothing is new. */
  async #list(): Promise<boolean> {
    const { queue } = this.#options;
    const version = await queue.version();
    if (version === this.#seen && this.#unfinished.size === 0) return false;
    const keys = await this.#within(await queue.waiting());
    this.#seen = version;
    this.#upcoming = keys.filter((key) => !this.#open.has(key) && !this.#unreadable.has(key) && !this.#isHeldBack(key));
    return this.#upcoming.length > 0;
  }

  /** Returns how many messages it brought. */
  async #read(key: Key): Promise<number> {
    const { log, clock } = this.#options;
    const found = await this.#readable(key);
    if (found === undefined) return 0;
    const { events, unknown, isWhole } = found;
    if (!isWhole && !this.#isGivenUp(key)) return 0;
    this.#unfinished.delete(key);
    if (unknown > 0) log.warn('events are not understood, and left out', { key, lines: unknown });
    this.#open.set(key, events.length);
    for (const event of events) this.#pending.push({ event, key, attempts: 0, dueMs: clock.elapsed() });
    await this.#finish(key);
    return events.length;
  }

  /** Undefined for what is gone, and for what is none of ours: it stays where it is. */
  async #readable(key: Key): Promise<QueuedEvents | undefined> {
    try {
      return await this.#options.queue.read(key);
    } catch (error) {
      if (!(error instanceof StorageError) || error.failure === 'unavailable') throw error;
      this.#unreadable.add(key);
      this.#options.log.warn('a file in a queue of events cannot be read; it is passed over', { key, error });
      return undefined;
    }
  }

  /** True once a file that has no end was seen long enough. */
  #isGivenUp(key: Key): boolean {
    const nowMs = this.#options.clock.elapsed();
    const sinceMs = this.#unfinished.get(key)?.sinceMs ?? nowMs;
    this.#unfinished.set(key, { sinceMs, lookedMs: nowMs });
    return nowMs - sinceMs >= unfinishedMs;
  }

  /** It was looked at a moment ago. */
  #isHeldBack(key: Key): boolean {
    const lookedMs = this.#unfinished.get(key)?.lookedMs;
    return lookedMs !== undefined && this.#options.clock.elapsed() - lookedMs < lookAgainMs;
  }

  /** The oldest beyond the bound become dead letters. */
  async #within(keys: readonly Key[]): Promise<readonly Key[]> {
    const { queue, bury } = this.#options;
    const surplus = keys.slice(0, Math.max(0, keys.length - mostWaiting));
    for (const key of surplus) {
      if (this.#open.has(key) || this.#unreadable.has(key)) continue;
      for (const event of (await this.#readable(key))?.events ?? []) await bury(event, 'too many wait');
      if (!this.#unreadable.has(key)) await queue.finish(key);
    }
    return keys.slice(surplus.length);
  }
}
