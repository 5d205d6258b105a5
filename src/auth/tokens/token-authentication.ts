// Who shows a token of ours: verified once, then looked up, and asked for again with each use, since a token ends with its user.
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../storage/clock.ts';
import type { Account, Accounts } from '../accounts.ts';
import type { Tokens } from '../authentication.ts';
import { anonymous, type Grant, type Principal } from '../principal.ts';
import type { CertificateUser } from '../shown-credentials.ts';
import { sealOf, type TokenClaims } from './access-token.ts';
import type { SigningKeys } from './signing-keys.ts';
import { refused, type TokenSigner, type VerifiedToken } from './token-signer.ts';

export interface TokenAuthenticationOptions {
  readonly signer: TokenSigner;
  readonly keys: SigningKeys;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly external: ExternalHolders | undefined;
  readonly clock: Clock;
  /** How many are one server: what it remembers is divided by it. */
  readonly processes?: number;
}

/** Tokens of issuers elsewhere. */
export interface ExternalHolders {
  /** Of each issuer, as it is configured now: what it vouched for by other rules holds no more. */
  readonly generations: readonly string[];
  /** Undefined for a token that no known issuer has issued. Throws BadCredentialsError. */
  accountOf(token: string): Account | Promise<Account> | undefined;
}

/** Characters: of all tokens that are remembered, and of one. */
const mostRemembered = 16 * 1024 * 1024;
const longestToken = 12 * 1024;

export class TokenAuthentication implements Tokens {
  readonly #options: TokenAuthenticationOptions;
  /** By their signatures, which are shorter to look up; the whole text is compared after that. */
  readonly #known: LRUCache<string, KnownToken>;
  /** The one that was shown last: clients send one token many times in a row, and looking among all costs more than the rest of a check. */
  #last: KnownToken | undefined;
  readonly #external = new WeakMap<Principal, Principal>();
  #keysVersion: number;

  constructor(options: TokenAuthenticationOptions) {
    this.#options = options;
    this.#known = new LRUCache({
      maxSize: Math.floor(mostRemembered / (options.processes ?? 1)),
      sizeCalculation: ({ token }) => token.length,
    });
    this.#keysVersion = options.keys.version;
  }

  /** Throws BadCredentialsError. Synchronous for a token that was shown before, and then the same object while nothing changed. */
  authenticate(token: string, certificate: CertificateUser | undefined): Principal | Promise<Principal> {
    this.#forgetWithKeys();
    const known = this.#last?.token === token ? this.#last : this.#known.get(signatureOf(token));
    if (known?.token === token) {
      this.#last = known;
      return this.#principalOf(known, certificate);
    }
    if (token.length > longestToken) throw refused('it is too long');
    const account = this.#options.external?.accountOf(token);
    if (account === undefined) return this.#verified(token, certificate);
    return account instanceof Promise ? account.then((each) => this.#shownBy(each)) : this.#shownBy(account);
  }

  /** Of an issuer elsewhere: it is for whatever its holder may. */
  #shownBy({ principal }: Account): Principal {
    const known = this.#external.get(principal) ?? { ...principal, shown: 'bearer' };
    this.#external.set(principal, known);
    return known;
  }

  async #verified(token: string, certificate: CertificateUser | undefined): Promise<Principal> {
    const known = new KnownToken(token, await this.#options.signer.verify(token));
    const principal = this.#principalOf(known, certificate);
    this.#known.set(signatureOf(token), known);
    return principal;
  }

  #principalOf(known: KnownToken, certificate: CertificateUser | undefined): Principal {
    const { endsAtMs } = known.claims;
    if (this.#options.clock.now() >= endsAtMs) throw refused('it has ended');
    return known.as(this.#holderOf(known, certificate));
  }

  /** As of now; throws where there is none any more. */
  #holderOf(known: KnownToken, certificate: CertificateUser | undefined): RightsSource {
    const { kind, name } = known.claims;
    switch (kind) {
      case 'anonymous':
        return anonymous;
      case 'user':
      case 'robot':
        return this.#accountOf(known, kind, name ?? '').principal;
      case 'certificate':
        // Good only with the certificate that it was given for: whoever took it has not got that, and it ends with it.
        if (certificate === undefined || certificate.name !== name) throw refused('its certificate was not shown');
        return certificate;
      case 'external':
        if (this.#options.external?.generations.some((generation) => known.isOf(generation)) !== true) {
          throw refused('its issuer is not, or not so, configured any more');
        }
        return known.claims;
    }
  }

  #accountOf(known: KnownToken, kind: 'user' | 'robot', name: string): Account {
    const account = this.#options.accounts.find(kind, name);
    if (account === undefined) throw refused('its user is gone');
    if (!known.isOf(account.generation)) throw refused('the password was changed');
    if (account.endsAtMs !== undefined && this.#options.clock.now() >= account.endsAtMs)
      throw refused('its user has ended');
    return account;
  }

  #forgetWithKeys(): void {
    const { version } = this.#options.keys;
    if (version === this.#keysVersion) return;
    this.#keysVersion = version;
    this.#known.clear();
    this.#last = undefined;
  }
}

function signatureOf(token: string): string {
  return token.slice(token.lastIndexOf('.') + 1);
}

/** Where the rights of a token's holder come from. */
interface RightsSource {
  readonly groups: readonly string[];
  readonly grant?: Grant | undefined;
}

/** A token whose signature is right. */
class KnownToken {
  readonly token: string;
  readonly claims: TokenClaims;
  readonly #key: VerifiedToken['key'];
  /** The generation that fits its seal, once it was found. */
  #generation: string | undefined;
  #holder: RightsSource | undefined;
  #principal: Principal | undefined;

  constructor(token: string, { claims, key }: VerifiedToken) {
    this.token = token;
    this.claims = claims;
    this.#key = key;
  }

  isOf(generation: string): boolean {
    if (this.#generation !== undefined) return this.#generation === generation;
    if (sealOf(this.#key, generation) !== this.claims.seal) return false;
    this.#generation = generation;
    return true;
  }

  /** The same one for the same holder: rights are remembered by it. */
  as(holder: RightsSource): Principal {
    if (this.#principal !== undefined && holder === this.#holder) return this.#principal;
    const { name, kind, scope } = this.claims;
    const { groups, grant } = holder;
    this.#holder = holder;
    this.#principal = { name, kind, groups, shown: 'bearer', scope, grant };
    return this.#principal;
  }
}
