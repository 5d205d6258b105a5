// What stands in a token of ours (a JWT, RFC 7519): who it was given to, and what for.
import { createHmac } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { Account } from '../accounts.ts';
import type { GrantedScope, ScopeEntry } from '../granted-scope.ts';
import type { Principal } from '../principal.ts';
import type { SigningKey } from './signing-key.ts';

/** `iss` of ours: no issuer elsewhere can have it, since theirs are URLs. */
export const ownIssuer = 'moorage';

/** How long a token is good for. It ends with its user in any case, so this bounds what a token is worth that was stolen. */
export const tokenLifetimeS = 300;

/** What a token says of its holder. */
export interface TokenClaims {
  readonly kind: Principal['kind'];
  /** Undefined for anonymous. */
  readonly name: string | undefined;
  /** Of whoever comes from elsewhere; those of a user are looked up with each use. */
  readonly groups: readonly string[];
  /** Of the account's generation: who holds the token learns nothing about the password. */
  readonly seal: string;
  readonly scope: GrantedScope;
  readonly endsAtMs: number;
}

const kinds: ReadonlySet<unknown> = new Set<Principal['kind']>([
  'anonymous',
  'user',
  'robot',
  'certificate',
  'external',
]);

/** Says so much about an account's password that it is known to be another one when it is. */
export function sealOf({ secret }: SigningKey, generation: string): string {
  return createHmac('sha256', secret).update(`generation ${generation}`).digest('base64url');
}

/** Without `nbf`: a clock that is set back would make fresh tokens invalid, and nobody gets one early. `exp` and `iat` are set by who signs. */
export function payloadOf({ principal, generation }: Account, scope: GrantedScope, key: SigningKey): JWTPayload {
  const { kind, name = '', groups } = principal;
  const isFromElsewhere = kind === 'external';
  return {
    sub: name,
    kind,
    ...(isFromElsewhere ? { groups } : {}),
    seal: sealOf(key, generation),
    access: scope,
  };
}

/** Undefined for what another version of us may have signed. */
export function claimsOf({ sub, exp, kind, groups = [], seal, access }: JWTPayload): TokenClaims | undefined {
  if (typeof sub !== 'string' || exp === undefined || !kinds.has(kind) || typeof seal !== 'string') return undefined;
  if (!isTexts(groups) || !Array.isArray(access) || !access.every(isEntry)) return undefined;
  if ((sub === '') !== (kind === 'anonymous')) return undefined;
  return {
    kind: kind as Principal['kind'],
    name: sub === '' ? undefined : sub,
    groups,
    seal,
    scope: access,
    endsAtMs: exp * 1_000,
  };
}

function isEntry(value: unknown): value is ScopeEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { type, name, actions } = value as Readonly<Record<string, unknown>>;
  return typeof type === 'string' && typeof name === 'string' && isTexts(actions);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
