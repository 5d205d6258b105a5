// Accounts, and tokens of other issuers in place of a password: `docker login` knows nothing else. The name beside it may be any.
import type { Account, Accounts } from '../accounts.ts';
import type { Principal } from '../principal.ts';
import type { ExternalTokens } from './external-tokens.ts';

export class ExternalAccounts implements Accounts {
  readonly #local: Accounts;
  readonly #tokens: ExternalTokens;

  constructor(local: Accounts, tokens: ExternalTokens) {
    this.#local = local;
    this.#tokens = tokens;
  }

  check(name: string, password: string, address: string): Account | Promise<Account> {
    return this.#tokens.accountOf(password) ?? this.#local.check(name, password, address);
  }

  find(kind: Principal['kind'], name: string): Account | undefined {
    return this.#local.find(kind, name);
  }
}
