// Tokens of issuers elsewhere, over HTTP: as Bearer, as a password, and for a token of ours.
import { describe, expect, it } from 'vitest';
import { ExternalAccounts } from '../../src/auth/issuers/external-accounts.ts';
import { ExternalTokens } from '../../src/auth/issuers/external-tokens.ts';
import { Issuer } from '../../src/auth/issuers/issuer.ts';
import { PublishedKeys } from '../../src/auth/issuers/published-keys.ts';
import { issuerRules } from '../../src/config/issuer-rules.ts';
import { systemClock } from '../../src/storage/clock.ts';
import { silentLog } from '../support/silent-log.ts';
import { testIssuer } from '../support/test-issuer.ts';
import { codesOf } from './support/answers.ts';
import { tokenApp } from './support/token-app.ts';

const access = [
  { repositories: 'acme/**', who: 'group:ci', may: ['pull', 'push'] },
  { repositories: 'users/**', who: 'ann', may: 'pull' },
];

async function withIssuer() {
  const issuer = await testIssuer();
  const users = [{ claims: { repository: 'acme/*' }, user: 'ci/{repository}', groups: ['ci'] }];
  const [rules] = issuerRules.parse([{ issuer: issuer.url, audience: 'moorage', users }]);
  const told = { clock: systemClock, log: silentLog };
  const keys = new PublishedKeys({ issuer: issuer.url, url: undefined, ...told });
  const known = new Issuer({ issuer: issuer.url, audiences: ['moorage'], users: rules?.users ?? [] }, keys, told);
  const external = new ExternalTokens([known], systemClock);
  const made = await tokenApp(access, {}, { external, accountsOver: (local) => new ExternalAccounts(local, external) });
  made.accounts.set('ann', 'secret');
  const status = async (url: string, authorization: string) =>
    (await made.app.inject({ url, headers: { host: 'registry:5000', authorization } })).statusCode;
  return { ...made, issuer, status };
}

const basic = (name: string, password: string) => `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;

describe('the token of a CI system', () => {
  it('is taken as Bearer, for what its user may', async () => {
    const { issuer, status, app } = await withIssuer();
    const authorization = `Bearer ${await issuer.token()}`;
    expect(await status('/v2/', authorization)).toBe(200);
    expect(await status('/v2/acme/app/tags/list', authorization)).toBe(404);
    expect(await status('/v2/users/ann/tags/list', authorization)).toBe(401);
    const pushing = await app.inject({
      method: 'POST',
      url: '/v2/acme/app/blobs/uploads/',
      headers: { authorization },
    });
    expect(pushing.statusCode).toBe(202);
  });

  it('is taken as a password, whatever the name beside it', async () => {
    const { issuer, status } = await withIssuer();
    for (const name of ['gitlab-ci-token', 'ann', '']) {
      const authorization = basic(name, await issuer.token());
      expect(await status('/v2/acme/app/tags/list', authorization)).toBe(404);
      expect(await status('/v2/users/ann/tags/list', authorization)).toBe(403);
    }
    expect(await status('/v2/users/ann/tags/list', basic('ann', 'secret'))).toBe(404);
  });

  it('is exchanged for a token of ours, by GET, by POST, and as Bearer', async () => {
    const { issuer, status, app } = await withIssuer();
    const jwt = await issuer.token();
    const url = '/token?scope=repository:acme/app:pull,push+repository:users/ann:pull';
    const gotten = [basic('ci', jwt), `Bearer ${jwt}`].map((authorization) =>
      app.inject({ url, headers: { authorization } }),
    );
    const posted = app.inject({
      method: 'POST',
      url: '/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({
        grant_type: 'password',
        username: 'ci',
        password: jwt,
        scope: 'repository:acme/app:pull,push',
      }).toString(),
    });
    for (const answer of await Promise.all([...gotten, posted])) {
      expect(answer.statusCode).toBe(200);
      const authorization = `Bearer ${answer.json().access_token}`;
      expect(await status('/v2/acme/app/tags/list', authorization)).toBe(404);
      expect(await status('/v2/users/ann/tags/list', authorization)).toBe(401);
    }
  });

  it('is refused when it is for another service, or of a stranger: 401, and nothing of it in the answer', async () => {
    const { issuer, app, failures } = await withIssuer();
    for (const claims of [{ aud: 'another' }, { repository: 'evil/app' }, { exp: 1 }]) {
      const jwt = await issuer.token(claims);
      for (const authorization of [`Bearer ${jwt}`, basic('ci', jwt)]) {
        const answer = await app.inject({ url: '/v2/', headers: { authorization } });
        expect(codesOf(answer)).toEqual(['UNAUTHORIZED']);
        expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
        expect(answer.body).not.toContain('evil');
      }
    }
    expect(failures).toEqual([]);
  });
});
