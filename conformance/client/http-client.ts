// HTTP on node:http with nothing done behind the caller's back: paths go out as they are given, headers may repeat,
// bodies have a length or come in chunks. Redirects of pulls are followed, as the suites' clients do.
import http from 'node:http';
import https from 'node:https';
import { Answer, type HeaderLines, type SentRequest } from './answer.ts';

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Sent with its Content-Length. */
  readonly body?: Uint8Array | string;
  /** Sent with Transfer-Encoding: chunked, one chunk an element. */
  readonly stream?: Iterable<Uint8Array>;
  readonly followRedirects?: boolean;
}

/** No registry needs this long for what the checks send: a hang is a failure, not a verdict on speed. */
const hangMs = 60_000;
const pieceBytes = 256 * 1024;
const maxRedirects = 5;

export class HttpClient {
  readonly baseUrl: URL;
  readonly #agent: http.Agent;
  readonly #toMoorage: boolean;
  readonly #observe: (answer: Answer) => void;

  constructor(baseUrl: URL, toMoorage: boolean, observe: (answer: Answer) => void) {
    this.baseUrl = baseUrl;
    this.#toMoorage = toMoorage;
    this.#observe = observe;
    const options = { keepAlive: true, maxSockets: 128 };
    this.#agent = baseUrl.protocol === 'https:' ? new https.Agent(options) : new http.Agent(options);
  }

  /** `target` is a path, sent byte for byte, or the URL of a Location. */
  async request(method: string, target: string, options: RequestOptions = {}): Promise<Answer> {
    let answer = await this.#once(method, target, options);
    const follows = options.followRedirects ?? (method === 'GET' || method === 'HEAD');
    for (let hop = 0; follows && hop < maxRedirects && isRedirect(answer.status); hop += 1) {
      const location = answer.header('Location');
      if (location === undefined) break;
      answer = await this.#once(method, new URL(location, new URL(target, this.baseUrl)).href, options);
    }
    return answer;
  }

  close(): void {
    this.#agent.destroy();
  }

  async #once(method: string, target: string, options: RequestOptions): Promise<Answer> {
    const answer = await this.#send(method, target, options).catch((error: unknown) => {
      // A kept-alive connection that the server closed while we wrote to it says nothing about the request: once more.
      if (error instanceof StaleConnectionError) return this.#send(method, target, options);
      throw error;
    });
    this.#observe(answer);
    return answer;
  }

  async #send(method: string, target: string, options: RequestOptions): Promise<Answer> {
    const url = /^https?:\/\//.test(target) ? new URL(target) : undefined;
    const body = options.body === undefined ? undefined : Buffer.from(options.body);
    const headers = { ...(body === undefined ? {} : { 'Content-Length': String(body.length) }), ...options.headers };
    const pieces = options.stream ?? (body === undefined ? [] : slices(body));
    const described = { method, target, headers: options.headers ?? {}, bodyBytes: body?.length ?? 0 };
    const sent: SentRequest = { ...described, toMoorage: this.#toMoorage };
    const { protocol, hostname, port } = url ?? this.baseUrl;
    const path = url === undefined ? target : `${url.pathname}${url.search}`;
    const transport = protocol === 'https:' ? https : http;
    const request = transport.request({
      agent: protocol === this.baseUrl.protocol ? this.#agent : false,
      ...{ hostname: hostname.replace(/^\[|\]$/g, ''), port, method, path },
      headers: headers as http.OutgoingHttpHeaders,
      // An answer may name thousands of tags in OCI-Tag.
      maxHeaderSize: 1024 * 1024,
    });
    const answered = receive(request, sent);
    await sendPieces(request, pieces);
    return answered;
  }
}

/** The connection was dead before the request reached the server. */
class StaleConnectionError extends Error {}

async function receive(request: http.ClientRequest, sent: SentRequest): Promise<Answer> {
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    request.setTimeout(hangMs, () => request.destroy(new Error(`no answer within ${hangMs / 1000} s`)));
    request.once('response', resolve);
    request.on('error', (error: NodeJS.ErrnoException) => {
      const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      const what = `${sent.method} ${sent.target}: ${error.message}`;
      reject(stale ? new StaleConnectionError(what, { cause: error }) : new Error(what, { cause: error }));
    });
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  if (!request.writableFinished) request.destroy();
  return new Answer(sent, response.statusCode ?? 0, headerLines(response.rawHeaders), Buffer.concat(chunks));
}

/** Writes with back-pressure and stops when the answer is there: an early refusal need not be fed to the end. */
async function sendPieces(request: http.ClientRequest, pieces: Iterable<Uint8Array>): Promise<void> {
  let over = false;
  const stopped = new Promise<void>((resolve) => {
    for (const event of ['response', 'error', 'close']) {
      request.once(event, () => {
        over = true;
        resolve();
      });
    }
  });
  for (const piece of pieces) {
    if (over) return;
    const drained = new Promise<void>((resolve) => {
      request.write(piece, () => resolve());
    });
    await Promise.race([drained, stopped]);
  }
  request.end();
}

function slices(body: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; at += pieceBytes) pieces.push(body.subarray(at, at + pieceBytes));
  return pieces;
}

function headerLines(raw: readonly string[]): HeaderLines {
  const lines: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) lines.push([raw[at] ?? '', raw[at + 1] ?? '']);
  return lines;
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}
