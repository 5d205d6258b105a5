// Who may do what, from the settings: everybody everything unless something says who there is.

import type { Accounts } from './auth/accounts.ts';
import { RequestAuthentication } from './auth/authentication.ts';
import { GuardedPolicy } from './auth/guarded-policy.ts';
import { maxFileBytes } from './auth/htpasswd/htpasswd-file.ts';
import { PasswordLogin } from './auth/htpasswd/password-login.ts';
import type { PasswordSharing } from './auth/htpasswd/password-sharing.ts';
import { UserFile, UserFileError } from './auth/htpasswd/user-file.ts';
import { ExternalAccounts } from './auth/issuers/external-accounts.ts';
import type { ExternalTokens } from './auth/issuers/external-tokens.ts';
import { LocalAccounts, type LocalUsers } from './auth/local-accounts.ts';
import { openPolicy } from './auth/open-policy.ts';
import type { Policy } from './auth/policy.ts';
import type { Rules } from './auth/rights/rules.ts';
import { robotDirectoryOf } from './auth/robots/robot-directory.ts';
import { Robots } from './auth/robots/robots.ts';
import type { TokenService } from './auth/tokens/token-service.ts';
import { ConfigError } from './config/config-error.ts';
import { asksWhoIsThere } from './config/guarding-settings.ts';
import type { Settings } from './config/schema.ts';
import { externalTokensOf } from './issuers-of.ts';
import { oddRulesOf, rulesOf } from './rules-of.ts';
import { alone, type ServerGroup } from './server-group.ts';
import { systemClock } from './storage/clock.ts';
import { WatchedFile } from './storage/filesystem/watched-file.ts';
import type { Log } from './storage/log.ts';
import { tokensOf } from './tokens-of.ts';

/** Who may do what, and the tokens of those who were asked who they are. */
export interface Guard {
  readonly policy: Policy;
  readonly tokens: TokenService | undefined;
  /** Other rules and groups; whether anybody is asked who they are stays as it is. */
  follow(settings: Settings): void;
}

/** What is known of who there is, before anything is opened. */
export interface KnownUsers {
  readonly accounts: Accounts;
  readonly external: ExternalTokens | undefined;
  readonly rules: Rules;
  readonly oddRules: OddRulesTeller;
}

/**
 * `root`: the registry's own directory; undefined where it is in memory, or not served. Refuses with a ConfigError what it cannot start
 * with. Undefined, and nothing is read, where nobody is asked who they are.
 */
export async function knownUsersOf(
  settings: Settings,
  root: string | undefined,
  log: Log,
  passwords?: PasswordSharing,
): Promise<KnownUsers | undefined> {
  if (!asksWhoIsThere(settings)) return undefined;
  const oddRules = new OddRulesTeller(settings, log);
  const users = usersOf(settings, { log, onRead: (names) => oddRules.read(names), passwords });
  if (users === undefined) oddRules.read(new Set());
  const local = new LocalAccounts(users, robotsIn(root, log));
  const external = await externalTokensOf(settings, log);
  const accounts = external === undefined ? local : new ExternalAccounts(local, external);
  return { accounts, external, rules: rulesOf(settings), oddRules };
}

/**
 * `root`: the registry's own directory, where it is written to. Throws a StorageError
 * for keys of tokens that cannot be used.
 */
export async function guardOf(
  users: KnownUsers | undefined,
  root: string | undefined,
  log: Log,
  group: ServerGroup = alone,
): Promise<Guard> {
  if (users === undefined) return { policy: openPolicy, tokens: undefined, follow: () => {} };
  const { accounts, rules, oddRules } = users;
  const { authentication, serviceUnder } = await tokensOf(users, root, log, group);
  const policy = new GuardedPolicy(new RequestAuthentication(accounts, authentication), rules);
  const follow = (settings: Settings) => {
    policy.follow(rulesOf(settings));
    oddRules.follow(settings);
  };
  return { policy, tokens: serviceUnder(policy), follow };
}

/** Also where nothing is written there: they are made by a command. */
function robotsIn(root: string | undefined, log: Log): Robots | undefined {
  return root === undefined ? undefined : new Robots(robotDirectoryOf(root), systemClock, log);
}

/** Each is said once, and again when it came back. */
class OddRulesTeller {
  #settings: Settings;
  readonly #log: Log;
  #users: ReadonlySet<string> = new Set();
  #said: readonly string[] = [];

  constructor(settings: Settings, log: Log) {
    this.#settings = settings;
    this.#log = log;
  }

  read(users: ReadonlySet<string>): void {
    this.#users = users;
    this.#tell();
  }

  follow(settings: Settings): void {
    this.#settings = settings;
    this.#tell();
  }

  #tell(): void {
    const odd = oddRulesOf(this.#settings, this.#users);
    for (const warning of odd) if (!this.#said.includes(warning)) this.#log.warn(warning, {});
    this.#said = odd;
  }
}

interface UserParts {
  readonly log: Log;
  readonly onRead: (names: ReadonlySet<string>) => void;
  readonly passwords: PasswordSharing | undefined;
}

function usersOf({ auth }: Settings, { log, onRead, passwords }: UserParts): LocalUsers | undefined {
  if (auth.htpasswd === undefined) return undefined;
  const watched = new WatchedFile(auth.htpasswd, { maxBytes: maxFileBytes });
  try {
    const file = new UserFile(watched, { log, onRead, sharing: passwords?.users });
    return { file, login: new PasswordLogin({ users: file, clock: systemClock, sharing: passwords }) };
  } catch (error) {
    if (!(error instanceof UserFileError)) throw error;
    throw new ConfigError([{ origin: 'auth.htpasswd', message: error.message }]);
  }
}
