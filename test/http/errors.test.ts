// Every refusal is in the spec's envelope, whoever refuses: the router, Fastify, Node's parser, the storage, or a defect.
import { describe, expect, it, vi } from 'vitest';
import { digestOf } from '../../src/oci/digest.ts';
import { parseRepositoryName } from '../../src/oci/reference.ts';
import { StorageError, type StorageFailure } from '../../src/storage/storage-error.ts';
import { codesOf } from './support/answers.ts';
import { head, rawConnection } from './support/raw-connection.ts';
import { registryApp } from './support/registry-app.ts';

const digest = `sha256:${'0'.repeat(64)}`;

describe('names', () => {
  it.each([
    'Upper',
    'a/blobs/b',
    'index.json',
    'a/oci-layout',
    'a%2Fb',
    'a%2fb',
    'a%00b',
    'a//b',
    '-a',
    'a_-b',
    'x'.repeat(256),
    `${'a/'.repeat(128)}a`,
    'caf%C3%A9',
  ])('%j is NAME_INVALID under every noun', async (name) => {
    const { app } = registryApp();
    for (const [method, tail] of [
      ['GET', 'tags/list'],
      ['GET', 'manifests/v1'],
      ['PUT', 'manifests/v1'],
      ['GET', `blobs/${digest}`],
      ['POST', 'blobs/uploads/'],
      ['GET', `referrers/${digest}`],
    ] as const) {
      const answer = await app.inject({ method, url: `/v2/${name}/${tail}` });
      expect(answer.statusCode).toBe(400);
      expect(codesOf(answer)).toEqual(['NAME_INVALID']);
    }
  });

  it('that climb are NAME_INVALID', async () => {
    const { app } = registryApp();
    const connection = await rawConnection(app);
    for (const name of ['..', 'a/../b', '../../etc', '%2e%2e', 'a/%2e%2e/b', '.', '']) {
      await connection.write(head(`GET /v2/${name}/manifests/v1`));
      const answer = await connection.answer();
      expect(answer.status).toBe(400);
      expect(codesOf(answer)).toEqual(['NAME_INVALID']);
    }
  });

  it('of 255 characters are names', async () => {
    const { app } = registryApp();
    const answer = await app.inject(`/v2/${'x'.repeat(255)}/tags/list`);
    expect(codesOf(answer)).toEqual(['NAME_UNKNOWN']);
  });
});

describe('unknown endpoints', () => {
  it.each([
    '/index.html',
    '/v1/',
    '/v2/a',
    '/v2/a/b/',
    '/v2/a/_oci/ext/nothing',
    '/v2/a/_oci/tag-history',
    '/v2/a/tags/list/',
    '/v2/tags/list',
    '/favicon.ico',
  ])('%s is 404', async (url) => {
    const { app } = registryApp();
    for (const method of ['GET', 'POST', 'DELETE'] as const) {
      const answer = await app.inject({ method, url });
      expect(answer.statusCode).toBe(404);
      expect(codesOf(answer)).toEqual(['UNSUPPORTED']);
    }
  });

  it.each([
    ['POST', '/v2/', 'GET, HEAD'],
    ['PUT', '/livez', 'GET, HEAD'],
    ['DELETE', '/v2/_catalog?n=1', 'GET, HEAD'],
    ['POST', '/v2/a/b/manifests/v1', 'GET, HEAD, PUT, DELETE'],
    ['PUT', '/v2/a/b/tags/list', 'GET, HEAD'],
    ['PATCH', `/v2/a/b/blobs/${digest}`, 'GET, HEAD, DELETE'],
    ['GET', '/v2/a/b/blobs/uploads/', 'POST'],
    ['PUT', '/v2/a/b/blobs/uploads', 'POST'],
    ['POST', '/v2/a/b/blobs/uploads/x', 'PATCH, PUT, GET, HEAD, DELETE'],
    ['OPTIONS', '/v2/', 'GET, HEAD'],
  ] as const)('%s %s is 405 with Allow', async (method, url, allow) => {
    const { app } = registryApp();
    const answer = await app.inject({ method, url });
    expect(answer.statusCode).toBe(405);
    expect(answer.headers.allow).toBe(allow);
    expect(codesOf(answer)).toEqual(['UNSUPPORTED']);
  });

  it('methods that Fastify does not know are 405 too', async () => {
    const { app } = registryApp();
    const connection = await rawConnection(app);
    for (const method of ['PROPFIND', 'TRACE', 'LINK']) {
      await connection.write(head(`${method} /v2/a/tags/list`));
      const answer = await connection.answer();
      expect(answer.status).toBe(405);
      expect(answer.headers.allow).toBe('GET, HEAD');
      expect(codesOf(answer)).toEqual(['UNSUPPORTED']);
    }
  });
});

