// The answer of a registry: its body is read within limits, and a body that stops moving is given up.
import { connectionError, RemoteError, StallError } from './remote-error.ts';

/** Of a blob, so much within the time of a stall is progress; a byte now and then is none. */
const leastBlobBytes = 4 * 1024;
/** Documents are small and waited for by a person: what is left of one comes at 16 kB/s, a whole one within the time of a stall. */
const documentBytesPerMs = 16;

/** Aborts what makes no progress; the clock runs only while something is waited for, so that a slow reader is no stall. */
export class StallWatch {
  readonly stallMs: number;
  readonly #controller = new AbortController();
  #waitedMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(stallMs: number) {
    this.stallMs = stallMs;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** All waits since the last progress count together. */
  async during<Result>(step: Promise<Result>): Promise<Result> {
    const left = Math.max(0, this.stallMs - this.#waitedMs);
    this.#timer = setTimeout(() => this.#controller.abort(new StallError(this.stallMs)), left);
    const since = performance.now();
    try {
      return await step;
    } finally {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#waitedMs += performance.now() - since;
    }
  }

  /** Also while a step is waited for: of a request whose body is still on its way. */
  progressed(): void {
    this.#waitedMs = 0;
    this.#timer?.refresh();
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

  /** Throws a TransientError when the connection is lost in the middle, or when `progressBytes` take longer than a stall. */
  async *chunks(progressBytes = leastBlobBytes): AsyncGenerator<Uint8Array, void, undefined> {
    let since = 0;
    const reader = this.#response.body?.getReader();
    if (reader === undefined) return;
    try {
      for (;;) {
        const { done, value } = await this.#watch.during(reader.read());
        if (done) return;
        since += value.byteLength;
        if (since >= progressBytes) {
          since = 0;
          this.#watch.progressed();
        }
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
    for await (const chunk of this.chunks(this.#watch.stallMs * documentBytesPerMs)) {
      length += chunk.byteLength;
      if (length > limit) throw new RemoteError(this.url.host, `an answer is longer than ${limit} bytes`);
      parts.push(chunk);
    }
    return Buffer.concat(parts, length);
  }
}
