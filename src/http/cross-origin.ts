// CORS: which web pages of other origins may read answers, and which may change something (fetch.spec.whatwg.org, CORS protocol).
// Written here because @fastify/cors sets headers on Fastify's reply, which the last step of every answer goes past (answers.ts), and
// takes preflights before anything else could look at them.
import type { IncomingHttpHeaders } from 'node:http';
import { type HeaderList, headerNames } from './headers.ts';

const everyOrigin = '*';
const none: HeaderList = [];

/** What a page may see of an answer besides the few headers that every page may see. */
const exposed = [
  ...Object.values(headerNames),
  ...['Accept-Ranges', 'Allow', 'Content-Length', 'Content-Range', 'ETag', 'Link', 'Location', 'Range', 'Retry-After'],
  'WWW-Authenticate',
].join(', ');

/** What clients of registries send, and viewers of registries beside. */
const allowedHeaders = [
  ...[
    'Accept',
    'Authorization',
    'Cache-Control',
    'Content-Range',
    'Content-Type',
    'If-Match',
    'If-None-Match',
    'If-Range',
  ],
  ...['Range', 'X-Requested-With'],
].join(', ');

const readingMethods = 'GET, HEAD';
const allMethods = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const preflightSeconds = 3600;

export class CrossOrigin {
  /** Undefined where no page of another origin may do anything. */
  #byOrigin: ReadonlyMap<string, HeaderList> | undefined;
  #ofOthers: HeaderList = none;
  #allowsAll = false;

  /** As browsers write them; `*` is every page, for reading alone. */
  constructor(origins: readonly string[]) {
    this.follow(origins);
  }

  /** From now on others. */
  follow(origins: readonly string[]): void {
    const named = origins.filter((origin) => origin !== everyOrigin);
    this.#allowsAll = origins.includes(everyOrigin);
    // A cache must not give one page the answer that was made for another.
    const vary = named.length === 0 ? none : ['Vary', 'Origin'];
    const shown = ['Access-Control-Expose-Headers', exposed];
    this.#byOrigin = origins.length === 0 ? undefined : new Map(named.map((origin) => [origin, headersOf(origin)]));
    this.#ofOthers = this.#allowsAll ? ['Access-Control-Allow-Origin', everyOrigin, ...shown, ...vary] : vary;

    function headersOf(origin: string): HeaderList {
      // Whoever is named may send along what the browser knows of a proxy that asks for a password.
      const allowed = ['Access-Control-Allow-Origin', origin, 'Access-Control-Allow-Credentials', 'true'];
      return [...allowed, ...shown, ...vary];
    }
  }

  /** Of every answer. */
  headersFor(origin: string | undefined): HeaderList {
    if (this.#byOrigin === undefined) return none;
    return (origin === undefined ? undefined : this.#byOrigin.get(origin)) ?? this.#ofOthers;
  }

  /** True for a page that is named: `*` alone would let every page that somebody visits push and delete. */
  mayChange(origin: string): boolean {
    return this.#byOrigin?.has(origin) === true;
  }

  /** What to answer to a browser that asks before it sends a page's request; undefined where it asks nothing, or in vain. */
  preflightHeaders(headers: IncomingHttpHeaders): HeaderList | undefined {
    const { origin, 'access-control-request-method': method } = headers;
    if (this.#byOrigin === undefined || origin === undefined || method === undefined) return undefined;
    const isNamed = this.mayChange(origin);
    if (!isNamed && !this.#allowsAll) return undefined;
    // Chromium asks so when a page of the internet reaches for this machine or its network.
    const isPrivate = headers['access-control-request-private-network'] === 'true';
    return [
      ...['Access-Control-Allow-Methods', isNamed ? allMethods : readingMethods],
      ...['Access-Control-Allow-Headers', allowedHeaders],
      ...['Access-Control-Max-Age', String(preflightSeconds)],
      ...(isPrivate ? ['Access-Control-Allow-Private-Network', 'true'] : none),
    ];
  }
}
