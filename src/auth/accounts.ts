// Whoever can log in with a name and a password: users of the htpasswd file, robots, tokens of other issuers in place of a password.
import type { Principal } from './principal.ts';

export interface Account {
  /** As of now, `shown: 'basic'`, without a scope. */
  readonly principal: Principal;
  /** Another one as soon as the password is: what was issued to the account before ends with it. */
  readonly generation: string;
  /** When it ends by itself, in milliseconds since 1970; undefined: when somebody ends it. */
  readonly endsAtMs: number | undefined;
}

export interface Accounts {
  /** Throws BadCredentialsError, and TOOMANYREQUESTS (429) for who guesses. Synchronous for what was checked within the last minute. */
  check(name: string, password: string, address: string): Account | Promise<Account>;
  /** Whoever has this name as of now, as the files say; undefined when it is gone. Nothing that an issuer elsewhere vouches for. */
  find(kind: Principal['kind'], name: string): Account | undefined;
}
