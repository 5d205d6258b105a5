// A key that tokens are signed with, and its file. One algorithm, HMAC with SHA-256: nobody but our own processes checks our tokens.
import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';

export const signingAlgorithm = 'HS256';

export interface SigningKey {
  /** The name of its file; in the header of its tokens, where it only says which of our own keys to take. */
  readonly kid: string;
  readonly createdAtMs: number;
  readonly secret: KeyObject;
}

const secretBytes = 32;
const kidForm = /^[0-9a-f]{32}$/;

export function newSigningKey(nowMs: number): SigningKey {
  return {
    kid: randomBytes(16).toString('hex'),
    createdAtMs: nowMs,
    secret: createSecretKey(randomBytes(secretBytes)),
  };
}

/** The same for all who know the seed. */
export function derivedKey(seed: Uint8Array, createdAtMs: number): SigningKey {
  const derived = (what: string) => createHmac('sha256', seed).update(`${what} ${createdAtMs}`).digest();
  return { kid: derived('kid').toString('hex', 0, 16), createdAtMs, secret: createSecretKey(derived('secret')) };
}

export function isKid(name: string): boolean {
  return kidForm.test(name);
}

/** A JSON Web Key (RFC 7517) with the time that it was made. */
export function writtenKey({ kid, createdAtMs, secret }: SigningKey): string {
  const created = new Date(createdAtMs).toISOString();
  const k = secret.export().toString('base64url');
  return `${JSON.stringify({ kty: 'oct', alg: signingAlgorithm, kid, created, k })}\n`;
}

/** Undefined for what we never wrote. */
export function parseKey(kid: string, text: string): SigningKey | undefined {
  const key = jsonOf(text);
  if (typeof key !== 'object' || key === null) return undefined;
  const { kty, alg, kid: named, created, k } = key as Readonly<Record<string, unknown>>;
  if (kty !== 'oct' || alg !== signingAlgorithm || named !== kid) return undefined;
  if (typeof created !== 'string' || typeof k !== 'string') return undefined;
  const createdAtMs = Date.parse(created);
  const bytes = Buffer.from(k, 'base64url');
  if (Number.isNaN(createdAtMs) || bytes.byteLength !== secretBytes) return undefined;
  return { kid, createdAtMs, secret: createSecretKey(bytes) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Cut off, or somebody else's: the caller says so.
    return undefined;
  }
}
