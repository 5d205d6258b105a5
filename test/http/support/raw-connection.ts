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
  #chunks: Buffer[] = [];
  /** Fewer bytes than this cannot be a whole answer. */
  #needed = 1;
  #isOver = false;
  #wake = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#wake();
    });
    // A reset ends the connection like a close does; what a test expects it reads from what came before.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#isOver = true;
      this.#wake();
    });
  }

  /** What came and was not read as an answer. */
  receivedText(): string {
    return this.#received().toString('latin1');
  }

  /** True once the kernel has taken the bytes, false when the connection is over. */
  write(data: string | Uint8Array): Promise<boolean> {
    return new Promise((resolve) => this.socket.write(data, (error) => resolve(error === null || error === undefined)));
  }

  /** The next answer, with as much body as its Content-Length says. */
  async answer(): Promise<RawAnswer> {
    for (;;) {
      const answer = this.#takeAnswer();
      if (answer !== undefined) return answer;
      if (this.#isOver) throw new Error('the connection ended within an answer');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async closed(): Promise<void> {
    if (!this.#isOver) await once(this.socket, 'close');
  }

  #received(): Buffer {
    const received = Buffer.concat(this.#chunks);
    this.#chunks = [received];
    return received;
  }

  #takeAnswer(): RawAnswer | undefined {
    const length = this.#chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    if (length < this.#needed) return undefined;
    const received = this.#received();
    const headEnd = received.indexOf('\r\n\r\n');
    if (headEnd < 0) return undefined;
    const [statusLine = '', ...lines] = received.subarray(0, headEnd).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(lines.map(pairOf));
    this.#needed = headEnd + 4 + Number(headers['content-length'] ?? 0);
    if (received.byteLength < this.#needed) return undefined;
    const body = received.subarray(headEnd + 4, this.#needed).toString('latin1');
    this.#chunks = [received.subarray(this.#needed)];
    this.#needed = 1;
    return { status: Number(statusLine.split(' ')[1]), headers, body };
  }
}

function pairOf(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

const listening = new WeakMap<FastifyInstance, Promise<string>>();

/** The port of the loopback that the app listens on, from now on. */
export async function listen(app: FastifyInstance): Promise<number> {
  const started = listening.get(app) ?? app.listen({ host: '127.0.0.1', port: 0 });
  listening.set(app, started);
  await started;
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
