// Tokens of issuers elsewhere, wherever they are shown: as Bearer, or in place of a password. Verified once, then looked up until they end.
import { decodeJwt } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../storage/clock.ts';
import type { Account } from '../accounts.ts';
import type { Issuer } from './issuer.ts';

/** Then it is verified again: its issuer may have taken back the key. */
const rememberedForMs = 10 * 60_000;
/** Characters: of all tokens that are remembered, and of one. */
const mostRemembered = 4 * 1024 * 1024;
const longestToken = 12 * 1024;

export class ExternalTokens {
  readonly #issuers: ReadonlyMap<string, Issuer>;
  readonly #clock: Clock;
  readonly #known = new LRUCache<string, Account>({
    ttl: rememberedForMs,
    maxSize: mostRemembered,
    sizeCalculation: (_account, token) => token.length,
  });
  /** Parallel requests of one job wait for one check. */
  readonly #pending = new Map<string, Promise<Account>>();

  constructor(issuers: readonly Issuer[], clock: Clock) {
    this.#issuers = new Map(issuers.map((issuer) => [issuer.rules.issuer, issuer]));
    this.#clock = clock;
  }

  get generations(): readonly string[] {
    return [...this.#issuers.values()].map(({ generation }) => generation);
  }

  /** Undefined for what none of the issuers has issued, such as a password. Throws BadCredentialsError. */
  accountOf(token: string): Account | Promise<Account> | undefined {
    const known = this.#known.get(token);
    if (known !== undefined && this.#clock.now() < (known.endsAtMs ?? 0)) return known;
    if (!mayBeToken(token)) return undefined;
    const issuer = this.#issuers.get(issuerOf(token) ?? '');
    if (issuer === undefined) return undefined;
    const pending = this.#pending.get(token) ?? this.#check(token, issuer);
    this.#pending.set(token, pending);
    return pending;
  }

  async #check(token: string, issuer: Issuer): Promise<Account> {
    try {
      const account = await issuer.accountOf(token);
      this.#known.set(token, account);
      return account;
    } finally {
      this.#pending.delete(token);
    }
  }
}

/** Three parts, the first of which begins an object: asked before anything is parsed. */
function mayBeToken(text: string): boolean {
  return text.length <= longestToken && /^ey[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}

/** As the token claims, before it is verified: it says only whose keys are tried. */
function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    // Whatever it is, no issuer made it.
    return undefined;
  }
}
