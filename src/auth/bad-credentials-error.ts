// Credentials that are wrong: 401 with a fresh challenge, also where nobody in particular would have been let in.

export class BadCredentialsError extends Error {
  override readonly name = 'BadCredentialsError';
  /** True for a token that is no more, or not, valid: its client asks for another. Clients ask their user about a wrong password. */
  readonly isToken: boolean;

  /** `reason` goes to the log and the audit, never to the client. */
  constructor(reason: string, { isToken = false }: { readonly isToken?: boolean } = {}) {
    super(reason);
    this.isToken = isToken;
  }
}
