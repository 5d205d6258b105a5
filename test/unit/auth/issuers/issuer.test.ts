// Tokens of issuers elsewhere: whose are taken, and where their keys come from.
import { createSecretKey } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateKeyPair } from 'jose';
import { describe, expect, it, vi } from 'vitest';
import { BadCredentialsError } from '../../../../src/auth/bad-credentials-error.ts';
import { ExternalTokens } from '../../../../src/auth/issuers/external-tokens.ts';
import { Issuer } from '../../../../src/auth/issuers/issuer.ts';
import { KeySetFile } from '../../../../src/auth/issuers/key-set-file.ts';
import { PublishedKeys } from '../../../../src/auth/issuers/published-keys.ts';
import { issuerRules } from '../../../../src/config/issuer-rules.ts';
import { WatchedFile } from '../../../../src/storage/filesystem/watched-file.ts';
import { silentLog } from '../../../support/silent-log.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { TestClock } from '../../../support/test-clock.ts';
import { type TestIssuer, testIssuer } from '../../../support/test-issuer.ts';

const minute = 60_000;

function rulesFor(issuer: string) {
  const users = [{ claims: { repository: 'acme/*' }, user: 'ci/{repository}', groups: ['ci'] }];
  const [rule] = issuerRules.parse([{ issuer, audience: ['moorage', 'other-name'], users }]);
  if (rule === undefined) throw new Error('no rule');
  return { issuer, audiences: rule.audience, users: rule.users };
}

async function known(keysUrl?: string) {
  const issuer = await testIssuer();
  const clock = new TestClock();
  const warn = vi.fn();
  const log = { ...silentLog, warn };
  const keys = new PublishedKeys({ issuer: issuer.url, url: keysUrl, clock, log });
  const tokens = new ExternalTokens([new Issuer(rulesFor(issuer.url), keys, { clock, log })], clock);
  const said = () => warn.mock.calls.map(([message]) => String(message));
  return { issuer, clock, tokens, said, warn };
}

async function refusal(account: unknown): Promise<BadCredentialsError> {
  const error = await Promise.resolve(account).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof BadCredentialsError)) throw new Error(`not refused: ${error}`);
  return error;
}

