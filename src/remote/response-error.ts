// An answer that refuses something, as the RegistryError that it stands for.
import { type ErrorCode, RegistryError } from '../oci/error-code.ts';
import { isError } from '../oci/is-error.ts';
import { printableText } from '../oci/printable-text.ts';
import type { HttpAnswer } from './http-answer.ts';
import { TransientError } from './remote-error.ts';

export interface Sought {
  /** What was asked for, for the message: `localhost:5000/team/app:v1`. */
  readonly sought: string;
  /** What a 404 means when the answer names no code of the spec. */
  readonly unknown: ErrorCode;
}

const maxErrorBytes = 64 * 1024;
const maxShown = 300;

/** Worth another try; other 5xx (501, 505) stay as they are. */
export function isPassing(status: number): boolean {
  return status === 429 || status === 500 || status === 502 || status === 503 || status === 504;
}

/** Reads the envelope of the spec when there is one (distribution-spec, Error Codes), else plain text. */
export async function refusalOf(answer: HttpAnswer, { sought, unknown }: Sought): Promise<RegistryError> {
  const body = await bodyOf(answer);
  const { code, text } = firstEntry(body) ?? { code: '', text: isPlainText(answer) ? body.trim() : '' };
  const meant = codeOf(answer.status, code, unknown);
  const said = text === '' ? '' : ` (${printableText(text, maxShown)})`;
  const status = answer.status === 404 ? '' : `, HTTP ${answer.status}`;
  const detail = `${sought}${status}${said}`;
  // "Internal error" would be ours, and this is theirs.
  const message = meant === 'UNKNOWN' ? { message: 'the registry gave an unexpected answer' } : {};
  return new RegistryError(meant, { ...message, detail, status: answer.status });
}

/** Go answers so when plain HTTP reaches an HTTPS port; a page of HTML says nothing in a line. */
function isPlainText({ headers }: HttpAnswer): boolean {
  return (headers.get('content-type') ?? 'text/plain').startsWith('text/plain');
}

/** 404 has several meanings, of which the registry may know better than we do. */
const notFound: ReadonlySet<string> = new Set<ErrorCode>(['NAME_UNKNOWN', 'MANIFEST_UNKNOWN', 'BLOB_UNKNOWN']);

/** What is wrong with what was pushed, which the status does not tell. */
const invalid: ReadonlySet<string> = new Set<ErrorCode>([
  'BLOB_UPLOAD_INVALID',
  'DIGEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_INVALID',
  'NAME_INVALID',
  'SIZE_INVALID',
]);

function codeOf(status: number, code: string, unknown: ErrorCode): ErrorCode {
  if (status >= 400 && status < 500 && invalid.has(code)) return code as ErrorCode;
  if (status === 404) return notFound.has(code) ? (code as ErrorCode) : unknown;
  if (status === 401) return 'UNAUTHORIZED';
  if (status === 403) return 'DENIED';
  if (status === 405 || status === 501) return 'UNSUPPORTED';
  if (status === 429) return 'TOOMANYREQUESTS';
  return status >= 500 ? 'UNAVAILABLE' : 'UNKNOWN';
}

/** A body that is too long or breaks off says nothing more than the status did. */
async function bodyOf(answer: HttpAnswer): Promise<string> {
  try {
    return (await answer.bytes(maxErrorBytes)).toString('utf8');
  } catch (error) {
    if (isError(error) && !(error instanceof TransientError)) return '';
    throw error;
  }
}

function firstEntry(body: string): { readonly code: string; readonly text: string } | undefined {
  const entry = parsed(body)?.errors?.[0];
  if (entry === undefined || entry === null) return undefined;
  const text = typeof entry.message === 'string' ? entry.message : '';
  return { code: typeof entry.code === 'string' ? entry.code : '', text };
}

interface Envelope {
  readonly errors?: readonly ({ readonly code?: unknown; readonly message?: unknown } | null)[];
}

/** Anything may stand there: a page of a proxy, for one. */
function parsed(body: string): Envelope | undefined {
  try {
    const json: unknown = JSON.parse(body);
    if (typeof json !== 'object' || json === null || !('errors' in json) || !Array.isArray(json.errors))
      return undefined;
    return json as Envelope;
  } catch {
    return undefined;
  }
}
