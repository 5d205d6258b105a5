// What real clients sent (recorded/), changed until it is nearly the same, and bytes that were never HTTP.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Draws } from '../support/draws.ts';
import type { Attack } from './attack.ts';
import type { Credential } from './grammar.ts';

interface RecordedRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  /** In base64. */
  readonly body: string;
}

/** In the sources, beside this file as it was written: the compiler takes no JSON along. */
const directory = fileURLToPath(new URL('../../../test/fuzz/recorded/', import.meta.url));

export function readRecorded(): readonly RecordedRequest[] {
  const files = readdirSync(directory).filter((name) => name.endsWith('.json'));
  return files.flatMap((name) => JSON.parse(readFileSync(`${directory}${name}`, 'utf8')) as RecordedRequest[]);
}

/** Framed as it should be, so that the answer is that to this request. */
export function replayAttack(draws: Draws, recorded: readonly RecordedRequest[], { header, user }: Credential): Attack {
  const { method, target, headers, body } = draws.of(recorded);
  const bytes = draws.chance(0.3) ? mutated(draws, Buffer.from(body, 'base64')) : Buffer.from(body, 'base64');
  const kept = headers.filter(() => !draws.chance(0.1));
  const lines = [
    `${draws.chance(0.05) ? draws.of(['GET', 'PUT', 'DELETE', 'HEAD']) : method} ${draws.chance(0.3) ? otherTarget(draws, target) : target} HTTP/1.1`,
    'Host: 127.0.0.1',
    ...kept.map(([name, value]) => `${name}: ${draws.chance(0.1) ? value.slice(draws.below(value.length)) : value}`),
    ...(header === undefined ? [] : [`Authorization: ${header}`]),
    `Content-Length: ${bytes.length}`,
  ];
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return {
    bytes: Buffer.concat([head, bytes]),
    isHead: lines[0]?.startsWith('HEAD') === true,
    meant: undefined,
    shownBy: user,
  };
}

function otherTarget(draws: Draws, target: string): string {
  const parts = target.split('/');
  parts[draws.below(parts.length)] = draws.of([
    'vault',
    'keys',
    '..',
    '',
    'blobs',
    'v2',
    '%2e%2e',
    'sha256:0',
    'uploads',
    'A',
  ]);
  return `/${parts.join('/').replace(/^\/+/, '')}`.replaceAll(' ', '');
}

/** Whatever the bytes may mean: the connection is not used again. */
export function bytesAttack(draws: Draws, like: Attack): Attack {
  const bytes = draws.chance(0.2) ? draws.bytes(1 + draws.below(300)) : mutated(draws, like.bytes);
  return { ...like, bytes, meant: undefined };
}

function mutated(draws: Draws, bytes: Buffer): Buffer {
  let changed = Buffer.from(bytes);
  for (let left = 1 + draws.below(4); left > 0; left -= 1) {
    const at = draws.below(changed.length + 1);
    const [before, after] = [changed.subarray(0, at), changed.subarray(at)];
    const inserted = draws.of([
      () => draws.bytes(1 + draws.below(8)),
      () =>
        Buffer.from(
          draws.of([
            '\r\n',
            '\n',
            '\r\n\r\n',
            '\0',
            ' ',
            ':',
            'Transfer-Encoding: chunked\r\n',
            'Content-Length: 5\r\n',
            '0\r\n\r\n',
          ]),
        ),
      () => changed.subarray(draws.below(changed.length + 1)).subarray(0, 40),
    ])();
    changed = Buffer.concat([
      before,
      inserted,
      draws.chance(0.5) ? after : after.subarray(draws.below(after.length + 1)),
    ]);
  }
  return changed;
}
