// An app that asks who somebody is, takes passwords and gives out tokens for them.
import type { Accounts } from '../../../src/auth/accounts.ts';
import { RequestAuthentication } from '../../../src/auth/authentication.ts';
import { GuardedPolicy } from '../../../src/auth/guarded-policy.ts';
import type { ExternalHolders } from '../../../src/auth/tokens/token-authentication.ts';
import { TokenService } from '../../../src/auth/tokens/token-service.ts';
import { tokenParts } from '../../support/token-parts.ts';
import { rulesOf, type WrittenRule } from './guarded-app.ts';
import { type RegistryAppOptions, registryApp } from './registry-app.ts';

interface Elsewhere {
  readonly external: ExternalHolders | undefined;
  readonly accountsOver: (local: Accounts) => Accounts;
}

const nowhereElse: Elsewhere = { external: undefined, accountsOver: (local) => local };

/** Whoever is to log in is set in `accounts`. */
export async function tokenApp(
  rules?: readonly WrittenRule[],
  options: RegistryAppOptions = {},
  { external, accountsOver } = nowhereElse,
) {
  const parts = await tokenParts(external === undefined ? {} : { external });
  const { signer } = parts;
  const accounts = accountsOver(parts.accounts);
  const authentication = new RequestAuthentication(accounts, parts.authentication);
  const policy = new GuardedPolicy(authentication, rulesOf(rules));
  const tokens = new TokenService({ signer, accounts, policy, external });
  return { ...parts, ...registryApp({ ...options, policy, tokens }) };
}
