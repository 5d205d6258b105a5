// One request to whichever server lives, with its whole answer or the news that there was none.
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { Violation } from './model.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

export interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Without a length, in pieces of so many bytes. */
  readonly piecesOf?: number;
  /** The connection is broken off after so many bytes of the body. */
  readonly cutAfter?: number;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const longestAnswerMs = 90_000;

/** Undefined without an answer: the server was killed, or the client cut the line. An answer that says nobody knows (5xx) is none. */
export async function ask(url: string, method: string, path: string, asked: Asked = {}): Promise<Answer | undefined> {
  const answer = await send(url, method, path, asked);
  if (answer?.status === 500) throw new Violation(`${method} ${path}: 500 ${answer.bytes.toString().slice(0, 300)}`);
  return answer !== undefined && answer.status > 500 ? undefined : answer;
}

function send(url: string, method: string, path: string, asked: Asked): Promise<Answer | undefined> {
  const { body, piecesOf, cutAfter, headers = {} } = asked;
  const length = body === undefined || piecesOf !== undefined ? {} : { 'Content-Length': `${body.byteLength}` };
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { method, headers: { ...length, ...headers }, agent }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', () => resolve(undefined));
      answer.on('close', () => {
        if (!answer.complete) return resolve(undefined);
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes: Buffer.concat(chunks) });
      });
    });
    sent.setTimeout(longestAnswerMs, () => {
      reject(new Violation(`${method} ${path}: no answer for ${longestAnswerMs / 1_000} s`));
      sent.destroy();
    });
    sent.on('error', () => resolve(undefined));
    if (body === undefined) return sent.end();
    if (cutAfter !== undefined) {
      sent.write(body.subarray(0, cutAfter), () => setTimeout(() => sent.destroy(), 5));
      return;
    }
    const step = piecesOf ?? body.byteLength;
    for (let at = 0; at < body.byteLength; at += step) sent.write(body.subarray(at, at + step));
    sent.end();
  });
}
