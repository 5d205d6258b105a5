// Whoever has an account here: so far the users of the htpasswd file.
import type { Account, Accounts } from './accounts.ts';
import { BadCredentialsError } from './bad-credentials-error.ts';
import type { PasswordLogin } from './htpasswd/password-login.ts';
import type { UserFile } from './htpasswd/user-file.ts';
import type { Principal } from './principal.ts';

export interface LocalUsers {
  readonly file: UserFile;
  readonly login: PasswordLogin;
}

export class LocalAccounts implements Accounts {
  readonly #users: LocalUsers | undefined;

  /** Undefined: there is no htpasswd file. */
  constructor(users: LocalUsers | undefined) {
    this.#users = users;
  }

  check(name: string, password: string, address: string): Account | Promise<Account> {
    if (this.#users === undefined) throw new BadCredentialsError('there are no users');
    return this.#users.login.check(name, password, address);
  }

  find(kind: Principal['kind'], name: string): Account | undefined {
    return kind === 'user' ? this.#users?.file.find(name)?.account : undefined;
  }
}
