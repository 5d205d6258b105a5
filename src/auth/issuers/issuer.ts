// An issuer elsewhere whose tokens are taken: how they are verified, and who their holders are here.
import { createHash } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../../storage/clock.ts';
import type { Log } from '../../storage/log.ts';
import type { Account } from '../accounts.ts';
import { BadCredentialsError } from '../bad-credentials-error.ts';
import { anonymous } from '../principal.ts';
import { type ClaimRule, userOf } from './claim-rule.ts';
import type { IssuerKeys } from './issuer-keys.ts';

export interface IssuerRules {
  /** `iss`, as it stands in tokens. */
  readonly issuer: string;
  /** `aud`: one of them must be in the token, so that one for another service opens nothing here. */
  readonly audiences: readonly string[];
  readonly users: readonly ClaimRule[];
}

/** Of pairs of keys alone: with HS256 whoever knows the issuer's public key could sign. Never `none`. */
const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

/** Clocks of two machines. */
const clockToleranceS = 60;
/** Nobody can take a token back before it ends: workload identities live for minutes or for as long as a job. */
const longestLifeS = 24 * 3_600;
const sayAgainMs = 10 * 60_000;

export class Issuer {
  readonly rules: IssuerRules;
  /** Another one as soon as its rules are. */
  readonly generation: string;
  readonly #keys: IssuerKeys;
  readonly #clock: Clock;
  readonly #log: Log;
  #saidAtMs = Number.NEGATIVE_INFINITY;

  constructor(rules: IssuerRules, keys: IssuerKeys, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.rules = rules;
    this.generation = generationOf(rules);
    this.#keys = keys;
    this.#clock = clock;
    this.#log = log;
  }

  /** Throws BadCredentialsError, and UNAVAILABLE (503) where its keys cannot be had. */
  async accountOf(token: string): Promise<Account> {
    const claims = await this.#verified(token);
    const { exp = 0 } = claims;
    if (exp > this.#nowS() + longestLifeS + clockToleranceS) throw refused('it is good for more than a day');
    const user = userOf(this.rules.users, claims);
    if ('reason' in user) throw refused(user.reason);
    return {
      principal: { ...anonymous, ...user, kind: 'external', shown: 'basic' },
      generation: this.generation,
      endsAtMs: (exp + clockToleranceS) * 1_000,
    };
  }

  async #verified(token: string): Promise<JWTPayload> {
    try {
      return await this.#payloadOf(token, await this.#keys.current());
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw this.#refusalOf(error);
    }
    try {
      return await this.#payloadOf(token, await this.#keys.renewed());
    } catch (error) {
      throw this.#refusalOf(error);
    }
  }

  /** Keys come from the issuer's set alone: what the header of a token says of keys (`jku`, `x5u`, `jwk`) is not looked at. */
  async #payloadOf(token: string, keys: Awaited<ReturnType<IssuerKeys['current']>>): Promise<JWTPayload> {
    const { payload } = await jwtVerify(token, keys, {
      algorithms,
      issuer: this.rules.issuer,
      audience: [...this.rules.audiences],
      clockTolerance: clockToleranceS,
      requiredClaims: ['exp'],
      currentDate: new Date(this.#clock.now()),
    });
    return payload;
  }

  #refusalOf(error: unknown): unknown {
    if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf') this.#sayClock(error.payload);
    if (error instanceof errors.JOSEError) return refused(error.message);
    // A key that is too short, or none for the algorithm: the issuer's fault, or that of who made the token.
    return error instanceof TypeError ? refused('its key cannot be used') : error;
  }

  /** The signature was right: the issuer says that the token begins in our future. */
  #sayClock({ nbf = 0 }: JWTPayload): void {
    const nowMs = this.#clock.elapsed();
    if (nowMs - this.#saidAtMs < sayAgainMs) return;
    this.#saidAtMs = nowMs;
    const minutes = Math.round((nbf - this.#nowS()) / 60);
    const { issuer } = this.rules;
    this.#log.warn(`the clock of this machine is ${minutes} min behind that of an issuer: its tokens are refused`, {
      issuer,
    });
  }

  #nowS(): number {
    return Math.floor(this.#clock.now() / 1_000);
  }
}

function generationOf({ issuer, audiences, users }: IssuerRules): string {
  const written = users.map(({ claims, user, groups }) => {
    return [[...claims].map(([claim, patterns]) => [claim, patterns.map(({ text }) => text)]), user, groups];
  });
  return createHash('sha256')
    .update(JSON.stringify([issuer, audiences, written]))
    .digest('base64url');
}

function refused(reason: string): BadCredentialsError {
  return new BadCredentialsError(`the token of an issuer is refused: ${reason}`, { isToken: true });
}
