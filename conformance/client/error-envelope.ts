// The error body of the spec (distribution-spec, Error Codes): its shape and the codes a 4xx answer may carry.
import type { Answer } from './answer.ts';

export const listedCodes: ReadonlySet<string> = new Set([
  'BLOB_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'BLOB_UPLOAD_UNKNOWN',
  'DIGEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'SIZE_INVALID',
  'UNAUTHORIZED',
  'DENIED',
  'UNSUPPORTED',
  'TOOMANYREQUESTS',
]);

export interface ErrorEntry {
  readonly code: string;
  readonly message?: unknown;
  readonly detail?: unknown;
}

/** The entries of the envelope; empty when the body is not one. */
export function errorEntries(answer: Answer): ErrorEntry[] {
  return envelopeProblem(answer) === undefined ? (answer.json() as { errors: ErrorEntry[] }).errors : [];
}

/** Says what keeps the body from being the envelope with listed codes; undefined when nothing does. */
export function envelopeProblem(answer: Answer): string | undefined {
  let body: unknown;
  try {
    body = answer.json();
  } catch {
    return 'the error body is not JSON';
  }
  if (typeof body !== 'object' || body === null || !('errors' in body) || !Array.isArray(body.errors)) {
    return 'the error body has no "errors" array';
  }
  if (body.errors.length === 0) return 'the "errors" array is empty';
  return body.errors.map(entryProblem).find((problem) => problem !== undefined);
}

function entryProblem(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null || !('code' in entry)) return 'an error entry has no "code"';
  const { code } = entry;
  if (typeof code !== 'string' || !/^[A-Z_]+$/.test(code)) return `code ${JSON.stringify(code)} is not upper case`;
  if (!listedCodes.has(code)) return `code ${code} is not on the spec's list`;
  if ('message' in entry && typeof entry.message !== 'string') return '"message" is not a string';
  return undefined;
}
