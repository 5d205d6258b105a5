// How many requests a client may send: so many a second on average, in bursts of ten seconds' worth, since a pull is many at once.
import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { clientNetwork } from '../auth/client-network.ts';
import type { Principal } from '../auth/principal.ts';
import { RegistryError } from '../oci/error-code.ts';
import { clientAddressOf } from './client-address.ts';
import type { CountSharing } from './count-sharing.ts';

const burstSeconds = 10;
/** Whoever is not remembered begins anew: a stranger with more addresses than that is held by none of this. */
const maxClients = 20_000;

interface Bucket {
  /** Requests that may come at once, as of then. */
  left: number;
  atMs: number;
}

export class RequestRate {
  #perSecond: number;
  readonly #nowMs: () => number;
  readonly #buckets = new LRUCache<string, Bucket>({ max: maxClients });

  readonly #sharing: CountSharing | undefined;

  constructor(perSecond: number, nowMs: () => number = () => performance.now(), sharing?: CountSharing) {
    this.#perSecond = perSecond;
    this.#nowMs = nowMs;
    this.#sharing = sharing;
    sharing?.listen((client, count) => {
      this.#bucketOf(client).left -= count;
    });
  }

  /** From now on; what clients have left of a burst stays theirs, up to the new one. */
  follow(perSecond: number): void {
    this.#perSecond = perSecond;
  }

  /** Of a user from an address, so that nobody uses up what another has; of who shows no name, from an address alone. Refuses with 429. */
  assert(request: FastifyRequest, { kind, name }: Principal): void {
    const from = clientNetwork(clientAddressOf(request) ?? '');
    const waitMs = this.take(name === undefined ? from : `${from} ${kind} ${name}`);
    if (waitMs === 0) return;
    throw new RegistryError('TOOMANYREQUESTS', {
      detail: `at most ${this.#perSecond} requests a second`,
      headers: { 'Retry-After': String(Math.ceil(waitMs / 1000)) },
    });
  }

  /** Counts one; else says in how many milliseconds there is room for it. */
  take(client: string): number {
    const bucket = this.#bucketOf(client);
    if (bucket.left < 1) return ((1 - bucket.left) / this.#perSecond) * 1000;
    bucket.left -= 1;
    this.#sharing?.tell(client, 1);
    return 0;
  }

  #bucketOf(client: string): Bucket {
    const nowMs = this.#nowMs();
    const most = this.#perSecond * burstSeconds;
    const bucket = this.#buckets.get(client) ?? { left: most, atMs: nowMs };
    bucket.left = Math.min(most, bucket.left + ((nowMs - bucket.atMs) / 1000) * this.#perSecond);
    bucket.atMs = nowMs;
    this.#buckets.set(client, bucket);
    return bucket;
  }
}