describe('a token of an issuer', () => {
  it('is the user of its claims, until it ends', async () => {
    const { issuer, tokens, clock } = await known();
    const token = await issuer.token();
    const account = await tokens.accountOf(token);
    expect(account?.principal).toMatchObject({ name: 'ci/acme/app', kind: 'external', groups: ['ci'], shown: 'basic' });
    expect(tokens.accountOf(token)).toBe(account);
    expect(account?.endsAtMs).toBeLessThanOrEqual(Date.now() + 11 * minute);
    clock.advance(12 * minute);
    expect((await refusal(tokens.accountOf(token))).message).toContain('"exp"');
  });

  it.each(['RS256', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA'])('may be signed by %s', async (alg) => {
    const { issuer, tokens } = await known();
    await issuer.addKey('two', alg);
    expect(await tokens.accountOf(await issuer.token({}, { kid: 'two', alg }))).toBeDefined();
  });

  it.each([
    ['another audience', { aud: 'https://registry.other' }],
    ['no audience', { aud: undefined }],
    ['no end', { exp: undefined }],
    ['an end that is over', { exp: Math.floor(Date.now() / 1_000) - 120 }],
    ['an end after more than a day', { exp: Math.floor(Date.now() / 1_000) + 26 * 3_600 }],
    ['a beginning to come', { nbf: Math.floor(Date.now() / 1_000) + 300 }],
    ['claims that no rule matches', { repository: 'evil/app' }],
    ['a claim that makes no name', { repository: 'acme/a:b' }],
  ])('is refused with %s', async (_what, claims) => {
    const { issuer, tokens } = await known();
    expect((await refusal(tokens.accountOf(await issuer.token(claims)))).isToken).toBe(true);
  });

  it('is nobody here when another issuer, or none, has issued it', async () => {
    const { issuer, tokens } = await known();
    const other = await testIssuer();
    for (const text of [await other.token(), await issuer.token({ iss: undefined }), 'secret', '', 'eyJ.eyJ.x']) {
      expect(tokens.accountOf(text)).toBeUndefined();
    }
    expect(issuer.fetches).toBe(0);
  });

  it('of another issuer that names ours, or the name of our key, is refused', async () => {
    const { issuer, tokens } = await known();
    const other = await testIssuer();
    await refusal(tokens.accountOf(await other.token({ iss: issuer.url })));
  });

  it('is refused without a signature, and with the public key as a secret', async () => {
    const { issuer, tokens } = await known();
    const payload = (await issuer.token()).split('.')[1];
    for (const alg of ['none', 'None', 'HS256']) {
      const header = Buffer.from(JSON.stringify({ alg, kid: 'one' })).toString('base64url');
      await refusal(tokens.accountOf(`${header}.${payload}.AAAA`));
    }
    for (const text of [issuer.publicText('one'), JSON.stringify(issuer.keys[0]), issuer.keys[0]?.n ?? '']) {
      const secret = createSecretKey(Buffer.from(text.padEnd(32)));
      const forged = await issuer.jwt().setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(secret);
      await refusal(tokens.accountOf(forged));
    }
  });

  it('is refused with a key that it brings along, from wherever', async () => {
    const { issuer, tokens } = await known();
    const evil = await testIssuer();
    const { privateKey } = await generateKeyPair('RS256');
    const [jwk = {}] = evil.keys;
    for (const more of [{ jwk }, { jku: `${evil.url}/keys` }, { x5u: `${evil.url}/keys` }, { kid: '../keys' }]) {
      const header = { alg: 'RS256', kid: 'one', ...more };
      await refusal(tokens.accountOf(await issuer.jwt().setProtectedHeader(header).sign(privateKey)));
    }
    expect(evil.fetches).toBe(0);
  });

  it('is refused where the issuer publishes secrets instead of public keys', async () => {
    const { issuer, tokens } = await known();
    const secret = Buffer.alloc(32, 7);
    issuer.keys = [{ kty: 'oct', k: secret.toString('base64url'), kid: 'one', alg: 'HS256' }];
    const forged = issuer.jwt().setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(createSecretKey(secret));
    await refusal(tokens.accountOf(await forged));
  });
});

