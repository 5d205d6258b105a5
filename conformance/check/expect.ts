// What a check states about an answer. A statement that does not hold throws CheckFailure with the exchange attached.
import { type Answer, describeExchange } from '../client/answer.ts';
import { envelopeProblem, errorEntries } from '../client/error-envelope.ts';

export class CheckFailure extends Error {
  override readonly name = 'CheckFailure';
  readonly exchange: string | undefined;

  constructor(message: string, exchange?: Answer | string) {
    super(message);
    this.exchange = exchange === undefined || typeof exchange === 'string' ? exchange : describeExchange(exchange);
  }
}

/** The target legally does not offer what the check is about. A registry of our own is never skipped. */
export class CheckSkip extends Error {
  override readonly name = 'CheckSkip';
}

/** The check needs a server with another setting, and none was started. */
export class VariantMissing extends CheckSkip {}

/** Ends the check as failed. */
export function fail(message: string, answer?: Answer): never {
  throw new CheckFailure(message, answer);
}

/** Ends the check as skipped. */
export function skip(reason: string): never {
  throw new CheckSkip(reason);
}

export function expectStatus(answer: Answer, ...allowed: readonly number[]): void {
  if (!allowed.includes(answer.status)) fail(`status ${answer.status}, expected ${allowed.join(' or ')}`, answer);
}

/** The value of a header that must be there, and must be `expected` when that is given. */
export function expectHeader(answer: Answer, name: string, expected?: string | RegExp): string {
  const value = answer.header(name);
  if (value === undefined) return fail(`no ${name} header`, answer);
  const holds = expected === undefined || (typeof expected === 'string' ? value === expected : expected.test(value));
  return holds ? value : fail(`${name} is "${value}", expected ${expected}`, answer);
}

export function expectNoHeader(answer: Answer, name: string): void {
  const value = answer.header(name);
  if (value !== undefined) fail(`${name} is "${value}", expected none`, answer);
}

export function expectBody(answer: Answer, bytes: Uint8Array): void {
  if (!answer.body.equals(bytes)) {
    fail(`the body has ${answer.body.length} bytes and is not the expected ${bytes.length} bytes`, answer);
  }
}

export function expectEmptyBody(answer: Answer): void {
  if (answer.body.length > 0) fail(`a body of ${answer.body.length} bytes, expected none`, answer);
}

/**
 * The status and, from moorage, the spec's envelope with one of `codes` (when given) as its first code. Elsewhere the
 * body is free, but a JSON one is held against the envelope by client/observations.ts.
 */
export function expectError(answer: Answer, statuses: number | readonly number[], ...codes: readonly string[]): void {
  expectStatus(answer, ...[statuses].flat());
  if (!answer.request.toMoorage) return;
  const problem = envelopeProblem(answer);
  if (problem !== undefined) fail(problem, answer);
  const code = errorEntries(answer)[0]?.code ?? '';
  if (codes.length > 0 && !codes.includes(code)) fail(`code ${code}, expected ${codes.join(' or ')}`, answer);
}

/** Deep equality by value; for lists and JSON. */
export function expectEqual(actual: unknown, expected: unknown, what: string, answer?: Answer): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (got !== wanted) fail(`${what}: got ${shorten(got)}, expected ${shorten(wanted)}`, answer);
}

export function expectTrue(holds: boolean, otherwise: string, answer?: Answer): void {
  if (!holds) fail(otherwise, answer);
}

function shorten(text: string | undefined): string {
  if (text === undefined) return 'nothing';
  return text.length > 500 ? `${text.slice(0, 500)}...` : text;
}

/** 202 for a delete; a registry that has switched deletes off is skipped. */
export function expectDeleted(answer: Answer): void {
  if (answer.status === 405) skip('deletes are switched off: 405');
  expectStatus(answer, 202);
}
