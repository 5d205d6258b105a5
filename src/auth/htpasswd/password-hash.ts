// What a bcrypt hash looks like: the only kind that is taken.
import { randomBytes } from 'node:crypto';
import type { Brand } from '../../oci/brand.ts';

/** `$2y$10$` and 53 characters of salt and hash; never shown to anybody. */
export type PasswordHash = Brand<string, 'PasswordHash'>;

/** Each step doubles the time of a check: at 14 it is a second, and all checks stand in one line. */
export const maxCost = 14;

/** What is hashed here: some 60 ms a check. */
export const usualCost = 10;

/** bcrypt reads no further, and nobody would be told. */
export const maxPasswordBytes = 72;

/** $2a$ and $2b$ are what others write; `htpasswd -B` writes $2y$. They are the same for UTF-8 text. $2x$ is that of a bug. */
const bcrypt = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const minCost = 4;

/** Of others that `htpasswd` and its kind write, with what is said of them. */
const others: readonly (readonly [RegExp, string])[] = [
  [/^\$(?:apr1|1)\$/, 'is an MD5 hash'],
  [/^\{S?SHA\}|^\$[56]\$/, 'is a SHA hash'],
  [/^\$2/, 'is no whole bcrypt hash'],
  [/^\$\w+\$/, 'is a hash of another kind'],
  [/^[./A-Za-z0-9]{13}$/, 'is a crypt hash, or no hash at all'],
  [/^$/, 'is empty'],
];

export function isPasswordHash(text: string): text is PasswordHash {
  return problemOfHash(text) === undefined;
}

/** Why it is not taken, to go on after "the password"; undefined when it is. Tells nothing of what it says. */
export function problemOfHash(text: string): string | undefined {
  const [, cost] = bcrypt.exec(text) ?? [];
  if (cost === undefined || Number(cost) < minCost) {
    return others.find(([pattern]) => pattern.test(text))?.[1] ?? 'is not hashed';
  }
  if (Number(cost) <= maxCost) return undefined;
  return `is a bcrypt hash of cost ${Number(cost)}; above ${maxCost} one login would keep all others waiting`;
}

export function costOf(hash: PasswordHash): number {
  return Number(bcrypt.exec(hash)?.[1]);
}

/** One that is nobody's: its check takes as long as that of a user, so that names cannot be told by the time. */
export function nobodysHash(cost: number): PasswordHash {
  const characters = randomBytes(80).toString('base64').replaceAll(/[+=]/g, '.').slice(0, 53);
  return `$2b$${String(cost).padStart(2, '0')}$${characters}` as PasswordHash;
}
