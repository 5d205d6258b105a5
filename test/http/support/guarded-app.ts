// An app whose users are who they say they are, with rules as an operator writes them.
import { BadCredentialsError } from '../../../src/auth/bad-credentials-error.ts';
import { type GrantedScope, scopeText } from '../../../src/auth/granted-scope.ts';
import { GuardedPolicy } from '../../../src/auth/guarded-policy.ts';
import { anonymous, type Principal } from '../../../src/auth/principal.ts';
import { accessRuleOf } from '../../../src/auth/rights/access-rule.ts';
import { Rules } from '../../../src/auth/rights/rules.ts';
import { accessRules } from '../../../src/config/access-rules.ts';
import { type RegistryApp, type RegistryAppOptions, registryApp } from './registry-app.ts';

/** As in the file of settings. */
export interface WrittenRule {
  readonly repositories?: string | readonly string[];
  readonly who?: string | readonly string[];
  readonly may?: string | readonly string[];
  readonly immutable?: string | readonly string[];
}

export function rulesOf(
  written: readonly WrittenRule[] | undefined,
  groups: Readonly<Record<string, readonly string[]>> = {},
): Rules {
  const rules = written && accessRules.parse(written).map(accessRuleOf);
  return new Rules(rules, new Map(Object.entries(groups)));
}

/** A header that says who it is: `Basic NAME`, or a token `Bearer NAME SCOPE`; `Bearer anonymous` is nobody's. */
export function principalOf(header: string | undefined): Principal {
  if (header === undefined) return anonymous;
  const [scheme = '', name = '', ...scopes] = header.split(' ');
  const shown = scheme.toLowerCase() as Principal['shown'];
  if (name === 'wrong') throw new BadCredentialsError('it is wrong', { isToken: shown === 'bearer' });
  const scope = shown === 'bearer' ? scopes.map(entryOf) : undefined;
  if (name === 'anonymous') return { ...anonymous, shown, scope };
  return { ...anonymous, name, kind: 'user', shown, scope };
}

function entryOf(text: string): GrantedScope[number] {
  const [type = '', name = '', actions = ''] = text.split(':');
  const entry = { type, name, actions: actions.split(',') };
  if (scopeText(entry) !== text) throw new Error(`no scope: ${text}`);
  return entry;
}

export function guardedApp(
  written: readonly WrittenRule[] | undefined,
  options: RegistryAppOptions & { readonly groups?: Readonly<Record<string, readonly string[]>> } = {},
): RegistryApp {
  const authentication = {
    authenticate: ({ authorization }: { readonly authorization: string | undefined }) => principalOf(authorization),
  };
  return registryApp({ ...options, policy: new GuardedPolicy(authentication, rulesOf(written, options.groups)) });
}
