// Who we are to a registry, and where that is asked.

export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** Exchanged at the token server for a token (docker login with an identity provider). */
  | { readonly kind: 'identity-token'; readonly token: string }
  /** Sent as it is. */
  | { readonly kind: 'registry-token'; readonly token: string };

export interface FoundCredentials {
  readonly credentials: Credentials | undefined;
  /** Why there are none although something was configured: said when the registry refuses us without. */
  readonly problem: string | undefined;
}

/** `name` is a repository below `host`, or '' for the registry itself. Asked only when a registry wants to know. */
export type CredentialSource = (host: string, name: string) => Promise<FoundCredentials>;

export const anonymous: CredentialSource = async () => ({ credentials: undefined, problem: undefined });

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
