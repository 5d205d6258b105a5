// The token endpoint, and the way from a refusal to a token to an answer, as clients go it.
import type { FastifyInstance } from 'fastify';
import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { codesOf } from './support/answers.ts';
import { imageManifest } from './support/content.ts';
import { head, rawConnection } from './support/raw-connection.ts';
import { registryApp } from './support/registry-app.ts';
import { tokenApp } from './support/token-app.ts';

const image = imageManifest();
const basic = (name: string, password: string) => `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
const annsBasic = basic('ann', 'secret');
/** What both conformance suites send when they have no credentials. */
const emptyBasic = 'Basic Og==';

async function withAnn(rules?: Parameters<typeof tokenApp>[0], options?: Parameters<typeof tokenApp>[1]) {
  const parts = await tokenApp(rules, options);
  parts.accounts.set('ann', 'secret');
  return parts;
}

const get = (app: FastifyInstance, url: string, authorization?: string) =>
  app.inject({
    url,
    headers: { host: 'registry:5000', ...(authorization === undefined ? {} : { authorization }) },
  });

const post = (app: FastifyInstance, form: Readonly<Record<string, string>>, headers: Record<string, string> = {}) =>
  app.inject({
    method: 'POST',
    url: '/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(form).toString(),
  });

const passwordForm = {
  grant_type: 'password',
  service: 'moorage',
  client_id: 'containerd-client',
  username: 'ann',
  password: 'secret',
};

/** The realm of a challenge with its parameters, as a URL; and a token from there. */
async function tokenFor(app: FastifyInstance, challenge: unknown, authorization?: string): Promise<string> {
  const [, realm = '', rest = ''] = /^Bearer realm="http:\/\/registry:5000([^"]*)"(.*)$/.exec(String(challenge)) ?? [];
  const parameters = new URLSearchParams();
  for (const [, name = '', value = ''] of rest.matchAll(/,(service|scope)="([^"]*)"/g)) parameters.append(name, value);
  const answer = await get(app, `${realm}?${parameters}`, authorization);
  expect(answer.statusCode).toBe(200);
  return `Bearer ${answer.json().token}`;
}

describe('GET /token', () => {
  it.each(['', '?service=moorage&scope=repository:a/b:pull,push&client_id=docker&account=ann&offline_token=true'])(
    'answers %j with a token',
    async (query) => {
      const { app } = await withAnn();
      const answer = await get(app, `/token${query}`, annsBasic);
      expect(answer.statusCode).toBe(200);
      expect(answer.headers['content-type']).toBe('application/json');
      expect(answer.headers['cache-control']).toBe('no-store');
      const { token, ...others } = answer.json();
      expect(others).toEqual({ access_token: token, expires_in: 300 });
      expect(decodeJwt(token)).toMatchObject({ iss: 'moorage', aud: 'moorage', sub: 'ann' });
    },
  );

  it.each([undefined, emptyBasic])('gives one to anonymous, for what anonymous may (%s)', async (authorization) => {
    const { app } = await withAnn([{ repositories: 'public/**', who: 'anonymous', may: 'pull' }]);
    const scope = 'scope=repository:public/a:pull,push+repository:private:pull';
    const answer = await get(app, `/token?${scope}`, authorization);
    expect(answer.statusCode).toBe(200);
    expect(decodeJwt(answer.json().token)).toMatchObject({
      sub: '',
      access: [{ type: 'repository', name: 'public/a', actions: ['pull'] }],
    });
  });

  it.each([
    [basic('ann', 'wrong')],
    [basic('nobody', 'secret')],
    [basic('ann', '')],
    [basic('', 'secret')],
    ['Basic !!!'],
    ['Negotiate abc'],
    ['Bearer abc'],
    [`Basic ${'a'.repeat(15_000)}`],
  ])('refuses %s with 401 in the envelope, and one challenge', async (authorization) => {
    const { app, failures } = await withAnn();
    const answer = await get(app, '/token?scope=repository:a:pull', authorization);
    expect(answer.statusCode).toBe(401);
    expect(codesOf(answer)).toEqual(['UNAUTHORIZED']);
    expect(String(answer.headers['www-authenticate'])).toMatch(/^Bearer (?!.*basic)/i);
    expect(answer.body).not.toContain('secret');
    expect(failures).toEqual([]);
  });

  it('does not let a token renew itself, which would outlive the password', async () => {
    const { app } = await withAnn();
    const { token } = (await get(app, '/token', annsBasic)).json();
    const answer = await get(app, '/token', `Bearer ${token}`);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
  });

  it('grants a bounded number of scopes, in a token that fits into a header', async () => {
    const { app } = await withAnn();
    const scopes = Array.from({ length: 200 }, (_, at) => `repository:a/n${at}:*`).join('+');
    const { token } = (await get(app, `/token?scope=${scopes}`, annsBasic)).json();
    expect(token.length).toBeLessThan(12_000);
    expect((await get(app, '/v2/a/n0/tags/list', `Bearer ${token}`)).statusCode).toBe(404);
  });

  it('is no door for a page of another origin, nor by a name of its own', async () => {
    const { app } = await withAnn();
    const crossSite = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await post(app, passwordForm, crossSite)).statusCode).toBe(403);
    const answer = await app.inject({ url: '/token', headers: { ...crossSite, authorization: annsBasic } });
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('is not there where nobody is asked who they are', async () => {
    const { app } = registryApp();
    expect(codesOf(await get(app, '/token'))).toEqual(['UNSUPPORTED']);
    expect((await get(app, '/token')).statusCode).toBe(404);
    expect((await post(app, passwordForm)).statusCode).toBe(404);
  });
});

describe('POST /token', () => {
  it('takes a password in a form, and says what it grants', async () => {
    const { app } = await withAnn();
    const answer = await post(app, { ...passwordForm, scope: 'repository:a:pull,push repository:b:pull what:ever:x' });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    const { access_token: token, ...others } = answer.json();
    const scope = 'repository:a:pull,push repository:b:pull';
    expect(others).toEqual({ token, token_type: 'Bearer', expires_in: 300, scope });
    expect((await get(app, '/v2/', `Bearer ${token}`)).statusCode).toBe(200);
  });

  it('takes none from nobody for anonymous', async () => {
    const { app } = await withAnn();
    const answer = await post(app, { ...passwordForm, username: '', password: '' });
    expect(decodeJwt(answer.json().access_token)).toMatchObject({ sub: '', access: [] });
  });

  it.each([
    ['a wrong password', { password: 'wrong' }, 401, 'UNAUTHORIZED'],
    ['no password', { password: '' }, 401, 'UNAUTHORIZED'],
    ['a refresh token', { grant_type: 'refresh_token', refresh_token: 'x' }, 400, 'UNSUPPORTED'],
    ['another grant', { grant_type: 'client_credentials' }, 400, 'UNSUPPORTED'],
    ['a form of 20 KiB', { client_id: 'x'.repeat(20_000) }, 413, 'UNSUPPORTED'],
  ])('refuses %s', async (_what, more, status, code) => {
    const { app, failures } = await withAnn();
    const answer = await post(app, { ...passwordForm, ...more });
    expect(answer.statusCode).toBe(status);
    expect(codesOf(answer)).toEqual([code]);
    expect(answer.body).not.toContain('secret');
    expect(failures).toEqual([]);
  });

  it.each(['application/json', 'text/plain', ''])('refuses what is no form (%j)', async (type) => {
    const { app } = await withAnn();
    expect((await post(app, passwordForm, { 'content-type': type })).statusCode).toBe(400);
  });

  it('never reads more than a form has, whatever is sent', async () => {
    const { app } = await withAnn();
    const connection = await rawConnection(app);
    const type = { 'Content-Type': 'application/x-www-form-urlencoded', 'Transfer-Encoding': 'chunked' };
    await connection.write(head('POST /token', type));
    const chunk = Buffer.alloc(8_192, 'a');
    for (let at = 0; at < 3; at += 1)
      await connection.write(Buffer.concat([Buffer.from('2000\r\n'), chunk, Buffer.from('\r\n')]));
    expect((await connection.answer()).status).toBe(413);
  });
});

describe('a client', () => {
  it('logs in: 401, a token, 200; and is told when the password is wrong', async () => {
    const { app } = await withAnn([{ repositories: '**', who: 'anonymous', may: 'pull' }]);
    const refused = await get(app, '/v2/');
    expect(refused.statusCode).toBe(401);
    const challenge = refused.headers['www-authenticate'];
    expect(challenge).toBe('Bearer realm="http://registry:5000/token",service="moorage"');
    expect((await get(app, '/v2/', await tokenFor(app, challenge, annsBasic))).statusCode).toBe(200);
    expect((await get(app, '/token?account=ann', basic('ann', 'wrong'))).statusCode).toBe(401);
  });

  it('pushes and pulls with the tokens that it is told to get, and deletes with another', async () => {
    const { app } = await withAnn();
    const authorized = async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, payload?: Buffer) => {
      const send = (authorization?: string) =>
        app.inject({
          method,
          url,
          headers: {
            host: 'registry:5000',
            'content-type': 'application/vnd.oci.image.manifest.v1+json',
            ...(authorization === undefined ? {} : { authorization }),
          },
          ...(payload === undefined ? {} : { payload }),
        });
      const refused = await send();
      expect(refused.statusCode).toBe(401);
      return send(await tokenFor(app, refused.headers['www-authenticate'], annsBasic));
    };
    expect((await authorized('POST', '/v2/a/b/blobs/uploads/')).statusCode).toBe(202);
    const put = await authorized('PUT', '/v2/a/b/manifests/v1', image.bytes);
    expect([201, 400]).toContain(put.statusCode);
    expect((await authorized('GET', '/v2/a/b/tags/list')).statusCode).toBe(200);
    expect((await authorized('GET', '/v2/_catalog')).json()).toEqual({ repositories: ['a/b'] });
    expect((await authorized('DELETE', '/v2/a/b/manifests/v1')).statusCode).toBe(202);
  });

  it('whose token is for too little is asked for a wider one', async () => {
    const { app } = await withAnn();
    const { token } = (await get(app, '/token?scope=repository:a:pull', annsBasic)).json();
    const authorization = `Bearer ${token}`;
    expect((await get(app, '/v2/a/tags/list', authorization)).statusCode).toBe(404);
    const pushing = await app.inject({
      method: 'POST',
      url: '/v2/a/blobs/uploads/',
      headers: { host: 'registry:5000', authorization },
    });
    expect(pushing.statusCode).toBe(401);
    expect(pushing.headers['www-authenticate']).toBe(
      'Bearer realm="http://registry:5000/token",service="moorage",scope="repository:a:pull,push",error="insufficient_scope"',
    );
    expect((await get(app, '/v2/b/tags/list', authorization)).statusCode).toBe(401);
  });

  it('may use Basic credentials all the same', async () => {
    const { app } = await withAnn();
    expect((await get(app, '/v2/', annsBasic)).statusCode).toBe(200);
  });

  it('whose user is removed is out at once, with a challenge that says why', async () => {
    const { app, accounts } = await withAnn();
    const { token } = (await get(app, '/token', annsBasic)).json();
    expect((await get(app, '/v2/', `Bearer ${token}`)).statusCode).toBe(200);
    accounts.remove('ann');
    const answer = await get(app, '/v2/', `Bearer ${token}`);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
  });

  it('that is anonymous pulls with a token where a rule lets it, and pushes nowhere', async () => {
    const { app } = await withAnn([{ repositories: 'public/*', who: 'anonymous', may: 'pull' }]);
    const { token } = (await get(app, '/token?scope=repository:public/a:pull,push', emptyBasic)).json();
    const authorization = `Bearer ${token}`;
    expect((await get(app, '/v2/public/a/tags/list', authorization)).statusCode).toBe(404);
    expect((await get(app, '/v2/private/tags/list', authorization)).statusCode).toBe(401);
    const pushing = await app.inject({
      method: 'POST',
      url: '/v2/public/a/blobs/uploads/',
      headers: { authorization },
    });
    expect(pushing.statusCode).toBe(401);
  });

  it('is sent to the realm that was configured, as behind a proxy', async () => {
    const realm = 'https://registry.example/token';
    const { app } = await withAnn(undefined, { settings: { challenge: { scheme: 'bearer', realm } } });
    expect((await get(app, '/v2/')).headers['www-authenticate']).toBe(`Bearer realm="${realm}",service="moorage"`);
  });

  it('is asked for Basic credentials where that is the scheme, and a token is taken as well', async () => {
    const { app } = await withAnn(undefined, { settings: { challenge: { scheme: 'basic', realm: undefined } } });
    expect((await get(app, '/v2/')).headers['www-authenticate']).toBe('Basic realm="moorage", charset="UTF-8"');
    const { token } = (await get(app, '/token', annsBasic)).json();
    expect((await get(app, '/v2/', `Bearer ${token}`)).statusCode).toBe(200);
  });

  it('finds no token or password in the log', async () => {
    const { app, lines } = await withAnn(undefined, { isLogged: true });
    const { token } = (await get(app, '/token?password=planted&scope=repository:a:pull', annsBasic)).json();
    await post(app, passwordForm);
    await get(app, '/v2/a/tags/list', `Bearer ${token}`);
    const written = JSON.stringify(lines);
    expect(lines).toHaveLength(3);
    for (const secret of [token, 'planted', 'secret', annsBasic]) expect(written).not.toContain(secret);
  });
});
