// An app that asks who somebody is, takes passwords and gives out tokens for them.
import { parseAuthorization } from '../../../src/auth/authorization-header.ts';
import { BadCredentialsError } from '../../../src/auth/bad-credentials-error.ts';
import { type Authentication, GuardedPolicy } from '../../../src/auth/guarded-policy.ts';
import { anonymous } from '../../../src/auth/principal.ts';
import { TokenService } from '../../../src/auth/tokens/token-service.ts';
import { tokenParts } from '../../support/token-parts.ts';
import { rulesOf, type WrittenRule } from './guarded-app.ts';
import { type RegistryAppOptions, registryApp } from './registry-app.ts';

/** Whoever is to log in is set in `accounts`. */
export async function tokenApp(rules?: readonly WrittenRule[], options: RegistryAppOptions = {}) {
  const parts = await tokenParts();
  const { accounts, signer } = parts;
  const authentication: Authentication = {
    authenticate: ({ authorization }) => {
      const shown = parseAuthorization(authorization);
      if (shown.scheme === 'basic') return accounts.check(shown.name, shown.password).principal;
      if (shown.scheme === 'bearer') return parts.authentication.authenticate(shown.token, undefined);
      if (shown.scheme === 'none') return anonymous;
      throw new BadCredentialsError('unknown scheme');
    },
  };
  const policy = new GuardedPolicy(authentication, rulesOf(rules));
  const tokens = new TokenService({ signer, accounts, policy, external: undefined });
  return { ...parts, ...registryApp({ ...options, policy, tokens }) };
}
