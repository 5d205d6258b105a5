// Certificates for tests, made by the code behind `moorage tls init`.
import { issueAuthority, issueServer } from '../../src/tls/issue/certificates.ts';
import { issuingKeyOf, newKey } from '../../src/tls/issue/issuing-key.ts';
import { parseServerName, type ServerName } from '../../src/tls/issue/server-names.ts';

/** PEM. */
export interface MadePair {
  readonly certificate: string;
  readonly key: string;
}

export interface MadeAuthority extends MadePair {
  server(options?: ServerOptions): Promise<MadePair>;
}

export interface ServerOptions {
  readonly names?: readonly string[];
  /** When it was made, in milliseconds since 1970. */
  readonly atMs?: number;
  /** PEM; default: a new one. */
  readonly key?: string;
}

export const dayMs = 24 * 60 * 60 * 1000;
const localNames = ['localhost', '127.0.0.1', '::1'];

export async function makeAuthority(name = 'test CA', atMs = Date.now()): Promise<MadeAuthority> {
  const key = newKey();
  const signingKey = await issuingKeyOf(key);
  const certificate = await issueAuthority(signingKey, name, atMs);
  return {
    certificate,
    key,
    server: async ({ names = localNames, atMs: madeAtMs = Date.now(), key: own = newKey() } = {}) => {
      const { publicKey } = await issuingKeyOf(own);
      const request = { names: names.map(nameOf), publicKey, nowMs: madeAtMs };
      return { certificate: await issueServer({ certificate, key: signingKey }, request), key: own };
    },
  };
}

function nameOf(written: string): ServerName {
  const name = parseServerName(written);
  if (name === undefined) throw new Error(`${written} is no name`);
  return name;
}
