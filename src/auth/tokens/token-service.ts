// The token endpoint: credentials in, a token out that is good for a few minutes and for what was asked, as far as it may be.
import type { Account, Accounts } from '../accounts.ts';
import { parseAuthorization } from '../authorization-header.ts';
import { BadCredentialsError } from '../bad-credentials-error.ts';
import type { GrantedScope } from '../granted-scope.ts';
import type { Policy } from '../policy.ts';
import { anonymous } from '../principal.ts';
import type { ShownCredentials } from '../shown-credentials.ts';
import { grantedOf, parseScopes } from './requested-scope.ts';
import type { ExternalHolders } from './token-authentication.ts';
import type { SignedToken, TokenSigner } from './token-signer.ts';

export interface TokenServiceOptions {
  readonly signer: TokenSigner;
  readonly accounts: Pick<Accounts, 'check'>;
  /** Tokens of an issuer elsewhere, shown in place of a password; undefined for what is none of a known issuer. */
  readonly external: ExternalHolders | undefined;
  readonly policy: Policy;
}

export interface IssuedToken extends SignedToken {
  /** What it is good for, which may be less than was asked. */
  readonly scope: GrantedScope;
}

/** Who says nothing of themselves. */
const nobody: Account = { principal: anonymous, generation: '', endsAtMs: undefined };

export class TokenService {
  readonly #options: TokenServiceOptions;

  constructor(options: TokenServiceOptions) {
    this.#options = options;
  }

  /** By what a request shows; empty credentials are nobody's. Throws BadCredentialsError. */
  async accountOf({ authorization, certificate, address }: ShownCredentials): Promise<Account> {
    const shown = parseAuthorization(authorization);
    switch (shown.scheme) {
      case 'none':
        if (certificate === undefined) return nobody;
        return {
          principal: { ...anonymous, ...certificate, kind: 'certificate', shown: 'certificate' },
          generation: '',
          endsAtMs: undefined,
        };
      case 'basic':
        return this.#options.accounts.check(shown.name, shown.password, address());
      case 'bearer': {
        // One of our own does not renew itself: it would outlive the password.
        const account = this.#options.external?.accountOf(shown.token);
        if (account === undefined)
          throw new BadCredentialsError('a token of another issuer is wanted', { isToken: true });
        return account;
      }
      case 'unknown':
        throw new BadCredentialsError('credentials of an unknown scheme');
    }
  }

  /** By a name and a password in a form. */
  async accountWith(name: string, password: string, address: string): Promise<Account> {
    return name === '' && password === '' ? nobody : this.#options.accounts.check(name, password, address);
  }

  async issue(account: Account, scopes: readonly string[]): Promise<IssuedToken> {
    const { policy, signer } = this.#options;
    const scope = grantedOf(policy, account.principal, parseScopes(scopes));
    return { ...(await signer.sign(account, scope)), scope };
  }
}
