// Tells one endpoint what is on its queue, in order, one message at a time. What cannot be delivered waits, with more and more time between,
// and becomes a dead letter in the end.
import type { Clock } from '../storage/clock.ts';
import type { Log } from '../storage/log.ts';
import type { Key } from '../storage/object-store.ts';
import type { DeliveryMeters } from './delivery-meters.ts';
import type { EventEndpoint } from './endpoint.ts';
import { secretIn } from './endpoint-secrets.ts';
import { type EventQueue, queuedAtMs } from './event-queue.ts';
import type { Deliver } from './http-delivery.ts';
import { messageOf } from './message.ts';
import { type DeliveryAttempt, nextStep } from './next-step.ts';
import type { RegistryEvent } from './registry-event.ts';

export interface DeliveryOptions {
  readonly queue: EventQueue;
  readonly endpoint: EventEndpoint;
  readonly deliver: Deliver;
  /** Of this machine. */
  readonly host: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly meters: DeliveryMeters;
  readonly random?: () => number;
}

interface Pending {
  readonly event: RegistryEvent;
  readonly key: Key;
  attempts: number;
  /** By the clock that never goes back. */
  dueMs: number;
}

/** Files that are read ahead. */
const window = 100;
/** What waits for longer than this many changes is given up, the oldest first. */
const mostWaiting = 100_000;
const mostDead = 10_000;

export class Delivery {
  readonly #options: DeliveryOptions;
  #pending: Pending[] = [];
  /** Of each file that was read, how many of its events are not settled. */
  readonly #open = new Map<Key, number>();
  #seen: { readonly version: unknown; readonly isAll: boolean } | undefined;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #isFailing = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Delivers whatever is due; returns in how many milliseconds something is again, undefined: when something comes. Throws what the store throws. */
  async round(signal: AbortSignal): Promise<number | undefined> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      await this.#load();
      const nowMs = clock.elapsed();
      if (nowMs < this.#pausedUntilMs) return this.#pausedUntilMs - nowMs;
      const due = this.#pending.find(({ dueMs }) => dueMs <= nowMs);
      if (due === undefined) return this.#nextDueInMs(nowMs);
      await this.#attempt(due, signal);
    }
    return undefined;
  }

  #nextDueInMs(nowMs: number): number | undefined {
    const times = this.#pending.map(({ dueMs }) => dueMs - nowMs);
    return times.length === 0 ? undefined : Math.max(0, Math.min(...times));
  }

  async #attempt(pending: Pending, signal: AbortSignal): Promise<void> {
    const { endpoint, deliver, host, clock, meters, random = Math.random } = this.#options;
    const { event, key } = pending;
    const secrets = secretsOf(endpoint);
    const message =
      'problem' in secrets ? secrets : messageOf(event, endpoint.format, { ...secrets, host, nowMs: clock.now() });
    if (message === undefined) return this.#settle(pending);
    const answer: DeliveryAttempt =
      'problem' in message ? { kind: 'failed', why: message.problem } : await deliver(endpoint, message, signal);
    // Whoever stops does not know what became of it: it is told again.
    if (signal.aborted && answer.kind === 'failed') return;
    pending.attempts += 1;
    const ageMs = clock.now() - queuedAtMs(key);
    const tried = { attempts: pending.attempts, ageMs, giveUpAfterMs: endpoint.giveUpAfterMs };
    const step = nextStep(answer, tried, random());
    meters.attempted(endpoint.name, step.kind);
    this.#say(step.kind === 'again' && step.pauses ? step.why : undefined);
    if (step.kind === 'again') {
      pending.dueMs = clock.elapsed() + step.inMs;
      if (step.pauses) this.#pausedUntilMs = pending.dueMs;
      return;
    }
    if (step.kind === 'dead') await this.#bury(event, step.why);
    await this.#settle(pending);
  }

  async #settle(pending: Pending): Promise<void> {
    const { key } = pending;
    this.#pending = this.#pending.filter((each) => each !== pending);
    const left = (this.#open.get(key) ?? 1) - 1;
    this.#open.set(key, left);
    if (left > 0) return;
    await this.#options.queue.finish(key);
    this.#open.delete(key);
  }

  async #bury(event: RegistryEvent, why: string): Promise<void> {
    const { queue, endpoint, log, clock } = this.#options;
    await queue.bury(event, why, clock.now());
    log.warn('an event could not be delivered; "moorage events" lists it', { endpoint: endpoint.name, why });
    const dead = await queue.deadKeys();
    for (const key of dead.slice(0, Math.max(0, dead.length - mostDead))) await queue.forget({ key });
  }

  /** Once when it begins and once when it ends: an endpoint may be away for days. */
  #say(why: string | undefined): void {
    const { endpoint, log } = this.#options;
    if ((why !== undefined) === this.#isFailing) return;
    this.#isFailing = why !== undefined;
    if (why === undefined) log.info('events are delivered again', { endpoint: endpoint.name });
    else log.warn('events cannot be delivered; trying again', { endpoint: endpoint.name, why });
  }

  /** What came since, as far as there is room for it in memory. */
  async #load(): Promise<void> {
    const { queue, clock } = this.#options;
    if (this.#open.size >= window) return;
    const version = await queue.version();
    if (this.#seen?.isAll === true && this.#seen.version === version) return;
    const keys = await this.#within(await queue.waiting());
    for (const key of keys) {
      if (this.#open.size >= window) break;
      if (this.#open.has(key)) continue;
      const events = await queue.read(key);
      if (events.length === 0) {
        // Cut short by a crash before anybody was told that it happened, or gone.
        await queue.finish(key);
        continue;
      }
      this.#open.set(key, events.length);
      for (const event of events) this.#pending.push({ event, key, attempts: 0, dueMs: clock.elapsed() });
    }
    this.#seen = { version, isAll: keys.every((key) => this.#open.has(key)) };
  }

  /** The oldest beyond the bound become dead letters. */
  async #within(keys: readonly Key[]): Promise<readonly Key[]> {
    const { queue } = this.#options;
    const surplus = keys.slice(0, Math.max(0, keys.length - mostWaiting));
    for (const key of surplus.filter((each) => !this.#open.has(each))) {
      for (const event of await queue.read(key)) await this.#bury(event, 'too many wait');
      await queue.finish(key);
    }
    return keys.slice(surplus.length);
  }
}

/** As they are now; what cannot be read is a reason to wait. */
function secretsOf({
  secret,
  authorization,
}: EventEndpoint): { secret: string | undefined; authorization: string | undefined } | { problem: string } {
  const signing = secret && secretIn(secret.current());
  const authorizing = authorization && secretIn(authorization.current());
  for (const each of [signing, authorizing]) {
    if (each !== undefined && 'problem' in each)
      return { problem: `a file of its secrets cannot be used: ${each.problem}` };
  }
  const textOf = (each: ReturnType<typeof secretIn> | undefined) =>
    each !== undefined && 'text' in each ? each.text : undefined;
  return { secret: textOf(signing), authorization: textOf(authorizing) };
}
