// Passwords that were right: bcrypt takes 60 ms by design, and clients show their password with every request.
import { createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Brand } from '../../oci/brand.ts';
import type { Clock } from '../../storage/clock.ts';
import type { PasswordHash } from './password-hash.ts';

/** A name with a password, as it can be kept: worth nothing to whoever reads the memory without the key. */
export type CredentialsKey = Brand<string, 'CredentialsKey'>;

interface Known {
  /** What it was right for: another hash is another password. */
  readonly hash: PasswordHash;
  readonly freshUntilMs: number;
}

const maxKnown = 10_000;
/** After the last use. */
const freshForMs = 60_000;

export class KnownPasswords {
  readonly #key = randomBytes(32);
  readonly #known = new LRUCache<CredentialsKey, Known>({ max: maxKnown });
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  keyOf(name: string, password: string): CredentialsKey {
    const text = `${name.length}:${name}:${password}`;
    return createHmac('sha256', this.#key).update(text).digest('base64') as CredentialsKey;
  }

  /** Whether they were right within the last minute. */
  areFresh(credentials: CredentialsKey, hash: PasswordHash): boolean {
    const known = this.#known.get(credentials);
    if (known?.hash !== hash || known.freshUntilMs <= this.#clock.elapsed()) return false;
    this.remember(credentials, hash);
    return true;
  }

  /** Whether they were right at some time: whoever shows them does not guess. */
  wereRight(credentials: CredentialsKey, hash: PasswordHash): boolean {
    return this.#known.peek(credentials)?.hash === hash;
  }

  remember(credentials: CredentialsKey, hash: PasswordHash): void {
    this.#known.set(credentials, { hash, freshUntilMs: this.#clock.elapsed() + freshForMs });
  }
}
