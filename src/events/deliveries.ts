// All deliveries of a server: of each directory that takes pushes, to each endpoint, by one of the processes that serve it.
import { eventKeys } from '../layout/files/keys.ts';
import { ProcessClaim } from '../registry/claim.ts';
import type { Clock } from '../storage/clock.ts';
import type { Log } from '../storage/log.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { StorageError } from '../storage/storage-error.ts';
import { Delivery } from './delivery.ts';
import type { DeliveryMeters } from './delivery-meters.ts';
import type { EventEndpoint } from './endpoint.ts';
import { EventQueue } from './event-queue.ts';
import type { Deliver } from './http-delivery.ts';

export interface DeliveriesOptions {
  /** Of the directories that take pushes. */
  readonly stores: readonly ObjectStore[];
  readonly endpoints: readonly EventEndpoint[];
  readonly deliver: Deliver;
  readonly host: string;
  /** Unique among all processes. */
  readonly process: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly meters: DeliveryMeters;
}

/** What other processes put on a queue is found within so long. */
const lookEveryMs = 2_000;

export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #end = new AbortController();
  readonly #claims: readonly SharedClaim[];
  readonly #loops: Loop[] = [];

  constructor(options: DeliveriesOptions) {
    this.#options = options;
    const { stores, process, clock } = options;
    this.#claims = stores.map((store) => {
      return new SharedClaim(new ProcessClaim({ store, key: eventKeys.claim, process, clock }));
    });
  }

  start(): void {
    const { stores, endpoints } = this.#options;
    for (const [at, store] of stores.entries()) {
      const claim = this.#claims[at];
      if (claim === undefined) continue;
      for (const endpoint of endpoints) {
        const delivery = new Delivery({ ...this.#options, queue: new EventQueue(store, endpoint.name), endpoint });
        this.#loops.push(new Loop((signal) => this.#round(delivery, claim, signal), this.#end.signal));
      }
    }
    for (const loop of this.#loops) loop.wake();
  }

  /** Something was put on a queue. */
  wake(): void {
    for (const loop of this.#loops) loop.wake();
  }

  /** Waits for what is being sent; what is not delivered stays on its queue. */
  async close(): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#loops.map((loop) => loop.ended()));
    // What cannot be given back now is taken over by another process in a while.
    for (const claim of this.#claims) await claim.release().catch(unlessStorageFails);
  }

  async #round(delivery: Delivery, claim: SharedClaim, signal: AbortSignal): Promise<number> {
    try {
      if (!(await claim.take())) return lookEveryMs;
      const nextMs = await delivery.round(signal, () => claim.isOurs);
      return Math.min(nextMs ?? lookEveryMs, lookEveryMs);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#options.log.warn('a queue of events cannot be read or written; trying again', { error });
      return lookEveryMs;
    }
  }
}

function unlessStorageFails(error: unknown): void {
  if (!(error instanceof StorageError)) throw error;
}

/** One for all endpoints of a directory: taken once for those that ask at the same time. */
class SharedClaim {
  readonly #claim: ProcessClaim;
  #taking: Promise<boolean> | undefined;

  constructor(claim: ProcessClaim) {
    this.#claim = claim;
  }

  get isOurs(): boolean {
    return this.#claim.isOurs;
  }

  take(): Promise<boolean> {
    this.#taking ??= this.#claim.take().finally(() => {
      this.#taking = undefined;
    });
    return this.#taking;
  }

  release(): Promise<void> {
    return this.#claim.release();
  }
}

/** Rounds, one after the other: when the last one says so, or when it is woken. */
class Loop {
  readonly #round: (signal: AbortSignal) => Promise<number>;
  readonly #signal: AbortSignal;
  #running: Promise<void> | undefined;
  #isWoken = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(round: (signal: AbortSignal) => Promise<number>, signal: AbortSignal) {
    this.#round = round;
    this.#signal = signal;
  }

  wake(): void {
    if (this.#signal.aborted) return;
    this.#isWoken = true;
    clearTimeout(this.#timer);
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async ended(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#running;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    let nextMs = 0;
    while (this.#isWoken && !this.#signal.aborted) {
      this.#isWoken = false;
      nextMs = await this.#round(this.#signal);
    }
    if (!this.#signal.aborted) this.#timer = setTimeout(() => this.wake(), nextMs).unref();
  }
}
