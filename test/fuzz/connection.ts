// One connection on which requests are sent as bytes, whatever they are, and answers are read as far as they are HTTP.
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: Buffer;
}

/** `closed`: the server ended the connection instead, which is an answer to what is no HTTP. */
export type Outcome = Answer | 'closed' | 'silent';

const headEnd = Buffer.from('\r\n\r\n');
const endless = /^content-type: text\/event-stream/im;
const listenedMs = 200;

export class Connection {
  readonly #port: number;
  #socket: Socket | undefined;
  #received = Buffer.alloc(0);
  #wake = () => {};
  #isOver = false;

  constructor(port: number) {
    this.#port = port;
  }

  /** Sends a request and waits for its answer. `isHead`: it has no body, whatever its length says. */
  async ask(bytes: Buffer, { isHead, patienceMs }: { isHead: boolean; patienceMs: number }): Promise<Outcome> {
    const socket = this.#opened();
    socket.write(bytes);
    const timer = setTimeout(() => {
      this.#isOver = true;
      this.#wake();
    }, patienceMs);
    try {
      for (;;) {
        const answer = this.#parsed(isHead);
        if (answer !== undefined && endless.test(answer.head)) return await this.#heard(answer);
        if (answer !== undefined) {
          if (/^connection: close\r?$/im.test(answer.head)) this.close();
          return answer;
        }
        if (this.#isOver) {
          const outcome = socket.destroyed || socket.readableEnded ? 'closed' : 'silent';
          this.close();
          return outcome;
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** What comes of an answer that has no end, for a moment. */
  async #heard({ status, head }: Answer): Promise<Answer> {
    await new Promise((resolve) => setTimeout(resolve, listenedMs));
    const body = this.#received;
    this.close();
    return { status, head, body };
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #opened(): Socket {
    if (this.#socket !== undefined && !this.#socket.destroyed && !this.#isOver) return this.#socket;
    this.close();
    const socket = connect({ port: this.#port, host: '127.0.0.1' });
    this.#socket = socket;
    this.#received = Buffer.alloc(0);
    this.#isOver = false;
    const over = () => {
      if (this.#socket !== socket) return;
      this.#isOver = true;
      this.#wake();
    };
    socket.on('data', (chunk: Buffer) => {
      if (this.#socket !== socket) return;
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    // A reset is an end like any other: what came before it counts.
    socket.on('error', over).on('close', over).on('end', over);
    return socket;
  }

  #parsed(isHead: boolean): Answer | undefined {
    for (;;) {
      const end = this.#received.indexOf(headEnd);
      if (end < 0) return undefined;
      const head = this.#received.subarray(0, end).toString('latin1');
      const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0);
      const start = end + headEnd.length;
      if (status === 100) {
        this.#received = this.#received.subarray(start);
        continue;
      }
      const length =
        isHead || status === 204 || status === 304 ? 0 : Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
      if (this.#received.length < start + length) return undefined;
      const body = Buffer.from(this.#received.subarray(start, start + length));
      this.#received = this.#received.subarray(start + length);
      return { status, head, body };
    }
  }
}
