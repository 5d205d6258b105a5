// One keep-alive HTTP/1.1 connection on a plain socket, one request at a time: as little client work as Node allows, because
// client and server share the machine's cores. Reads only answers with a Content-Length, and says so when another kind comes.

import { connect, type Socket } from 'node:net';

const READ_BUFFER_BYTES = 1 << 20;
const MAX_HEAD_BYTES = 64 * 1024;

export interface Answer {
  readonly status: number;
  /** The status line and headers, as they came. */
  readonly head: string;
  readonly bodyBytes: number;
}

/** In pieces, so that bodies which differ in their ends share what is large. None may change while it is being sent. */
export type Body = readonly Uint8Array[];

interface Pending {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export class HttpConnection {
  readonly #port: number;
  readonly #host: string;
  #socket: Socket | undefined;
  #pending: Pending | undefined;
  #head = '';
  #status = 0;
  #bodyBytes = -1;
  #bodyMissing = 0;

  constructor(port: number) {
    this.#port = port;
    this.#host = `127.0.0.1:${port}`;
  }

  /** Sends one request and resolves when its whole answer has arrived; the body is counted and dropped. */
  request(method: string, target: string, headers = '', body?: Body, expectBody = method !== 'HEAD'): Promise<Answer> {
    const length = body === undefined && method === 'GET' ? '' : `Content-Length: ${lengthOf(body)}\r\n`;
    const head = `${method} ${target} HTTP/1.1\r\nHost: ${this.#host}\r\n${length}${headers}\r\n`;
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      this.#head = '';
      this.#bodyBytes = expectBody ? -1 : 0;
      const socket = this.#open();
      if (body === undefined) {
        socket.write(head, 'latin1');
        return;
      }
      socket.cork();
      socket.write(head, 'latin1');
      for (const piece of body) socket.write(piece);
      socket.uncork();
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #open(): Socket {
    if (this.#socket !== undefined) return this.#socket;
    const socket = connect({
      port: this.#port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        // One buffer for the life of the connection: large bodies are copied out of the kernel and not once more.
        buffer: Buffer.allocUnsafe(READ_BUFFER_BYTES),
        callback: (count, buffer) => {
          this.#read(buffer as Buffer, count);
          return true;
        },
      },
    });
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
      this.#fail(new Error('the server closed the connection before its answer was complete'));
    });
    this.#socket = socket;
    return socket;
  }

  #read(buffer: Buffer, count: number): void {
    if (this.#pending === undefined) {
      this.close();
      return;
    }
    if (this.#bodyMissing > 0) {
      this.#bodyMissing -= count;
    } else {
      const start = this.#readHead(buffer, count);
      if (start < 0) return;
      this.#bodyMissing = this.#bodyBytes - (count - start);
    }
    if (this.#bodyMissing < 0) this.#fail(new Error('the answer is longer than its Content-Length'));
    else if (this.#bodyMissing === 0) this.#finish();
  }

  /** Where the body starts in this piece, or -1 while the head is incomplete or has been refused. */
  #readHead(buffer: Buffer, count: number): number {
    const before = this.#head.length;
    this.#head += buffer.toString('latin1', 0, Math.min(count, MAX_HEAD_BYTES));
    const end = this.#head.indexOf('\r\n\r\n', Math.max(0, before - 3));
    if (end < 0) {
      if (this.#head.length > MAX_HEAD_BYTES) this.#fail(new Error('the head of the answer does not end'));
      return -1;
    }
    this.#head = this.#head.slice(0, end + 2);
    this.#status = Number(this.#head.slice(9, 12));
    if (this.#bodyBytes < 0) {
      const length = headerOf(this.#head, 'content-length') ?? (this.#status === 204 ? '0' : undefined);
      if (length === undefined) {
        this.#fail(new Error(`an answer without Content-Length: ${this.#head.split('\r\n', 1)[0]}`));
        return -1;
      }
      this.#bodyBytes = Number(length);
    }
    return end + 4 - before;
  }

  #finish(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (headerOf(this.#head, 'connection')?.toLowerCase() === 'close') this.close();
    pending?.resolve({ status: this.#status, head: this.#head, bodyBytes: this.#bodyBytes });
  }

  #fail(error: Error): void {
    const pending = this.#pending;
    this.#pending = undefined;
    this.#bodyMissing = 0;
    this.close();
    pending?.reject(error);
  }
}

function lengthOf(body: Body = []): number {
  return body.reduce((sum, { length }) => sum + length, 0);
}

/** The value of one header of an answer's head. */
export function headerOf(head: string, name: string): string | undefined {
  return new RegExp(`\\r\\n${name}:[ \\t]*([^\\r]*)`, 'i').exec(head)?.[1]?.trim();
}
