// The answer of a registry: its body is read within limits, and a body that stops moving is given up.
import { connectionError, RemoteError, StallError } from './remote-error.ts';

/** Aborts what makes no progress; the clock runs only while something is waited for, so that a slow reader is no stall. */
export class StallWatch {
  readonly #controller = new AbortController();
  readonly #stallMs: number;

  constructor(stallMs: number) {
    this.#stallMs = stallMs;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  async during<Result>(step: Promise<Result>): Promise<Result> {
    const timer = setTimeout(() => this.#controller.abort(new StallError(this.#stallMs)), this.#stallMs);
    try {
      return await step;
    } finally {
      clearTimeout(timer);
    }
  }
}

export class HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** What answered, after redirects. */
  readonly url: URL;
  readonly #response: Response;
  readonly #watch: StallWatch;
  #whole: Promise<Buffer> | undefined;

  constructor(response: Response, url: URL, watch: StallWatch) {
    this.status = response.status;
    this.headers = response.headers;
    this.url = url;
    this.#response = response;
    this.#watch = watch;
  }

  /** Throws a TransientError when the connection is lost in the middle. */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    const reader = this.#response.body?.getReader();
    if (reader === undefined) return;
    try {
      for (;;) {
        const { done, value } = await this.#watch.during(reader.read());
        if (done) return;
        yield value;
      }
    } catch (error) {
      throw connectionError(this.url.host, error);
    } finally {
      // Whoever stops early frees the connection; after an error there is none, and no news in that.
      await reader.cancel().catch(() => undefined);
    }
  }

  /** The whole body; throws a RemoteError when it is longer than `limit`. May be asked again. */
  bytes(limit: number): Promise<Buffer> {
    this.#whole ??= this.#readAll(limit);
    return this.#whole;
  }

  /** Frees the connection without reading. */
  async discard(): Promise<void> {
    if (this.#whole === undefined) await this.#response.body?.cancel().catch(() => undefined);
  }

  async #readAll(limit: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of this.chunks()) {
      length += chunk.byteLength;
      if (length > limit) throw new RemoteError(this.url.host, `an answer is longer than ${limit} bytes`);
      parts.push(chunk);
    }
    return Buffer.concat(parts, length);
  }
}
