// A TCP connection on which a test says every byte itself: half bodies, pipelining, bad HTTP.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { onTestFinished } from 'vitest';

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export class RawConnection {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #isOver = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
    // A reset ends the connection like a close does; what a test expects it reads from what came before.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#isOver = true;
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** What came and was not read as an answer. */
  receivedText(): string {
    return this.#received.toString('latin1');
  }

  /** Resolves when the kernel has taken the bytes, or the connection is over. */
  write(data: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => this.socket.write(data, () => resolve()));
  }

  /** The next answer, with as much body as its Content-Length says (none for HEAD: say so). */
  async answer({ isHead = false } = {}): Promise<RawAnswer> {
    for (;;) {
      const parsed = parse(this.#received, isHead);
      if (parsed !== undefined) {
        this.#received = this.#received.subarray(parsed.length);
        return parsed.answer;
      }
      if (this.#isOver) throw new Error(`the connection ended within an answer: ${this.#received.toString('latin1')}`);
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'close')]);
    }
  }

  async closed(): Promise<void> {
    if (!this.#isOver) await once(this.socket, 'close');
  }
}

function parse(received: Buffer, isHead: boolean): { answer: RawAnswer; length: number } | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = received.subarray(0, headEnd).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(lines.map(pairOf));
  const status = Number(statusLine.split(' ')[1]);
  const bodyLength = isHead || status < 200 || status === 204 ? 0 : Number(headers['content-length'] ?? 0);
  const length = headEnd + 4 + bodyLength;
  if (received.byteLength < length) return undefined;
  const body = received.subarray(headEnd + 4, length).toString('latin1');
  return { answer: { status, headers, body }, length };
}

function pairOf(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

export async function listen(app: FastifyInstance): Promise<number> {
  if (!app.server.listening) await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP');
  return address.port;
}

/** A connection to the app, which listens on a free port of the loopback; destroyed with the test. */
export async function rawConnection(app: FastifyInstance): Promise<RawConnection> {
  const socket = connect({ host: '127.0.0.1', port: await listen(app) });
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, 'connect');
  return new RawConnection(socket);
}

/** A request head with a Host. */
export function head(requestLine: string, headers: Readonly<Record<string, string | number>> = {}): string {
  const lines = Object.entries({ Host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}`);
  return `${requestLine} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}
