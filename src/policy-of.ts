// Who may do what, from the settings: everybody everything unless something says who there is.

import { RequestAuthentication } from './auth/authentication.ts';
import { GuardedPolicy } from './auth/guarded-policy.ts';
import { maxFileBytes } from './auth/htpasswd/htpasswd-file.ts';
import { PasswordLogin } from './auth/htpasswd/password-login.ts';
import { UserFile, UserFileError } from './auth/htpasswd/user-file.ts';
import { LocalAccounts, type LocalUsers } from './auth/local-accounts.ts';
import { openPolicy } from './auth/open-policy.ts';
import type { Policy } from './auth/policy.ts';
import { ConfigError } from './config/config-error.ts';
import type { Settings } from './config/schema.ts';
import { groupsByUser, oddRulesOf, rulesOf } from './rules-of.ts';
import { systemClock } from './storage/clock.ts';
import { WatchedFile } from './storage/filesystem/watched-file.ts';
import type { Log } from './storage/log.ts';

/** Whether anybody is asked who they are. */
export function asksWhoIsThere({ auth, access }: Settings): boolean {
  return auth.htpasswd !== undefined || access !== undefined;
}

/** Refuses with a ConfigError what it cannot start with. Nothing of it is read, or kept, where nobody is asked who they are. */
export function policyOf(settings: Settings, log: Log): Policy {
  if (!asksWhoIsThere(settings)) return openPolicy;
  const warn = oddRulesTeller(settings, log);
  const users = usersOf(settings, log, warn);
  if (users === undefined) warn(new Set());
  return new GuardedPolicy(new RequestAuthentication(new LocalAccounts(users)), rulesOf(settings));
}

/** Each is said once, and again when it came back. */
function oddRulesTeller(settings: Settings, log: Log): (users: ReadonlySet<string>) => void {
  let said: readonly string[] = [];
  return (users) => {
    const odd = oddRulesOf(settings, users);
    for (const warning of odd) if (!said.includes(warning)) log.warn(warning, {});
    said = odd;
  };
}

function usersOf({ auth }: Settings, log: Log, onRead: (names: ReadonlySet<string>) => void): LocalUsers | undefined {
  if (auth.htpasswd === undefined) return undefined;
  const watched = new WatchedFile(auth.htpasswd, { maxBytes: maxFileBytes });
  try {
    const file = new UserFile(watched, { groups: groupsByUser(auth.groups), log, onRead });
    return { file, login: new PasswordLogin({ users: file, clock: systemClock }) };
  } catch (error) {
    if (!(error instanceof UserFileError)) throw error;
    throw new ConfigError([{ origin: 'auth.htpasswd', message: error.message }]);
  }
}
