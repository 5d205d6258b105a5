// Requests over HTTP: one try each, with redirects followed and credentials kept from other hosts.
import { HttpAnswer, StallWatch } from './http-answer.ts';
import { connectionError, RemoteError, TransientError } from './remote-error.ts';
import { isPassing, refusalOf } from './response-error.ts';
import { type RetryPolicy, retryAfterMs } from './retrying.ts';

export interface TransportOptions extends RetryPolicy {
  /** So long may no byte move. */
  readonly stallMs: number;
  readonly userAgent: string;
}

export interface HttpRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Makes it a POST. */
  readonly form?: URLSearchParams;
}

const maxRedirects = 5;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export class Transport {
  readonly options: TransportOptions;

  constructor(options: TransportOptions) {
    this.options = options;
  }

  /** Throws a TransientError for lost connections, stalls, 429 and 5xx; a RemoteError when there is no talking to it. */
  async send({ url, headers, form }: HttpRequest): Promise<HttpAnswer> {
    let sent = headers;
    let target = url;
    for (let hops = 0; hops <= maxRedirects; hops += 1) {
      const answer = await this.#ask(target, sent, form);
      const location = redirects.has(answer.status) ? answer.headers.get('location') : null;
      if (location === null || form !== undefined) return this.#settled(answer);
      await answer.discard();
      const next = redirectTarget(location, target, url);
      // Blobs are kept elsewhere, under links signed for the bearer: our token is for the registry only.
      if (next.origin !== target.origin) sent = withoutAuthorization(sent);
      target = next;
    }
    throw new RemoteError(url.host, `more than ${maxRedirects} redirects`);
  }

  async #ask(url: URL, headers: Readonly<Record<string, string>>, form: URLSearchParams | undefined) {
    const watch = new StallWatch(this.options.stallMs);
    // Ranges and digests are of the bytes as they are stored: nothing may be compressed on the way.
    const all = { 'user-agent': this.options.userAgent, 'accept-encoding': 'identity', ...headers };
    const { signal } = watch;
    const init: RequestInit = { headers: all, redirect: 'manual', signal };
    try {
      const asked = fetch(url, form === undefined ? init : { ...init, method: 'POST', body: form });
      const response = await watch.during(asked);
      watch.progressed();
      return new HttpAnswer(response, url, watch);
    } catch (error) {
      throw connectionError(url.host, error);
    }
  }

  async #settled(answer: HttpAnswer): Promise<HttpAnswer> {
    if (!isPassing(answer.status)) return answer;
    const wait = retryAfterMs(answer.headers.get('retry-after'), Date.now());
    throw new TransientError(await refusalOf(answer, { sought: answer.url.host, unknown: 'UNKNOWN' }), wait);
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
