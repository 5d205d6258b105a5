// Who may do what, from the settings: everybody everything unless something says who there is.

import { RequestAuthentication } from './auth/authentication.ts';
import { GuardedPolicy } from './auth/guarded-policy.ts';
import { maxFileBytes } from './auth/htpasswd/htpasswd-file.ts';
import { PasswordLogin } from './auth/htpasswd/password-login.ts';
import { UserFile, UserFileError } from './auth/htpasswd/user-file.ts';
import { LocalAccounts, type LocalUsers } from './auth/local-accounts.ts';
import { openPolicy } from './auth/open-policy.ts';
import type { Policy } from './auth/policy.ts';
import { Rules } from './auth/rights/rules.ts';
import { ConfigError } from './config/config-error.ts';
import type { Settings } from './config/schema.ts';
import { systemClock } from './storage/clock.ts';
import { WatchedFile } from './storage/filesystem/watched-file.ts';
import type { Log } from './storage/log.ts';

/** Whether anybody is asked who they are. */
export function asksWhoIsThere({ auth }: Settings): boolean {
  return auth.htpasswd !== undefined;
}

/** Refuses with a ConfigError what it cannot start with. Nothing of it is read, or kept, where nobody is asked who they are. */
export function policyOf(settings: Settings, log: Log): Policy {
  if (!asksWhoIsThere(settings)) return openPolicy;
  const groups = groupsByUser(settings.auth.groups);
  const accounts = new LocalAccounts(usersOf(settings, groups, log));
  return new GuardedPolicy(new RequestAuthentication(accounts), new Rules(undefined, groups));
}

function usersOf({ auth }: Settings, groups: ReadonlyMap<string, readonly string[]>, log: Log): LocalUsers | undefined {
  if (auth.htpasswd === undefined) return undefined;
  const watched = new WatchedFile(auth.htpasswd, { maxBytes: maxFileBytes });
  try {
    const file = new UserFile(watched, groups, log);
    return { file, login: new PasswordLogin({ users: file, clock: systemClock }) };
  } catch (error) {
    if (!(error instanceof UserFileError)) throw error;
    throw new ConfigError([{ origin: 'auth.htpasswd', message: error.message }]);
  }
}

/** As they are written, groups have users. */
function groupsByUser(groups: Settings['auth']['groups']): ReadonlyMap<string, readonly string[]> {
  const byUser = new Map<string, string[]>();
  for (const [group, users] of groups) {
    for (const user of users) byUser.set(user, [...(byUser.get(user) ?? []), group]);
  }
  return byUser;
}
