// Who sent a request, by what it shows: the Authorization header, else the client's certificate.
import type { Account, Accounts } from './accounts.ts';
import { parseAuthorization } from './authorization-header.ts';
import { BadCredentialsError } from './bad-credentials-error.ts';
import type { Authentication } from './guarded-policy.ts';
import { anonymous, type Principal } from './principal.ts';
import type { CertificateUser, ShownCredentials } from './shown-credentials.ts';

/** Tokens that were given out here, or by an issuer elsewhere. */
export interface Tokens {
  /** Throws BadCredentialsError. */
  authenticate(token: string, certificate: CertificateUser | undefined): Principal | Promise<Principal>;
}

export class RequestAuthentication implements Authentication {
  readonly #accounts: Accounts;
  readonly #tokens: Tokens;
  readonly #certificates = new WeakMap<CertificateUser, Principal>();

  constructor(accounts: Accounts, tokens: Tokens) {
    this.#accounts = accounts;
    this.#tokens = tokens;
  }

  authenticate({ authorization, certificate, address }: ShownCredentials): Principal | Promise<Principal> {
    const shown = parseAuthorization(authorization);
    switch (shown.scheme) {
      case 'none':
        return certificate === undefined ? anonymous : this.#certified(certificate);
      case 'basic': {
        const account = this.#accounts.check(shown.name, shown.password, address());
        return account instanceof Promise ? account.then(principalOf) : account.principal;
      }
      case 'bearer':
        return this.#tokens.authenticate(shown.token, certificate);
      case 'unknown':
        throw new BadCredentialsError('an Authorization header that cannot be read');
    }
  }

  /** One for each connection, however many requests come over it. */
  #certified(certificate: CertificateUser): Principal {
    const known = this.#certificates.get(certificate);
    if (known !== undefined) return known;
    const { name, groups } = certificate;
    const principal = { ...anonymous, name, groups, kind: 'certificate', shown: 'certificate' } as const;
    this.#certificates.set(certificate, principal);
    return principal;
  }
}

function principalOf({ principal }: Account): Principal {
  return principal;
}
