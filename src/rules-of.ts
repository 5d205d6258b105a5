// The rules of access and what is odd about them, from the settings.
import { accessRuleOf } from './auth/rights/access-rule.ts';
import { oddAccess, oddGroups } from './auth/rights/rule-warnings.ts';
import { Rules } from './auth/rights/rules.ts';
import type { Settings } from './config/schema.ts';

export function rulesOf({ access, auth }: Settings): Rules {
  return new Rules(access?.map(accessRuleOf), groupsByUser(auth.groups));
}

/** In words for an operator. `users`: whom the htpasswd file names. */
export function oddRulesOf({ access, auth, server }: Settings, users: ReadonlySet<string>): readonly string[] {
  // Whom an issuer or a certificate names, and the groups that come with them, are known once they are here.
  const isOpen = auth.issuers !== undefined || server.tls.clientCA !== undefined;
  const known = {
    users: isOpen ? undefined : users,
    groups: isOpen ? undefined : new Set(auth.groups.keys()),
  };
  return [...oddAccess(access?.map(accessRuleOf), known), ...oddGroups(auth.groups, known)];
}

/** As they are written, groups have users. */
export function groupsByUser(groups: Settings['auth']['groups']): ReadonlyMap<string, readonly string[]> {
  const byUser = new Map<string, string[]>();
  for (const [group, users] of groups) {
    for (const user of users) byUser.set(user, [...(byUser.get(user) ?? []), group]);
  }
  return byUser;
}
