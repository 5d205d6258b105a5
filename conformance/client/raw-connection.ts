// A bare socket for what no HTTP library lets one send: bad requests, bodies that stop half-way, several requests in one
// packet. Answers are parsed just far enough to be judged.
import net from 'node:net';
import tls from 'node:tls';
import { Answer, type HeaderLines } from './answer.ts';

export class RawConnection {
  readonly #socket: net.Socket;
  readonly #toMoorage: boolean;
  readonly #received: Buffer[] = [];
  readonly #closed: Promise<void>;
  #isClosed = false;
  #wake: () => void = () => {};

  private constructor(socket: net.Socket, toMoorage: boolean) {
    this.#socket = socket;
    this.#toMoorage = toMoorage;
    socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#wake();
    });
    // A reset is one of the ways a connection ends; whether an answer came before it is what the checks look at.
    socket.on('error', () => {});
    this.#closed = new Promise((resolve) => {
      const end = (): void => {
        this.#isClosed = true;
        this.#wake();
        resolve();
      };
      socket.once('end', end);
      socket.once('close', end);
    });
  }

  static async open(baseUrl: URL, toMoorage: boolean): Promise<RawConnection> {
    const port = Number(baseUrl.port || (baseUrl.protocol === 'https:' ? 443 : 80));
    const host = baseUrl.hostname.replace(/^\[|\]$/g, '');
    const secure = baseUrl.protocol === 'https:';
    const socket = secure ? tls.connect({ host, port, servername: host }) : net.connect({ host, port });
    await new Promise<void>((resolve, reject) => {
      socket.once(secure ? 'secureConnect' : 'connect', resolve);
      socket.once('error', reject);
    });
    return new RawConnection(socket, toMoorage);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get receivedBytes(): number {
    return this.#received.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** Resolves when the bytes are handed to the kernel, or the connection is gone. */
  async write(data: string | Uint8Array): Promise<void> {
    if (this.#isClosed || this.#socket.destroyed) return;
    await Promise.race([
      new Promise<void>((resolve) => {
        this.#socket.write(data, () => resolve());
      }),
      this.#closed,
    ]);
  }

  /** Stops taking anything from the socket: the peer's send buffers fill up. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The connection as a crashed client leaves it. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Resolves to true when the server closes, to false when it still has not after `withinMs`. */
  async closes(withinMs: number): Promise<boolean> {
    return (await within(this.#closed, withinMs)) || this.#isClosed;
  }

  /** Waits until `count` whole answers came, the connection closed or `withinMs` passed; gives what is there. */
  async answers(count: number, withinMs = 60_000): Promise<Answer[]> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const found = parseAnswers(Buffer.concat(this.#received), this.#isClosed, this.#toMoorage);
      if (found.length >= count || this.#isClosed || Date.now() >= deadline) return found;
      const more = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await within(more, deadline - Date.now());
    }
  }
}

async function within(event: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.max(0, ms));
  });
  const happened = await Promise.race([event.then(() => true), timeout]);
  clearTimeout(timer);
  return happened;
}

/** Whole answers at the start of `bytes`; interim ones (100 Continue) included. */
function parseAnswers(bytes: Buffer, closed: boolean, toMoorage: boolean): Answer[] {
  const request = { method: '(raw bytes)', target: '', headers: {}, bodyBytes: 0, toMoorage };
  const answers: Answer[] = [];
  let rest = bytes;
  for (;;) {
    const headEnd = rest.indexOf('\r\n\r\n');
    if (headEnd < 0) return answers;
    const [statusLine = '', ...lines] = rest.subarray(0, headEnd).toString('latin1').split('\r\n');
    const status = Number(statusLine.split(' ')[1]);
    const headerLines: HeaderLines = lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    const head = new Answer(request, status, headerLines, Buffer.alloc(0));
    const length = bodyLength(head, rest.length - headEnd - 4, closed);
    if (length === undefined || rest.length < headEnd + 4 + length) return answers;
    const body = rest.subarray(headEnd + 4, headEnd + 4 + length);
    answers.push(new Answer(request, status, headerLines, body));
    rest = rest.subarray(headEnd + 4 + length);
  }
}

function bodyLength(head: Answer, available: number, closed: boolean): number | undefined {
  if (head.status < 200 || head.status === 204 || head.status === 304) return 0;
  const declared = head.header('Content-Length');
  if (declared !== undefined) return Number(declared);
  return closed ? available : undefined;
}
