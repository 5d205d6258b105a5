// Credentials that are wrong: 401 with a fresh challenge, also where nobody in particular would have been let in.

import type { Principal } from './principal.ts';

export class BadCredentialsError extends Error {
  override readonly name = 'BadCredentialsError';
  /** True for a token that is no more, or not, valid: its client asks for another. Clients ask their user about a wrong password. */
  readonly isToken: boolean;
  /** Whose they would be, where there is such a one: names that nobody has may be passwords in the wrong field. */
  readonly who: Pick<Principal, 'name' | 'kind'> | undefined;

  /** `reason` goes to the log and the audit, never to the client. */
  constructor(reason: string, { isToken = false, who }: Partial<Pick<BadCredentialsError, 'isToken' | 'who'>> = {}) {
    super(reason);
    this.isToken = isToken;
    this.who = who;
  }
}
