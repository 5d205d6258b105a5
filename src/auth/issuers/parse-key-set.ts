// A JSON Web Key Set (RFC 7517) that somebody else wrote.
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { isError } from '../../oci/is-error.ts';
import type { KeySet } from './issuer-keys.ts';

/** Or why it is none, to go on after "it". */
export function parseKeySet(text: string): KeySet | { readonly problem: string } {
  try {
    const parsed = JSON.parse(text) as JSONWebKeySet;
    const keys = createLocalJWKSet(parsed);
    return parsed.keys.length === 0 ? { problem: 'holds no keys' } : keys;
  } catch (error) {
    return { problem: isError(error) && error.name === 'SyntaxError' ? 'is no JSON' : 'is no JSON Web Key Set' };
  }
}
