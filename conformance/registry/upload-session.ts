// One upload session as a client drives it: every answer with a Location moves the client on to that Location.
import type { Answer } from '../client/answer.ts';
import type { HttpClient, RequestOptions } from '../client/http-client.ts';

export const octetStream = { 'Content-Type': 'application/octet-stream' } as const;

export interface ChunkOptions {
  /** The Content-Range, e.g. "0-511"; without it the chunk is appended. */
  readonly range?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends to this URL instead of the newest one. */
  readonly to?: string;
}

export class UploadSession {
  readonly #client: HttpClient;
  /** The Location that opened the session. */
  readonly first: string;
  /** The newest Location. */
  location: string;

  constructor(client: HttpClient, location: string) {
    this.#client = client;
    this.first = location;
    this.location = location;
  }

  patch(chunk: Uint8Array, options: ChunkOptions = {}): Promise<Answer> {
    const headers = { ...octetStream, ...contentRange(options.range), ...options.headers };
    return this.#request('PATCH', options.to ?? this.location, { headers, body: chunk });
  }

  /** A PATCH with neither Content-Range nor Content-Length (Transfer-Encoding: chunked), as docker pushes. */
  stream(chunks: Iterable<Uint8Array>): Promise<Answer> {
    return this.#request('PATCH', this.location, { headers: octetStream, stream: chunks });
  }

  /** The closing PUT, with the last chunk or without. */
  put(digest: string, chunk?: Uint8Array, options: ChunkOptions = {}): Promise<Answer> {
    const target = withQuery(options.to ?? this.location, `digest=${digest}`);
    return this.putTo(target, chunk, options);
  }

  putTo(target: string, chunk: Uint8Array = Buffer.alloc(0), options: ChunkOptions = {}): Promise<Answer> {
    const headers = { ...octetStream, ...contentRange(options.range), ...options.headers };
    return this.#request('PUT', target, { headers, body: chunk });
  }

  status(at = this.location): Promise<Answer> {
    return this.#request('GET', at, { followRedirects: false });
  }

  head(): Promise<Answer> {
    return this.#request('HEAD', this.location, { followRedirects: false });
  }

  cancel(): Promise<Answer> {
    return this.#request('DELETE', this.location, {});
  }

  async #request(method: string, target: string, options: RequestOptions): Promise<Answer> {
    const answer = await this.#client.request(method, target, options);
    const location = answer.header('Location');
    // A 201 points to the blob; every other answer of a session points to where it goes on.
    if (location !== undefined && answer.status !== 201) {
      this.location = new URL(location, new URL(target, this.#client.baseUrl)).href;
    }
    return answer;
  }
}

function contentRange(range: string | undefined): Record<string, string> {
  return range === undefined ? {} : { 'Content-Range': range };
}

/** Adds to the query without touching what the Location already carries (distribution-spec: it may be critical). */
export function withQuery(url: string, query: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}${query}`;
}
