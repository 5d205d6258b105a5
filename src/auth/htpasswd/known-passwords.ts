// Passwords that were right: bcrypt takes 60 ms by design, and clients show their password with every request.
import { hash, randomBytes } from 'node:crypto';
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
  /** Two keys as in HMAC, which is taken apart here: Node makes an object for one, and that costs more than both hashes (6 us, against 2). */
  readonly #innerKey = randomBytes(64).toString('base64');
  readonly #outerKey = randomBytes(64).toString('base64');
  readonly #known = new LRUCache<CredentialsKey, Known>({ max: maxKnown });
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  keyOf(name: string, password: string): CredentialsKey {
    const inner = hash('sha256', `${this.#innerKey}${name.length}:${name}:${password}`, 'base64');
    return hash('sha256', `${this.#outerKey}${inner}`, 'base64') as CredentialsKey;
  }

  /** Whether they were right within the last minute. */
  areFresh(credentials: CredentialsKey, ofHash: PasswordHash): boolean {
    const known = this.#known.get(credentials);
    if (known?.hash !== ofHash || known.freshUntilMs <= this.#clock.elapsed()) return false;
    this.remember(credentials, ofHash);
    return true;
  }

  /** Whether they were right at some time: whoever shows them does not guess. */
  wereRight(credentials: CredentialsKey, ofHash: PasswordHash): boolean {
    return this.#known.peek(credentials)?.hash === ofHash;
  }

  remember(credentials: CredentialsKey, ofHash: PasswordHash): void {
    this.#known.set(credentials, { hash: ofHash, freshUntilMs: this.#clock.elapsed() + freshForMs });
  }
}
