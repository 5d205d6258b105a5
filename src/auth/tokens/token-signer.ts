// Signs tokens and verifies them: with our own keys, by one algorithm, whatever the token says of itself.
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { Clock } from '../../storage/clock.ts';
import type { Account } from '../accounts.ts';
import { BadCredentialsError } from '../bad-credentials-error.ts';
import type { GrantedScope } from '../granted-scope.ts';
import { claimsOf, ownIssuer, payloadOf, type TokenClaims, tokenLifetimeS } from './access-token.ts';
import { type SigningKey, signingAlgorithm } from './signing-key.ts';
import type { SigningKeys } from './signing-keys.ts';

/** `aud`, and the `service` of challenges. */
const audience = 'moorage';
const type = 'JWT';

/** A token that is good for longer than any of ours was made by a clock that has been set back since: it is not good for a year. */
const mostSetBackS = 24 * 3_600;

export interface SignedToken {
  readonly token: string;
  readonly expiresInS: number;
}

export interface VerifiedToken {
  readonly claims: TokenClaims;
  readonly key: SigningKey;
}

export class TokenSigner {
  readonly #keys: SigningKeys;
  readonly #clock: Clock;

  constructor(keys: SigningKeys, clock: Clock) {
    this.#keys = keys;
    this.#clock = clock;
  }

  /** Throws BadCredentialsError for an account that has ended. */
  async sign(account: Account, scope: GrantedScope): Promise<SignedToken> {
    const nowS = this.#nowS();
    const endsAtS = Math.floor((account.endsAtMs ?? Number.POSITIVE_INFINITY) / 1_000);
    const expiresInS = Math.min(tokenLifetimeS, endsAtS - nowS);
    if (expiresInS <= 0) throw new BadCredentialsError('the account has ended');
    const key = await this.#keys.signing();
    const token = await new SignJWT(payloadOf(account, scope, key))
      .setProtectedHeader({ alg: signingAlgorithm, typ: type, kid: key.kid })
      .setIssuer(ownIssuer)
      .setAudience(audience)
      .setIssuedAt(nowS)
      .setExpirationTime(nowS + expiresInS)
      .sign(key.secret);
    return { token, expiresInS };
  }

  /** Throws BadCredentialsError. Nothing of the token is looked at before its signature was right, but for the name of the key. */
  async verify(token: string): Promise<VerifiedToken> {
    const key = this.#keys.find(kidOf(token));
    if (key === undefined) throw refused('it was signed with no key of ours');
    const claims = claimsOf(await this.#payloadOf(token, key));
    if (claims === undefined) throw refused('it has claims that are not ours');
    if (claims.endsAtMs / 1_000 > this.#nowS() + tokenLifetimeS + mostSetBackS) throw refused('it ends too late');
    return { claims, key };
  }

  async #payloadOf(token: string, { secret }: SigningKey): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, secret, {
        algorithms: [signingAlgorithm],
        issuer: ownIssuer,
        audience,
        typ: type,
        requiredClaims: ['exp', 'sub'],
        currentDate: new Date(this.#clock.now()),
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JOSEError) throw refused(error.code);
      throw error;
    }
  }

  #nowS(): number {
    return Math.floor(this.#clock.now() / 1_000);
  }
}

function kidOf(token: string): string {
  try {
    return decodeProtectedHeader(token).kid ?? '';
  } catch {
    // No JWT at all, and so no key of ours.
    return '';
  }
}

export function refused(reason: string): BadCredentialsError {
  return new BadCredentialsError(`the token is refused: ${reason}`, { isToken: true });
}
