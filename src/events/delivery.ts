// Tells one endpoint what is on its queue, in order, one message at a time. What cannot be delivered waits, with more and more time between,
// and becomes a dead letter in the end.
import type { Clock } from '../storage/clock.ts';
import type { Log } from '../storage/log.ts';
import type { DeliveryMeters } from './delivery-meters.ts';
import type { EventEndpoint } from './endpoint.ts';
import { secretIn } from './endpoint-secrets.ts';
import { type EventQueue, queuedAtMs } from './event-queue.ts';
import type { Deliver } from './http-delivery.ts';
import { messageOf } from './message.ts';
import { type DeliveryAttempt, isOfEndpoint, nextStep } from './next-step.ts';
import { type PendingEvent, ReadAhead } from './read-ahead.ts';
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

const mostDead = 10_000;
/** Dead letters are counted after so many. */
const countDeadEvery = 100;
/** What cannot be written down as one is tried again after so long. */
const afterTroubleMs = 30_000;

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #ahead: ReadAhead;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #isFailing = false;
  #buried = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#ahead = new ReadAhead({ ...options, bury: (event, why) => this.#bury(event, why) });
  }

  /**
   * Delivers whatever is due, as long as it is `isOurs` to do; returns in how many milliseconds something is again, undefined: when something
   * comes. Throws what the store throws.
   */
  async round(signal: AbortSignal, isOurs: () => boolean): Promise<number | undefined> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      if (!isOurs()) {
        // Another process goes on with it: what was read here may be told by then.
        this.#ahead.forget();
        return undefined;
      }
      await this.#ahead.load();
      const nowMs = clock.elapsed();
      if (nowMs < this.#pausedUntilMs) return this.#pausedUntilMs - nowMs;
      const due = this.#ahead.due(nowMs);
      if (due === undefined) return this.#ahead.nextDueInMs(nowMs);
      await this.#attempt(due, signal);
    }
    return undefined;
  }

  async #attempt(pending: PendingEvent, signal: AbortSignal): Promise<void> {
    const { queue, endpoint, clock, meters, random = Math.random } = this.#options;
    const { event, key } = pending;
    if (!(await queue.has(key))) return this.#ahead.drop(key);
    const answer = await this.#send(event, signal);
    if (answer === undefined) return this.#ahead.settle(pending);
    // Whoever stops does not know what became of it: it is told again.
    if (signal.aborted && answer.kind === 'failed') return;
    pending.attempts += 1;
    const ageMs = clock.now() - queuedAtMs(key);
    const tried = { attempts: pending.attempts, ageMs, giveUpAfterMs: endpoint.giveUpAfterMs };
    const step = nextStep(answer, tried, random());
    meters.attempted(endpoint.name, step.kind);
    this.#say(answer, step.kind === 'delivered' ? undefined : step.why);
    if (step.kind === 'again') {
      pending.dueMs = clock.elapsed() + step.inMs;
      if (step.pauses) this.#pausedUntilMs = pending.dueMs;
      else if (pending.attempts === 1) this.#sayPutOff(step.why);
      return;
    }
    pending.dueMs = clock.elapsed() + afterTroubleMs;
    if (step.kind === 'dead') await this.#bury(event, step.why);
    await this.#ahead.settle(pending);
  }

  /** Undefined for what the format has no word for. */
  async #send(event: RegistryEvent, signal: AbortSignal): Promise<DeliveryAttempt | undefined> {
    const { endpoint, deliver, host, clock } = this.#options;
    const secrets = secretsOf(endpoint);
    if ('problem' in secrets) return { kind: 'failed', why: secrets.problem };
    const message = messageOf(event, endpoint.format, { ...secrets, host, nowMs: clock.now() });
    return message && deliver(endpoint, message, signal);
  }

  async #bury(event: RegistryEvent, why: string): Promise<void> {
    const { queue, endpoint, log, clock } = this.#options;
    await queue.bury(event, why, clock.now());
    log.warn('an event could not be delivered; "moorage events" lists it', { endpoint: endpoint.name, why });
    this.#buried += 1;
    if (this.#buried % countDeadEvery !== 1) return;
    const dead = await queue.deadKeys();
    for (const key of dead.slice(0, Math.max(0, dead.length - mostDead))) await queue.forget({ key });
  }

  /** Once when nobody takes anything, and once when somebody does again: an endpoint may be away for days. */
  #say(answer: DeliveryAttempt, why: string | undefined): void {
    const { endpoint, log } = this.#options;
    const isAway = why !== undefined && isOfEndpoint(answer);
    if (isAway === this.#isFailing) return;
    this.#isFailing = isAway;
    if (isAway) log.warn('events cannot be delivered; trying again', { endpoint: endpoint.name, why });
    else log.info('events are delivered again', { endpoint: endpoint.name });
  }

  #sayPutOff(why: string): void {
    const { endpoint, log } = this.#options;
    log.warn('an event was not taken; trying again, and those after it go on', { endpoint: endpoint.name, why });
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
