// One listener to events: server-sent events (HTML, Server-sent events) over an answer that has no end of its own.
import type { ServerResponse } from 'node:http';
import type { LiveEvent } from './live-events.ts';

/** Proxies and we ourselves close connections on which nothing moves. */
const longestSilenceMs = 15_000;
/** Whoever listens comes again after so long, and is asked again who they are. */
const longestMs = 5 * 60_000;
/** A client that takes no more is cut off, and comes again. */
const mostUnsentBytes = 1024 * 1024;
const comeAgainMs = 2_000;

type Writable = Pick<ServerResponse, 'write' | 'end' | 'destroy' | 'writableLength' | 'once' | 'socket'>;

export class EventStream {
  readonly #raw: Writable;
  readonly #beat: NodeJS.Timeout;
  readonly #end: NodeJS.Timeout;

  constructor(raw: Writable) {
    this.#raw = raw;
    const stallMs = raw.socket?.timeout ?? 0;
    const beatMs = stallMs > 0 ? Math.min(longestSilenceMs, stallMs / 3) : longestSilenceMs;
    this.#beat = setInterval(() => raw.write(': \n\n'), beatMs).unref();
    this.#end = setTimeout(() => this.end(), longestMs).unref();
    raw.once('close', () => this.#stop());
    raw.write(`retry: ${comeAgainMs}\n\n`);
  }

  /** What came meanwhile is not known any more: whatever is shown must be asked for anew. */
  missed(): void {
    this.#raw.write('event: missed\ndata: {}\n\n');
  }

  /** JSON has no line breaks. */
  send({ id, type, json }: LiveEvent): void {
    if (this.#raw.writableLength > mostUnsentBytes) this.#raw.destroy();
    else this.#raw.write(`id: ${id}\nevent: ${type}\ndata: ${json}\n\n`);
  }

  end(): void {
    this.#stop();
    this.#raw.end();
  }

  #stop(): void {
    clearInterval(this.#beat);
    clearTimeout(this.#end);
  }
}
