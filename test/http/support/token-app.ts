// An app that asks who somebody is, takes passwords and gives out tokens for them.
import { RequestAuthentication } from '../../../src/auth/authentication.ts';
import { GuardedPolicy } from '../../../src/auth/guarded-policy.ts';
import { TokenService } from '../../../src/auth/tokens/token-service.ts';
import { tokenParts } from '../../support/token-parts.ts';
import { rulesOf, type WrittenRule } from './guarded-app.ts';
import { type RegistryAppOptions, registryApp } from './registry-app.ts';

/** Whoever is to log in is set in `accounts`. */
export async function tokenApp(rules?: readonly WrittenRule[], options: RegistryAppOptions = {}) {
  const parts = await tokenParts();
  const { accounts, signer } = parts;
  const authentication = new RequestAuthentication(accounts, parts.authentication);
  const policy = new GuardedPolicy(authentication, rulesOf(rules));
  const tokens = new TokenService({ signer, accounts, policy, external: undefined });
  return { ...parts, ...registryApp({ ...options, policy, tokens }) };
}
