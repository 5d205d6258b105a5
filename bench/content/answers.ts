// The answers of the bare node:http server: path, headers and bytes, kept as one JSON list and one file of bodies.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface StoredAnswer {
  readonly path: string;
  readonly contentType: string;
  /** Sent as Docker-Content-Digest and ETag; empty for answers that have none. */
  readonly digest: string;
  readonly body: Buffer;
}

interface ListedAnswer extends Omit<StoredAnswer, 'body'> {
  readonly start: number;
  readonly end: number;
}

export function writeAnswers(root: string, answers: readonly StoredAnswer[]): void {
  mkdirSync(root, { recursive: true });
  let start = 0;
  const list = answers.map(({ body, ...rest }): ListedAnswer => {
    const end = start + body.length;
    const listed = { ...rest, start, end };
    start = end;
    return listed;
  });
  writeFileSync(join(root, 'answers.json'), JSON.stringify(list));
  writeFileSync(join(root, 'bodies'), Buffer.concat(answers.map((answer) => answer.body)));
}

export function readAnswers(root: string): StoredAnswer[] {
  const bodies = readFileSync(join(root, 'bodies'));
  const list = JSON.parse(readFileSync(join(root, 'answers.json'), 'utf8')) as ListedAnswer[];
  return list.map(({ start, end, ...rest }) => ({ ...rest, body: bodies.subarray(start, end) }));
}