describe('the framework', () => {
  it.each([
    ['a bad percent escape', '/v2/%zz/tags/list', 400],
    ['a bad UTF-8 escape', '/v2/a/manifests/%ff', 400],
    ['a parameter that is too long', `/v2/a/manifests/${'x'.repeat(1_025)}`, 414],
  ])('refuses %s in the envelope', async (_what, url, status) => {
    const { app, failures } = registryApp();
    const answer = await app.inject(url);
    expect(answer.statusCode).toBe(status);
    expect(codesOf(answer)).toEqual(['UNSUPPORTED']);
    expect(answer.body).not.toContain('FST_');
    expect(failures).toEqual([]);
  });

  it.each(['nonsense', '', 'a/b/c', 'text/plain; charset'])(
    'leaves the Content-Type %j to the manifest',
    async (type) => {
      const { app } = registryApp();
      const headers = { 'content-type': type };
      const started = await app.inject({ method: 'POST', url: '/v2/a/blobs/uploads/', headers });
      expect(started.statusCode).toBe(202);
      const upload = { method: 'PATCH', url: String(started.headers.location), headers, payload: 'x' } as const;
      expect((await app.inject(upload)).statusCode).toBe(202);
      const answer = await app.inject({ method: 'PUT', url: '/v2/a/manifests/v1', headers, payload: '{}' });
      expect(answer.statusCode).toBe(400);
      expect(codesOf(answer)).toEqual(['MANIFEST_INVALID']);
    },
  );

  it('refuses it for an unknown endpoint, in the envelope', async () => {
    const { app } = registryApp();
    const headers = { 'content-type': 'nonsense' };
    const answer = await app.inject({ method: 'PUT', url: '/nowhere', headers, payload: '{}' });
    expect(answer.statusCode).toBe(415);
    expect(codesOf(answer)).toEqual(['UNSUPPORTED']);
  });
});

describe('failures below', () => {
  const cases: [StorageFailure, 'PUT' | 'DELETE', number, string][] = [
    ['no-space', 'PUT', 507, 'UNAVAILABLE'],
    ['read-only', 'PUT', 403, 'DENIED'],
    ['read-only', 'DELETE', 405, 'UNSUPPORTED'],
    ['unavailable', 'PUT', 503, 'UNAVAILABLE'],
    ['unsafe', 'PUT', 503, 'UNAVAILABLE'],
    ['too-large', 'PUT', 503, 'UNAVAILABLE'],
  ];

  it.each(cases)('%s in a %s is %i %s and names no file', async (failure, method, status, code) => {
    const { app, registry, failures } = registryApp();
    const error = new StorageError(failure, 'cannot write /secret/team/app/index.json', new Error('EIO'));
    vi.spyOn(registry, 'writable').mockImplementation(() => {
      throw error;
    });
    const answer = await app.inject({ method, url: '/v2/team/app/manifests/v1' });
    expect(answer.statusCode).toBe(status);
    expect(codesOf(answer)).toEqual([code]);
    expect(answer.body).not.toContain('secret');
    expect(answer.body).not.toContain('EIO');
    if (status === 503) expect(answer.headers['retry-after']).toMatch(/^[0-9]+$/);
    if (status === 405) expect(answer.headers.allow).toBe('GET, HEAD, PUT');
    expect(failures).toEqual(status >= 500 ? [error] : []);
  });

  it('a defect is 500 UNKNOWN, and only the log learns of it', async () => {
    const { app, registry, failures } = registryApp();
    const defect = new TypeError('undefined is not a secret');
    vi.spyOn(registry, 'catalog').mockRejectedValue(defect);
    const answer = await app.inject('/v2/_catalog');
    expect(answer.statusCode).toBe(500);
    expect(answer.body).toBe('{"errors":[{"code":"UNKNOWN","message":"internal error"}]}');
    expect(failures).toEqual([defect]);
  });

  it('a header value that no header may hold is 500, not an answer that never comes', async () => {
    const { app, registry, failures } = registryApp();
    const { manifests } = await registry.repository(parseRepositoryName('a'));
    const hostile = { digest: digestOf(Buffer.alloc(0)), mediaType: 'a\r\nSet-Cookie: b', bytes: Buffer.alloc(0) };
    vi.spyOn(manifests, 'get').mockResolvedValue(hostile);
    const answer = await app.inject('/v2/a/manifests/v1');
    expect(answer.statusCode).toBe(500);
    expect(codesOf(answer)).toEqual(['UNKNOWN']);
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(failures).toHaveLength(1);
  });
});
