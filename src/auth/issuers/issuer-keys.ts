// The public keys of an issuer: of a file that an operator keeps, or fetched from where the issuer publishes them.
import type { createLocalJWKSet } from 'jose';

/** Finds the key that a token names; throws a JOSEError where there is none. */
export type KeySet = ReturnType<typeof createLocalJWKSet>;

export interface IssuerKeys {
  /** As far as they are known; fetched where none are. Throws UNAVAILABLE (503) where there are none to be had. */
  current(): KeySet | Promise<KeySet>;
  /** After a token named a key that is not among the current ones: looked for anew, but not more often than is decent. */
  renewed(): KeySet | Promise<KeySet>;
}

/** What stands in a file or comes from an issuer, however many keys it has. */
export const maxKeysBytes = 1024 * 1024;
