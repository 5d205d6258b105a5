// Who the clients are that show a certificate: decided once for each connection, and again when the CAs change or a certificate ends.
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { CertificateUser } from '../auth/shown-credentials.ts';
import type { Clock } from '../storage/clock.ts';
import { namesOf } from './certificate-names.ts';
import { type ClientAuthorities, chainTo } from './client-authorities.ts';
import { type ClientUserRule, userOf } from './client-user-rules.ts';
import type { Certificates } from './key-pair.ts';
import { type Lifetime, lifetimeOf, stateAt } from './validity.ts';

export type ClientIdentity =
  | { readonly kind: 'none' }
  | { readonly kind: 'user'; readonly user: CertificateUser }
  | { readonly kind: 'nobody' | 'refused'; readonly reason: string };

interface JudgedClient {
  readonly identity: ClientIdentity;
  /** What it was judged by. */
  readonly authorities: Certificates;
  /** Undefined without a certificate that leads to one of them. */
  readonly lifetime: Lifetime | undefined;
}

export interface ClientCertificatesOptions {
  readonly authorities: ClientAuthorities;
  /** Undefined: every certificate stands for its common name. */
  readonly rules: readonly ClientUserRule[] | undefined;
  readonly clock: Clock;
}

const none: ClientIdentity = { kind: 'none' };

export class CertifiedClients {
  readonly #options: ClientCertificatesOptions;
  readonly #judged = new WeakMap<TLSSocket, JudgedClient>();

  constructor(options: ClientCertificatesOptions) {
    this.#options = options;
  }

  /** Asked on every request. The same user object for as long as it is the same. */
  shownOn(socket: TLSSocket): ClientIdentity {
    const { authorities, clock } = this.#options;
    const present = authorities.current();
    const known = this.#judged.get(socket);
    const judgement = known?.authorities === present ? known : this.#judge(socket, present);
    if (judgement !== known) this.#judged.set(socket, judgement);
    const { identity, lifetime } = judgement;
    if (lifetime === undefined || identity === none) return identity;
    // A connection may outlive the certificate that it began with.
    const state = stateAt(lifetime, clock.now());
    if (state === 'expired') return refused('it has expired');
    return state === 'not-yet-valid' ? refused('it is not valid yet') : identity;
  }

  #judge(socket: TLSSocket, authorities: Certificates): JudgedClient {
    const own = socket.getPeerX509Certificate();
    if (own === undefined) return { identity: none, authorities, lifetime: undefined };
    const chain = chainTo(authorities, own, this.#options.clock.now());
    if (chain === undefined) {
      return { identity: refused('it is not of a CA of server.tls.clientCA'), authorities, lifetime: undefined };
    }
    const lifetime = lifetimeOf(chain);
    if (socket.authorized) return { identity: this.#identityOf(own), authorities, lifetime };
    return { identity: refused(reasonOf(socket.authorizationError)), authorities, lifetime };
  }

  #identityOf(certificate: X509Certificate): ClientIdentity {
    const user = userOf(namesOf(certificate), this.#options.rules);
    return typeof user === 'string' ? { kind: 'nobody', reason: user } : { kind: 'user', user };
  }
}

function refused(reason: string): ClientIdentity {
  return { kind: 'refused', reason };
}

const reasons: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  INVALID_PURPOSE: 'it is not for clients (extended key usage)',
};

/** What OpenSSL said in the handshake: a code, although Node's types have an error. */
function reasonOf(error: unknown): string {
  const code = String(error);
  return reasons[code] ?? `it cannot be verified (${/^[A-Z0-9_]{1,64}$/.test(code) ? code : 'unknown error'})`;
}
