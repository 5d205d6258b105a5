// Requests over HTTP: one try each, with redirects followed and credentials kept from other hosts.
import { HttpAnswer, StallWatch } from './http-answer.ts';
import { connectionError, RemoteError, TransientError } from './remote-error.ts';
import { isPassing, refusalOf } from './response-error.ts';
import { type RetryPolicy, retryAfterMs } from './retrying.ts';

export interface TransportOptions extends RetryPolicy {
  /** So long may no byte move. */
  readonly stallMs: number;
  /** Bytes of a large blob that are sent at a time, and held in memory meanwhile. */
  readonly chunkBytes: number;
  readonly userAgent: string;
}

/** Sent as it is, with its length: registries, and proxies before them, refuse bodies that say none. */
export interface RequestBody {
  /** Bytes; each opening gives exactly as many. */
  readonly size: number;
  /** Anew for each try. */
  open(): AsyncIterable<Uint8Array>;
}

export interface HttpRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** GET unless given. */
  readonly method?: 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Makes it a POST. */
  readonly form?: URLSearchParams;
  readonly body?: RequestBody;
  /** An answer may take so many times as long as usual: of a commit, before which a registry may hash gigabytes. */
  readonly patience?: number;
  readonly signal?: AbortSignal;
}

const maxRedirects = 5;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Those that keep method and body (RFC 9110, 15.4.8): of what is not only read no other is followed. */
const repeating: ReadonlySet<number> = new Set([307, 308]);

export class Transport {
  readonly options: TransportOptions;

  constructor(options: TransportOptions) {
    this.options = options;
  }

  /** Throws a TransientError for lost connections, stalls, 429 and 5xx; a RemoteError when there is no talking to it. */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    const { url, headers, form, method } = request;
    const followed = method === undefined || method === 'HEAD' ? redirects : repeating;
    let sent = headers;
    let target = url;
    for (let hops = 0; hops <= maxRedirects; hops += 1) {
      const answer = await this.#ask({ ...request, url: target, headers: sent });
      const location = followed.has(answer.status) ? answer.headers.get('location') : null;
      if (location === null || form !== undefined) return this.#settled(answer);
      await answer.discard();
      const next = redirectTarget(location, target, url);
      // Blobs are kept elsewhere, under links signed for the bearer: our token is for the registry only.
      if (next.origin !== target.origin) sent = withoutAuthorization(sent);
      target = next;
    }
    throw new RemoteError(url.host, `more than ${maxRedirects} redirects`);
  }

  async #ask(request: HttpRequest): Promise<HttpAnswer> {
    const { url, patience = 1 } = request;
    const watch = new StallWatch(this.options.stallMs * patience);
    try {
      const asked = fetch(url, { ...this.#init(request, watch), redirect: 'manual' });
      const response = await watch.during(asked);
      watch.progressed();
      return new HttpAnswer(response, url, watch);
    } catch (error) {
      request.signal?.throwIfAborted();
      throw connectionError(url.host, error);
    }
  }

  #init({ headers, method, form, body, signal }: HttpRequest, watch: StallWatch): RequestInit {
    // Ranges and digests are of the bytes as they are stored: nothing may be compressed on the way.
    const all = { 'user-agent': this.options.userAgent, 'accept-encoding': 'identity', ...headers };
    const either = signal === undefined ? watch.signal : AbortSignal.any([watch.signal, signal]);
    if (form !== undefined) return { headers: all, signal: either, method: 'POST', body: form };
    const common = { headers: all, signal: either, ...(method === undefined ? {} : { method }) };
    if (body === undefined) return common;
    const sized = { ...all, 'content-length': String(body.size) };
    return { ...common, headers: sized, body: ReadableStream.from(watched(body, watch)), duplex: 'half' };
  }

  async #settled(answer: HttpAnswer): Promise<HttpAnswer> {
    if (!isPassing(answer.status)) return answer;
    const wait = retryAfterMs(answer.headers.get('retry-after'), Date.now());
    throw new TransientError(await refusalOf(answer, { sought: answer.url.host, unknown: 'UNKNOWN' }), wait);
  }
}

/** What the connection takes is progress. */
async function* watched(body: RequestBody, watch: StallWatch): AsyncGenerator<Uint8Array> {
  for await (const piece of body.open()) {
    yield piece;
    watch.progressed();
  }
}

function redirectTarget(location: string, from: URL, asked: URL): URL {
  if (!URL.canParse(location, from.href))
    throw new RemoteError(asked.host, 'it redirects to something that is not a URL');
  const target = new URL(location, from.href);
  if (target.protocol !== 'https:' && target.protocol !== 'http:') {
    throw new RemoteError(asked.host, `it redirects to ${target.protocol}`);
  }
  if (target.protocol === 'http:' && asked.protocol === 'https:') {
    throw new RemoteError(asked.host, `it redirects from HTTPS to plain HTTP (${target.host})`);
  }
  return target;
}

function withoutAuthorization(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));
}
