// Whoever has an account here: users of the htpasswd file, and robots.
import type { Account, Accounts } from './accounts.ts';
import { BadCredentialsError } from './bad-credentials-error.ts';
import type { PasswordLogin } from './htpasswd/password-login.ts';
import type { UserFile } from './htpasswd/user-file.ts';
import type { Principal } from './principal.ts';
import type { Robots } from './robots/robots.ts';

export interface LocalUsers {
  readonly file: Pick<UserFile, 'find'>;
  readonly login: Pick<PasswordLogin, 'check'>;
}

export class LocalAccounts implements Accounts {
  readonly #users: LocalUsers | undefined;
  readonly #robots: Robots | undefined;

  /** Undefined: there is no htpasswd file; there is no root in which robots could be. */
  constructor(users: LocalUsers | undefined, robots: Robots | undefined) {
    this.#users = users;
    this.#robots = robots;
  }

  /** The secret of a robot is found out by nobody, so it is compared at once; whatever else is shown is a user's password. */
  check(name: string, password: string, address: string): Account | Promise<Account> {
    const robot = this.#robots?.check(name, password);
    if (robot !== undefined) return robot;
    if (this.#users === undefined) throw new BadCredentialsError('there are no users');
    return this.#users.login.check(name, password, address);
  }

  find(kind: Principal['kind'], name: string): Account | undefined {
    if (kind === 'robot') return this.#robots?.find(name);
    return kind === 'user' ? this.#users?.file.find(name)?.account : undefined;
  }
}
