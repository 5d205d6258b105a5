// Requests and answers of HTTP/2 (RFC 9113) in the form of HTTP/1.1, which is what the rest of http/ knows.
import type { OutgoingHttpHeaders } from 'node:http';
import {
  constants,
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { ReadableOptions } from 'node:stream';
import type { HeaderList } from './headers.ts';

export class Http2Request extends Http2ServerRequest {
  #receivedBytes = 0;
  #isEnded = false;

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    options: ReadableOptions,
    rawHeaders: readonly string[],
  ) {
    super(stream, headers, options, rawHeaders);
    // RFC 9113, 8.3.1: it stands for the Host header, which whoever reads requests looks at.
    headers.host ??= headers[':authority'];
    // Nobody may be listening when it breaks off: before the body is asked for, or when whoever read it has settled.
    this.on('error', () => {});
  }

  /** Of the body, so far. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Whether one may come; a request without Content-Length may have one as well. */
  get hasBody(): boolean {
    return !this.stream.endAfterHeaders;
  }

  /** Called with null by Node at the end of the body, but also when the client has reset the stream: half a body must not look whole. */
  override push(chunk: Uint8Array | null, encoding?: BufferEncoding): boolean {
    if (chunk !== null) this.#receivedBytes += chunk.byteLength;
    else if (this.aborted && !this.#isEnded) return this.#break();
    else this.#isEnded = true;
    return super.push(chunk, encoding);
  }

  #break(): boolean {
    this.#isEnded = true;
    this.destroy(new Error('the client reset the stream'));
    return false;
  }
}

export class Http2Response extends Http2ServerResponse<Http2Request> {
  /** Takes the flat list of HTTP/1.1, without what belongs to a connection (RFC 9113, 8.2.2). */
  override writeHead(status: number, headers?: unknown): this {
    return super.writeHead(status, isHeaderList(headers) ? fieldsOf(headers) : undefined);
  }

  /** An answer that breaks off must not look whole: the client sees an error of the stream. */
  override destroy(): this {
    this.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    return this;
  }
}

function isHeaderList(headers: unknown): headers is HeaderList {
  return Array.isArray(headers);
}

/** Names come in lower case (RFC 9113, 8.2.1); several of one name stay several. */
function fieldsOf(list: HeaderList): OutgoingHttpHeaders {
  const fields: Record<string, string | string[]> = {};
  for (let at = 0; at < list.length; at += 2) {
    const name = list[at]?.toLowerCase() ?? '';
    const value = list[at + 1] ?? '';
    if (name === 'connection') continue;
    const before = fields[name];
    fields[name] = before === undefined ? value : [...[before].flat(), value];
  }
  return fields;
}
