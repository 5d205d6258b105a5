// A web page that somebody visits does not reach the registry on its machine: neither by a name of its own, nor as another origin.
import type { FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import type { HostSettings } from '../../src/http/host-check.ts';
import { codesOf } from './support/answers.ts';
import { imageManifest, pushBlob, pushImage } from './support/content.ts';
import { guardedApp } from './support/guarded-app.ts';
import { head, rawConnection } from './support/raw-connection.ts';
import { registryApp } from './support/registry-app.ts';

const named: HostSettings = { checked: 'always', names: ['registry.example'] };

const get = (app: FastifyInstance, host: string, url = '/v2/_catalog') => app.inject({ url, headers: { host } });

describe('the Host', () => {
  it.each([
    ...[
      '127.0.0.1:5000',
      '127.0.0.1',
      '10.1.2.3:80',
      '[::1]:5000',
      '[::1]',
      '[fe80::1%25eth0]:5000',
      '[::ffff:127.0.0.1]',
    ],
    ...['localhost', 'localhost:5000', 'LOCALHOST:5000', 'localhost.:5000', 'app.localhost:5000', 'a.b.localhost'],
    ...['host.docker.internal:5000', 'registry.internal', 'registry', 'my_registry:5000', 'myhost.', ''],
    ...['registry.example', 'Registry.Example:443', 'registry.example.:5000'],
  ])('%j is answered', async (host) => {
    const { app } = registryApp({ settings: { hosts: named } });
    expect((await get(app, host)).statusCode).toBe(200);
    // Remembered, the answer is the same.
    expect((await get(app, host)).statusCode).toBe(200);
  });

  it.each([
    ...['evil.example', 'evil.example:5000', 'evil.example.', '127.0.0.1.nip.io', 'localhost.evil.example'],
    ...['sub.registry.example', 'xregistry.example', 'evilinternal.example', '127.1', '1.2.3.4.5'],
  ])('%j is 421, and the setting is named', async (host) => {
    const { app } = registryApp({ settings: { hosts: named } });
    for (const url of ['/v2/_catalog', '/v2/', '/v2/a/tags/list', '/v2/_catalog']) {
      const answer = await get(app, host, url);
      expect(answer.statusCode).toBe(421);
      expect(codesOf(answer)).toEqual(['UNSUPPORTED']);
      expect(answer.body).toContain('server.hosts (MOORAGE_SERVER_HOSTS)');
    }
  });

  it.each([
    'a@localhost',
    'local host',
    'localhost:x',
    'localhost:99999',
    'a/b',
    '[::1',
    '[evil.example]',
    '-a',
    'a..b!',
    '<b>',
  ])('%j is 400 wherever the server listens', async (host) => {
    const { app } = registryApp({ settings: { hosts: { checked: 'never', names: [] } } });
    const answer = await get(app, host);
    expect(answer.statusCode).toBe(400);
    expect(codesOf(answer)).toEqual(['UNSUPPORTED']);
  });

  it('does not matter to probes', async () => {
    const { app } = registryApp({ settings: { hosts: named } });
    for (const url of ['/livez', '/readyz']) expect((await get(app, 'evil.example', url)).statusCode).toBe(200);
  });

  it('is checked while only this machine can connect, and by default not elsewhere', async () => {
    const local = registryApp();
    const connection = await rawConnection(local.app);
    await connection.write(head('GET /v2/', { Host: 'evil.example' }));
    expect((await connection.answer()).status).toBe(421);

    const open = registryApp();
    await open.app.listen({ host: '0.0.0.0', port: 0 });
    expect((await get(open.app, 'evil.example')).statusCode).toBe(200);
  });

  it('can be any', async () => {
    const { app } = registryApp({ settings: { hosts: { checked: 'never', names: [] } } });
    const connection = await rawConnection(app);
    await connection.write(head('GET /v2/', { Host: 'evil.example' }));
    expect((await connection.answer()).status).toBe(200);
  });

  it('of an absolute target wins over the header', async () => {
    const { app } = registryApp();
    const connection = await rawConnection(app);
    for (const [target, host, status] of [
      ['http://evil.example/v2/', 'localhost', 421],
      ['http://localhost/v2/', 'evil.example', 200],
      ['http://a@localhost/v2/', 'localhost', 400],
    ] as const) {
      await connection.write(head(`GET ${target}`, { Host: host }));
      expect((await connection.answer()).status).toBe(status);
    }
  });

  it('is judged anew when more values came than are remembered', async () => {
    const { app } = registryApp({ settings: { hosts: named } });
    for (let at = 0; at < 200; at += 1) expect((await get(app, `evil${at}.example`)).statusCode).toBe(421);
    expect((await get(app, 'registry.example')).statusCode).toBe(200);
  });

  it('refuses a push before its body is read, to HEAD without a body', async () => {
    const { app } = registryApp();
    const connection = await rawConnection(app);
    const push = { Host: 'evil.example', 'Content-Length': 2 };
    await connection.write(`${head('PUT /v2/a/manifests/v1', push)}{}`);
    expect((await connection.answer()).status).toBe(421);
    const answer = await app.inject({ method: 'HEAD', url: '/v2/_catalog', headers: { host: 'evil.example' } });
    expect(answer.statusCode).toBe(421);
    expect(answer.body).toBe('');
  });
});

const crossSite = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };

