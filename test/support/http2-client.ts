// A client of HTTP/2 on one connection, on which a test says which streams there are and how they end.
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { buffer } from 'node:stream/consumers';
import { connect as connectSecurely, type SecureContextOptions, type TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';

export interface Http2Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Http2Ask {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Uint8Array;
}

export class Http2Client {
  readonly session: ClientHttp2Session;
  readonly socket: TLSSocket;

  constructor(port: number, options: SecureContextOptions) {
    const chosen = { ...options, port, host: '127.0.0.1', servername: 'localhost', ALPNProtocols: ['h2'] };
    this.socket = connectSecurely(chosen);
    const createConnection = () => this.socket;
    // It counts what it sends itself.
    this.session = connect(`https://localhost:${port}`, { createConnection, maxSessionMemory: 1000 });
    // What a test expects of it, it reads from its streams.
    this.session.on('error', () => {});
    onTestFinished(() => this.session.destroy());
  }

  /** A request whose body the test sends. */
  open(path: string, { method = 'GET', headers = {} }: Http2Ask = {}, endStream = false): ClientHttp2Stream {
    return this.session.request({ ':path': path, ':method': method, ...headers }, { endStream });
  }

  async ask(path: string, { body, ...ask }: Http2Ask = {}): Promise<Http2Answer> {
    const stream = this.open(path, ask, body === undefined);
    if (body !== undefined) stream.end(body);
    return answerOf(stream);
  }
}

export async function answerOf(stream: ClientHttp2Stream): Promise<Http2Answer> {
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status'?: number }];
  return { status: headers[':status'] ?? 0, headers, body: await buffer(stream) };
}
