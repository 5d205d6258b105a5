// Pages of other origins: none may do anything unless server.cors says so, and then as the CORS protocol has it.
import type { FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import { codesOf } from './support/answers.ts';
import { imageManifest, pushImage } from './support/content.ts';
import { head, rawConnection } from './support/raw-connection.ts';
import { registryApp } from './support/registry-app.ts';

const named = 'https://ui.example';
const stranger = 'https://evil.example';
const manifest = '/v2/team/app/manifests/v1';
const upload = '/v2/team/app/blobs/uploads/';

async function appWith(cors: readonly string[]): Promise<FastifyInstance> {
  const { app } = registryApp({ settings: { cors } });
  await pushImage(app, 'team/app', 'v1', imageManifest());
  return app;
}

const asked = (app: FastifyInstance, origin: string, url = manifest) => app.inject({ url, headers: { origin } });

function preflight(app: FastifyInstance, origin: string, headers = {}, url = manifest) {
  const method = { 'access-control-request-method': 'PUT' };
  return app.inject({ method: 'OPTIONS', url, headers: { origin, ...method, ...headers } });
}

function corsHeaders(headers: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(headers).filter((name) => name.startsWith('access-control-') || name === 'vary');
}

describe('without server.cors', () => {
  it('no answer says anything to pages of other origins, and preflights are 405', async () => {
    const app = await appWith([]);
    for (const url of [manifest, '/v2/', '/v2/nothing']) {
      expect(corsHeaders((await asked(app, named, url)).headers)).toEqual([]);
    }
    const answer = await preflight(app, named);
    expect(answer.statusCode).toBe(405);
    expect(codesOf(answer)).toEqual(['UNSUPPORTED']);
    expect(corsHeaders(answer.headers)).toEqual([]);
    const push = await app.inject({ method: 'POST', url: upload, headers: { origin: named } });
    expect(push.statusCode).toBe(403);
  });
});

describe('a page that is named', () => {
  it('may read every answer, errors too, with the headers that clients need', async () => {
    const app = await appWith(['http://localhost:3000', named]);
    for (const [url, status] of [
      [manifest, 200],
      ['/v2/team/app/manifests/v2', 404],
      ['/nothing', 404],
      ['/', 200],
    ] as const) {
      const answer = await asked(app, named, url);
      expect(answer.statusCode).toBe(status);
      expect(answer.headers['access-control-allow-origin']).toBe(named);
      expect(answer.headers['access-control-allow-credentials']).toBe('true');
      expect([answer.headers.vary].flat().join()).toContain('Origin');
      const exposed = String(answer.headers['access-control-expose-headers']).split(', ');
      expect(exposed).toEqual(
        expect.arrayContaining([
          ...['Docker-Content-Digest', 'Docker-Distribution-API-Version', 'Docker-Upload-UUID', 'Link', 'Location'],
          ...['Range', 'OCI-Subject', 'OCI-Tag', 'OCI-Filters-Applied', 'Content-Range', 'ETag', 'WWW-Authenticate'],
          ...['Accept-Ranges', 'Content-Length', 'Warning'],
        ]),
      );
    }
  });

  it('may push and delete, after its browser has asked', async () => {
    const app = await appWith([named]);
    const allowed = await preflight(app, named, { 'access-control-request-headers': 'authorization,if-match' });
    expect(allowed.statusCode).toBe(204);
    expect(allowed.body).toBe('');
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': named,
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-max-age': '3600',
      vary: 'Origin',
    });
    const headers = String(allowed.headers['access-control-allow-headers']).toLowerCase().split(', ');
    expect(headers).toEqual(expect.arrayContaining(['authorization', 'content-type', 'range', 'if-match']));
    expect(allowed.headers).not.toHaveProperty('access-control-allow-private-network');
    const local = await preflight(app, named, { 'access-control-request-private-network': 'true' });
    expect(local.headers['access-control-allow-private-network']).toBe('true');
    const browser = { origin: named, 'sec-fetch-site': 'cross-site' };
    expect((await app.inject({ method: 'POST', url: upload, headers: browser })).statusCode).toBe(202);
    expect((await app.inject({ method: 'DELETE', url: manifest, headers: browser })).statusCode).toBe(202);
  });

  it('gets no preflight for what does not exist, and none without the question', async () => {
    const app = await appWith([named]);
    expect((await preflight(app, named, {}, '/nothing')).statusCode).toBe(404);
    const plain = await app.inject({ method: 'OPTIONS', url: manifest, headers: { origin: named } });
    expect(plain.statusCode).toBe(405);
  });
});

describe('a page that is not named', () => {
  it.each([stranger, 'null', 'http://ui.example', 'https://ui.example:444', 'https://ui.example.evil.example', ''])(
    '%j may do nothing, and caches are told that the answer depends on who asks',
    async (origin) => {
      const app = await appWith([named]);
      expect(corsHeaders((await asked(app, origin)).headers)).toEqual(['vary']);
      const answer = await preflight(app, origin);
      expect(answer.statusCode).toBe(405);
      expect(corsHeaders(answer.headers)).toEqual(['vary']);
      if (origin === '') return;
      const push = await app.inject({ method: 'POST', url: upload, headers: { origin } });
      expect(push.statusCode).toBe(403);
      expect(push.body).toContain('MOORAGE_SERVER_CORS');
    },
  );
});

describe('where every page may read', () => {
  it('none may change anything, nor use what the browser knows of passwords', async () => {
    const app = await appWith(['*']);
    for (const origin of [stranger, 'null']) {
      const answer = await asked(app, origin);
      expect(answer.headers['access-control-allow-origin']).toBe('*');
      expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
      expect(answer.headers).not.toHaveProperty('vary');
      const allowed = await preflight(app, origin);
      expect(allowed.statusCode).toBe(204);
      expect(allowed.headers['access-control-allow-methods']).toBe('GET, HEAD');
      for (const [method, url] of [
        ['POST', upload],
        ['DELETE', manifest],
        ['PUT', manifest],
      ] as const) {
        expect((await app.inject({ method, url, headers: { origin } })).statusCode).toBe(403);
      }
    }
  });

  it('a page that is named beside may do all', async () => {
    const app = await appWith(['*', named]);
    expect((await asked(app, named)).headers['access-control-allow-origin']).toBe(named);
    const other = await asked(app, stranger);
    expect(other.headers).toMatchObject({ 'access-control-allow-origin': '*', vary: 'Origin' });
    expect((await app.inject({ method: 'POST', url: upload, headers: { origin: named } })).statusCode).toBe(202);
    expect((await app.inject({ method: 'POST', url: upload, headers: { origin: stranger } })).statusCode).toBe(403);
  });
});

it('the Host is looked at all the same, so that no page gets in by a name of its own', async () => {
  const { app } = registryApp({ settings: { cors: [named, '*'] } });
  const connection = await rawConnection(app);
  await connection.write(head('GET /v2/_catalog', { Host: 'evil.example', Origin: named }));
  expect((await connection.answer()).status).toBe(421);
});