describe('another origin', () => {
  const changes = [
    ['POST', '/v2/a/blobs/uploads/'],
    ['POST', '/v2/a/blobs/uploads/?mount=sha256:0&from=b'],
    ['PUT', '/v2/a/manifests/v1'],
    ['DELETE', '/v2/a/manifests/v1'],
  ] as const;

  it.each(changes)('may not %s %s', async (method, url) => {
    const { app } = registryApp();
    await pushImage(app, 'a', 'v1');
    for (const headers of [
      crossSite,
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { host: 'localhost:5000', origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site' },
      { host: 'localhost:5000', origin: 'http://localhost' },
      { host: 'localhost:5000', origin: 'http://127.0.0.1:5000' },
      { host: '', origin: 'http://' },
      { host: 'localhost', origin: 'chrome-extension://localhost' },
    ]) {
      const answer = await app.inject({ method, url, headers, payload: imageManifest().bytes });
      expect(answer.statusCode).toBe(403);
      expect(codesOf(answer)).toEqual(['DENIED']);
    }
    expect((await app.inject('/v2/a/manifests/v1')).statusCode).toBe(200);
  });

  it.each([
    ['localhost:5000', 'http://localhost:5000'],
    ['LOCALHOST:5000', 'http://localhost:5000'],
    ['registry.example', 'https://registry.example'],
    ['registry.example:443', 'https://registry.example'],
    ['registry.example', 'http://registry.example:80'],
    ['[::1]:5000', 'http://[::1]:5000'],
  ])('is not the one of the registry itself: Host %s, Origin %s', async (host, origin) => {
    const { app } = registryApp();
    const headers = { host, origin, 'sec-fetch-site': 'same-origin' };
    expect((await app.inject({ method: 'POST', url: '/v2/a/blobs/uploads/', headers })).statusCode).toBe(202);
  });

  it('may ask for what it cannot read, and is told of no permission beyond', async () => {
    const { app } = registryApp();
    expect((await app.inject({ url: '/v2/', headers: crossSite })).statusCode).toBe(200);
    const preflight = { ...crossSite, 'access-control-request-method': 'DELETE' };
    const answer = await app.inject({ method: 'OPTIONS', url: '/v2/a/manifests/v1', headers: preflight });
    expect(answer.statusCode).toBe(405);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('what was pushed', () => {
  const forBrowsers = {
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
    'cross-origin-resource-policy': 'same-origin',
  };

  it('is no page, script or picture to a browser', async () => {
    const { app } = registryApp();
    const page = Buffer.from('<!doctype html><script>alert(1)</script>');
    const large = Buffer.alloc(100_000, '<b>');
    await pushImage(app, 'a', 'v1');
    const urls = ['/v2/', '/v2/_catalog', '/v2/a/tags/list', '/v2/a/manifests/v1', '/v2/a/manifests/none', '/nowhere'];
    for (const bytes of [page, large]) urls.push(`/v2/a/blobs/${await pushBlob(app, 'a', bytes)}`);
    for (const url of urls) expect((await app.inject(url)).headers).toMatchObject(forBrowsers);
  });

  it.each(['hello\r\n\r\n', head('GET /v2/', { Expect: 'a miracle' })])('nor is a refusal of %j', async (bytes) => {
    const connection = await rawConnection(registryApp().app);
    await connection.write(bytes);
    expect((await connection.answer()).headers).toMatchObject(forBrowsers);
  });
});

describe('a page, where users are asked who they are', () => {
  // The browser sends along what its user typed into it for another tab.
  const cached = { authorization: 'Basic ann' };
  const rules = [{ who: 'ann', may: ['pull', 'push', 'delete'] }];

  it.each([
    ['POST', '/v2/a/blobs/uploads/'],
    ['PUT', '/v2/a/manifests/v1'],
    ['DELETE', '/v2/a/manifests/v1'],
    ['POST', '/token'],
  ] as const)('of another origin may not %s %s with the credentials of its visitor', async (method, url) => {
    const { app } = guardedApp(rules);
    const answer = await app.inject({ method, url, headers: { ...crossSite, ...cached } });
    expect([answer.statusCode, codesOf(answer)]).toEqual([403, ['DENIED']]);
    expect(answer.headers['www-authenticate']).toBe(undefined);
  });

  it.each([
    ['no page', []],
    ['every page, for reading', ['*']],
    ['another one', ['https://ui.example']],
  ])('of another origin reads nothing with them where %s is let in', async (_who, cors) => {
    const { app } = guardedApp(rules, { settings: { cors } });
    for (const url of ['/v2/_catalog', '/v2/a/tags/list', '/token']) {
      const { headers } = await app.inject({ url, headers: { ...crossSite, ...cached } });
      expect(headers['access-control-allow-credentials']).toBe(undefined);
      expect(headers['access-control-allow-origin']).toBe(cors.includes('*') ? '*' : undefined);
    }
  });

  it('that is named logs in with a token of its own, which browsers ask about before they send it', async () => {
    const origin = 'https://ui.example';
    const { app } = guardedApp(rules, { settings: { cors: [origin] } });
    const asked = { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' };
    const preflight = await app.inject({ method: 'OPTIONS', url: '/v2/_catalog', headers: asked });
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers['access-control-allow-headers']).toContain('Authorization');
    const refused = await app.inject({ url: '/v2/_catalog', headers: { origin } });
    expect(refused.statusCode).toBe(401);
    // It must see where to ask for a token.
    expect(refused.headers['access-control-allow-origin']).toBe(origin);
    expect(refused.headers['access-control-expose-headers']).toContain('WWW-Authenticate');
    const read = await app.inject({
      url: '/v2/_catalog',
      headers: { origin, authorization: 'Bearer ann registry:catalog:*' },
    });
    expect(read.statusCode).toBe(200);
  });

  it('is never answered with a cookie', async () => {
    const { app } = guardedApp(rules);
    for (const headers of [{}, cached])
      expect((await app.inject({ url: '/v2/', headers })).headers['set-cookie']).toBe(undefined);
  });
});
