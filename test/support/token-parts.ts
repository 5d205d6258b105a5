// Accounts, keys and tokens of a registry whose users a test may change at any time.
import type { Account, Accounts } from '../../src/auth/accounts.ts';
import { BadCredentialsError } from '../../src/auth/bad-credentials-error.ts';
import type { GrantedScope } from '../../src/auth/granted-scope.ts';
import { anonymous, type Principal } from '../../src/auth/principal.ts';
import { SigningKeys } from '../../src/auth/tokens/signing-keys.ts';
import { type ExternalHolders, TokenAuthentication } from '../../src/auth/tokens/token-authentication.ts';
import { TokenSigner } from '../../src/auth/tokens/token-signer.ts';
import type { PrivateDirectory } from '../../src/storage/filesystem/private-directory.ts';
import { silentLog } from './silent-log.ts';
import { TestClock } from './test-clock.ts';

export class TestAccounts implements Accounts {
  /** How often a password was checked. */
  checks = 0;
  readonly #accounts = new Map<string, Account>();

  set(name: string, password: string, more: Partial<Pick<Account, 'endsAtMs'> & Principal> = {}): void {
    const { endsAtMs, ...principal } = more;
    this.#accounts.set(name, {
      principal: { ...anonymous, name, kind: 'user', shown: 'basic', ...principal },
      generation: password,
      endsAtMs,
    });
  }

  remove(name: string): void {
    this.#accounts.delete(name);
  }

  check(name: string, password: string): Account {
    this.checks += 1;
    const account = this.#accounts.get(name);
    if (account?.generation !== password) throw new BadCredentialsError('no such user, or another password');
    return account;
  }

  find(kind: Principal['kind'], name: string): Account | undefined {
    const account = this.#accounts.get(name);
    return account?.principal.kind === kind ? account : undefined;
  }
}

export interface TokenPartsOptions {
  readonly external?: ExternalHolders;
  /** Of keys; in memory unless given. */
  readonly directory?: PrivateDirectory;
}

export async function tokenParts({ external, directory }: TokenPartsOptions = {}) {
  const clock = new TestClock();
  const accounts = new TestAccounts();
  const keys = await SigningKeys.open({ directory, clock, log: silentLog });
  const signer = new TokenSigner(keys, clock);
  const authentication = new TokenAuthentication({ signer, keys, accounts, external, clock });
  return { clock, accounts, keys, signer, authentication };
}

export const pullOfA: GrantedScope = [{ type: 'repository', name: 'a', actions: ['pull'] }];
