// An issuer of tokens as CI systems have one: its configuration and keys over HTTP, and tokens of any kind.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from 'jose';
import { onTestFinished } from 'vitest';

export class TestIssuer {
  readonly url: string;
  /** How often its keys were fetched. */
  fetches = 0;
  keys: JWK[] = [];
  /** What it answers instead of its keys. */
  answer: ((response: ServerResponse) => void) | undefined;
  /** What its configuration says besides. */
  configuration: Readonly<Record<string, unknown>> = {};
  readonly #privateKeys = new Map<string, CryptoKey>();
  readonly #publicTexts = new Map<string, string>();

  constructor(url: string) {
    this.url = url;
  }

  async addKey(kid: string, alg = 'RS256'): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    this.#privateKeys.set(kid, privateKey);
    if (alg === 'RS256') this.#publicTexts.set(kid, await exportSPKI(publicKey));
    this.keys.push({ ...(await exportJWK(publicKey)), kid, alg, use: 'sig' });
  }

  publicText(kid: string): string {
    return this.#publicTexts.get(kid) ?? '';
  }

  jwt(claims: Readonly<Record<string, unknown>> = {}, nowMs = Date.now()): SignJWT {
    const nowS = Math.floor(nowMs / 1_000);
    const usual = { iss: this.url, aud: 'moorage', sub: 'repo:acme/app', iat: nowS, nbf: nowS, exp: nowS + 600 };
    return new SignJWT({ ...usual, repository: 'acme/app', ...claims });
  }

  async token(
    claims: Readonly<Record<string, unknown>> = {},
    { kid = 'one', alg = 'RS256', nowMs = Date.now() } = {},
  ): Promise<string> {
    const key = this.#privateKeys.get(kid);
    if (key === undefined) throw new Error(`no key ${kid}`);
    return this.jwt(claims, nowMs).setProtectedHeader({ alg, kid, typ: 'JWT' }).sign(key);
  }

  handle(url: string | undefined, response: ServerResponse): void {
    if (url === '/.well-known/openid-configuration') {
      response.end(JSON.stringify({ issuer: this.url, jwks_uri: `${this.url}/keys`, ...this.configuration }));
      return;
    }
    this.fetches += 1;
    if (this.answer !== undefined) this.answer(response);
    else response.end(JSON.stringify({ keys: this.keys }));
  }
}

/** Listens on the loopback until the test ends; has one key, `one`. */
export async function testIssuer(): Promise<TestIssuer> {
  const server = createServer((request, response) => issuer.handle(request.url, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = new TestIssuer(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await issuer.addKey('one');
  return issuer;
}
