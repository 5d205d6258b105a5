// Rules that hold for every single answer, whatever was asked: each answer of a run passes here, and the checks of
// checks/every-answer.ts ask at the end what was seen.
import { createHash } from 'node:crypto';
import { type Answer, describeExchange } from './answer.ts';
import { envelopeProblem } from './error-envelope.ts';

export type Rule =
  | 'envelope'
  | 'no-server-error'
  | 'retry-after'
  | 'warning'
  | 'digest'
  | 'location'
  | 'allow'
  | 'no-content'
  | 'nothing-internal';

export interface Violation {
  readonly problem: string;
  readonly exchange: string;
}

const keptPerRule = 3;

export class Observations {
  readonly #violations = new Map<Rule, Violation[]>();
  answers = 0;

  observe(answer: Answer): void {
    this.answers += 1;
    for (const [rule, judge] of rules) {
      const problem = judge(answer);
      if (problem === undefined) continue;
      const known = this.#violations.get(rule) ?? [];
      if (known.length < keptPerRule) known.push({ problem, exchange: describeExchange(answer) });
      this.#violations.set(rule, known);
    }
  }

  violations(rule: Rule): readonly Violation[] {
    return this.#violations.get(rule) ?? [];
  }
}

type Judge = (answer: Answer) => string | undefined;

const rules: readonly (readonly [Rule, Judge])[] = [
  ['envelope', judgeEnvelope],
  ['no-server-error', ({ status }) => (status >= 500 ? `answered ${status}` : undefined)],
  ['retry-after', judgeRetryAfter],
  ['warning', judgeWarning],
  ['digest', judgeDigest],
  ['location', judgeLocation],
  ['allow', (answer) => (answer.status === 405 && !answer.header('Allow') ? '405 without Allow' : undefined)],
  ['no-content', judgeNoContent],
  ['nothing-internal', judgeInternals],
];

function judgeEnvelope(answer: Answer): string | undefined {
  if (answer.status < 400 || answer.status > 499 || !answer.isJson || answer.body.length === 0) return undefined;
  return envelopeProblem(answer);
}

function judgeRetryAfter(answer: Answer): string | undefined {
  return answer.status === 429 && answer.header('Retry-After') === undefined ? '429 without Retry-After' : undefined;
}

/** distribution-spec, Warnings: code 299, agent "-", quoted text, no date, 4096 bytes in all. */
function judgeWarning(answer: Answer): string | undefined {
  const lines = answer.headers('Warning');
  const bad = lines.find((line) => !/^299 - "(?:[^"\\]|\\.)*"$/.test(line));
  if (bad !== undefined) return `Warning is not of the form 299 - "text": ${bad}`;
  const total = lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
  return total > 4096 ? `${total} bytes of Warning` : undefined;
}

/** A Docker-Content-Digest beside a whole body must be the digest of that body. */
function judgeDigest(answer: Answer): string | undefined {
  const digest = answer.header('Docker-Content-Digest');
  if (digest === undefined || answer.status !== 200 || answer.request.method !== 'GET') return undefined;
  const [algorithm = '', encoded] = digest.split(':');
  if (algorithm !== 'sha256' && algorithm !== 'sha512') return `unknown algorithm in Docker-Content-Digest ${digest}`;
  const actual = createHash(algorithm).update(answer.body).digest('hex');
  return actual === encoded ? undefined : `Docker-Content-Digest ${digest}, but the body is ${algorithm}:${actual}`;
}

/** containerd takes a Location that neither starts with "/" nor holds "://" for a host name. */
function judgeLocation(answer: Answer): string | undefined {
  const location = answer.header('Location');
  if (location === undefined || /^\/[^/]/.test(location) || /^https?:\/\//.test(location)) return undefined;
  return `Location is neither a path nor a URL: ${location}`;
}

function judgeNoContent(answer: Answer): string | undefined {
  if (answer.status !== 204) return undefined;
  if (answer.body.length > 0) return '204 with a body';
  const length = answer.header('Content-Length');
  return length === undefined || length === '0' ? undefined : `204 with Content-Length ${length}`;
}

const internals = [/node_modules/, /\bat .+:\d+:\d+\)?/, /\b(ENOENT|EACCES|EEXIST|ENOTDIR|EISDIR|EINVAL)\b/, /\/tmp\//];

function judgeInternals(answer: Answer): string | undefined {
  if (answer.status < 400 || answer.request.method === '(raw bytes)') return undefined;
  const text = answer.body.subarray(0, 65_536).toString('utf8');
  const leak = internals.find((pattern) => pattern.test(text));
  return leak === undefined ? undefined : `the error body shows internals (${leak.source})`;
}