describe('the keys of an issuer', () => {
  it('are fetched once, also by many at once', async () => {
    const { issuer, tokens } = await known();
    const some = await Promise.all(Array.from({ length: 20 }, (_, at) => issuer.token({ jti: String(at) })));
    await Promise.all(some.map((token) => tokens.accountOf(token)));
    expect(issuer.fetches).toBe(1);
  });

  it('are fetched anew for one that is unknown, but not for each', async () => {
    const { issuer, tokens, clock } = await known();
    await tokens.accountOf(await issuer.token());
    await issuer.addKey('two');
    const rotated = await issuer.token({}, { kid: 'two' });
    clock.advance(minute);
    expect(await tokens.accountOf(rotated)).toBeDefined();
    expect(issuer.fetches).toBe(2);
    const { privateKey } = await generateKeyPair('RS256');
    for (let at = 0; at < 20; at += 1) {
      const forged = await issuer
        .jwt()
        .setProtectedHeader({ alg: 'RS256', kid: `x${at}` })
        .sign(privateKey);
      await refusal(tokens.accountOf(forged));
    }
    expect(issuer.fetches).toBe(2);
  });

  it('stay while the issuer cannot be reached, and that is said once', async () => {
    const { issuer, tokens, clock, said } = await known();
    await tokens.accountOf(await issuer.token());
    issuer.answer = (response) => response.destroy();
    for (let at = 0; at < 3; at += 1) {
      clock.advance(2 * minute + 9 * minute * (at === 0 ? 1 : 0));
      const nowMs = clock.now();
      expect(await tokens.accountOf(await issuer.token({ jti: String(at) }, { nowMs }))).toBeDefined();
    }
    await vi.waitFor(() =>
      expect(said()).toEqual(['the keys of an issuer cannot be fetched: those that are known are used']),
    );
  });

  it.each([
    ['is cut off', (issuer: TestIssuer) => (issuer.answer = (response) => response.destroy())],
    ['is an error', (issuer: TestIssuer) => (issuer.answer = (response) => response.writeHead(500).end())],
    [
      'leads elsewhere',
      (issuer: TestIssuer) => (issuer.answer = (response) => response.writeHead(302, { Location: '/other' }).end()),
    ],
    ['is no JSON', (issuer: TestIssuer) => (issuer.answer = (response) => response.end('<html>'))],
    ['holds no keys', (issuer: TestIssuer) => (issuer.answer = (response) => response.end('{"keys":[]}'))],
    ['is no key set', (issuer: TestIssuer) => (issuer.answer = (response) => response.end('{"keys":7}'))],
    [
      'is too large',
      (issuer: TestIssuer) => (issuer.answer = (response) => response.end(Buffer.alloc(2_000_000, ' '))),
    ],
    ['is of another issuer', (issuer: TestIssuer) => (issuer.configuration = { issuer: 'https://other.example' })],
    [
      'names keys over plain HTTP',
      (issuer: TestIssuer) => (issuer.configuration = { jwks_uri: 'http://192.0.2.1/keys' }),
    ],
    ['names keys in a file', (issuer: TestIssuer) => (issuer.configuration = { jwks_uri: 'file:///etc/passwd' })],
    ['names no keys', (issuer: TestIssuer) => (issuer.configuration = { jwks_uri: undefined })],
  ])('are none where the answer %s: 503, and one line', async (_what, spoil) => {
    const { issuer, tokens, said } = await known();
    spoil(issuer);
    for (let at = 0; at < 3; at += 1) {
      const token = await issuer.token({ jti: String(at) });
      await expect(Promise.resolve(tokens.accountOf(token))).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        status: 503,
      });
    }
    expect(said()).toEqual(['the keys of an issuer cannot be fetched: no token of it is taken']);
  });

  it.each([
    [-24 * 60, '1440 min behind that of an issuer'],
    [24 * 60, '1440 min ahead of that of an issuer'],
  ])('tell that the clock is wrong by %i minutes', async (minutes, words) => {
    const { issuer, tokens, clock, said } = await known();
    clock.step(minutes * minute);
    await refusal(tokens.accountOf(await issuer.token()));
    const lines = said().filter((line) => line.startsWith('the clock of this machine is'));
    expect(lines.some((line) => line.includes(words))).toBe(true);
  });
});

describe('keys in a file', () => {
  async function inFile() {
    const issuer = await testIssuer();
    const path = join(await temporaryDirectory(), 'keys.json');
    await writeFile(path, JSON.stringify({ keys: issuer.keys }));
    const clock = new TestClock();
    const warn = vi.fn();
    const log = { ...silentLog, warn };
    const keys = new KeySetFile(new WatchedFile(path, { maxBytes: 10_000, clock, settleMs: 0 }), log);
    const tokens = new ExternalTokens([new Issuer(rulesFor(issuer.url), keys, { clock, log })], clock);
    return { issuer, path, clock, warn, tokens };
  }

  it('need no network, and are read anew', async () => {
    const { issuer, path, clock, tokens } = await inFile();
    expect(await tokens.accountOf(await issuer.token())).toBeDefined();
    await issuer.addKey('two');
    const token = await issuer.token({}, { kid: 'two' });
    await refusal(tokens.accountOf(token));
    await writeFile(`${path}.new`, JSON.stringify({ keys: issuer.keys }));
    await rename(`${path}.new`, path);
    clock.advance(1_000);
    expect(await tokens.accountOf(token)).toBeDefined();
    expect(issuer.fetches).toBe(0);
  });

  it('stay as they were while the file is broken, which is said once', async () => {
    const { issuer, path, clock, tokens, warn } = await inFile();
    await writeFile(path, '{"keys":');
    for (const jti of ['a', 'b']) {
      clock.advance(1_000);
      expect(await tokens.accountOf(await issuer.token({ jti }))).toBeDefined();
    }
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it.each(['', '{}', '{"keys":[]}', '[]', 'null', '-----BEGIN PUBLIC KEY-----'])(
    'cannot be %j at the start',
    async (text) => {
      const path = join(await temporaryDirectory(), 'keys.json');
      await writeFile(path, text);
      expect(() => new KeySetFile(new WatchedFile(path, { maxBytes: 10_000 }), silentLog)).toThrow(`${path}: it `);
    },
  );
});
