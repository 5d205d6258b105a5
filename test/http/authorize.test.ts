// The one gate: every route has an action, the policy decides, read-only and disabled deletes are refused there.
import type { FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import { BadCredentialsError } from '../../src/auth/bad-credentials-error.ts';
import { openPolicy } from '../../src/auth/open-policy.ts';
import type { Access, Decision, Policy } from '../../src/auth/policy.ts';
import { anonymous, type Principal } from '../../src/auth/principal.ts';
import type { RouteAction } from '../../src/http/request-context.ts';
import { routes } from '../../src/http/routes.ts';
import { codesOf } from './support/answers.ts';
import { imageManifest, pushImage } from './support/content.ts';
import { registryApp } from './support/registry-app.ts';
import { routeUrl } from './support/route-url.ts';

const image = imageManifest();
const digest = image.digest;
const id = '00000000-0000-4000-8000-000000000000';

const samples: Readonly<Record<string, string>> = { name: 'a/b', reference: 'v1', tag: 'v1', digest, id };
const isOfRepository = (pattern: string) => pattern.includes(':name');
const guarded = routes.filter(([, , action]) => action !== 'probe');
/** A request to each of them: method, URL, the right that it needs, and the pattern. */
const requests = guarded.map(([method, pattern, action]): [string, string, RouteAction, string] => [
  String(method),
  routeUrl(pattern, samples),
  action,
  pattern,
]);

const request = (app: FastifyInstance, method: string, url: string, authorization?: string) =>
  app.inject({
    method: method as 'GET',
    url,
    ...(authorization === undefined ? {} : { headers: { authorization } }),
  });

/** Answers the same to everything, and remembers what it was asked. */
function recordingPolicy(decision: Decision) {
  const asked: Access[] = [];
  const policy: Policy = {
    ...openPolicy,
    authenticate: () => anonymous,
    decide: (_principal, access) => {
      asked.push(access);
      return decision;
    },
  };
  return { policy, asked };
}

describe('the gate', () => {
  it.each(requests)('%s %s asks the policy for %s, and nothing happens when it denies', async (...row) => {
    const [method, url, action, pattern] = row;
    const { policy, asked } = recordingPolicy({ kind: 'deny', rule: 'none' });
    const { app } = registryApp({ policy });
    const answer = await request(app, method, url);
    expect(answer.statusCode).toBe(403);
    if (method !== 'HEAD') expect(codesOf(answer)).toEqual(['DENIED']);
    expect(asked).toEqual([{ action, repository: isOfRepository(pattern) ? 'a/b' : undefined }]);
  });

  it('knows every route of the app', async () => {
    const { app } = registryApp();
    await app.ready();
    for (const [method, url] of requests) {
      const answer = await request(app, method, url);
      expect([404, 405, 400, 200, 202]).toContain(answer.statusCode);
      expect(answer.body).not.toContain('no such endpoint');
    }
  });

  it('takes no request that changes something for a pull, and only what is pushed for a delete', () => {
    const rights = guarded.map(([method, pattern, action]) => `${method} ${pattern} ${action}`);
    const reading = rights.filter((right) => / (?:ping|catalog|pull)$/.test(right));
    expect(reading.filter((right) => !/^(?:GET|HEAD) /.test(right))).toEqual([]);
    expect(rights.filter((right) => right.endsWith(' delete'))).toEqual([
      'DELETE /v2/:name/manifests/:reference delete',
      'DELETE /v2/:name/blobs/:digest delete',
    ]);
  });

  it('asks nothing for health', async () => {
    const { policy, asked } = recordingPolicy({ kind: 'deny', rule: 'none' });
    const { app } = registryApp({ policy });
    for (const url of ['/livez', '/readyz']) expect((await app.inject(url)).statusCode).toBe(200);
    expect(asked).toEqual([]);
  });

  it.each(['/v2/', '/v2/a/tags/list'])('answers %s with 401 and the challenge of the policy', async (url) => {
    const refused = { kind: 'authenticate', rule: 'none', scope: 'repository:a:pull', error: undefined } as const;
    const { policy } = recordingPolicy(refused);
    const { app } = registryApp({ policy });
    const answer = await app.inject({ url, headers: { host: 'localhost:5000' } });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe(
      'Bearer realm="http://localhost:5000/token",service="moorage",scope="repository:a:pull"',
    );
    expect(codesOf(answer)).toEqual(['UNAUTHORIZED']);
  });

  it.each([true, false])(
    'waits for a policy that has to look somebody up (asynchronous: %s)',
    async (isAsynchronous) => {
      const ann: Principal = { ...anonymous, name: 'ann', kind: 'user' };
      const policy: Policy = {
        ...openPolicy,
        authenticate: ({ authorization }) => {
          const principal = authorization === 'Basic ann' ? ann : anonymous;
          return isAsynchronous ? Promise.resolve(principal) : principal;
        },
        decide: (principal) => ({ kind: principal === ann ? 'allow' : 'deny', rule: 'for ann' }),
      };
      const { app } = registryApp({ policy });
      expect((await request(app, 'GET', '/v2/_catalog', 'Basic ann')).statusCode).toBe(200);
      expect((await request(app, 'GET', '/v2/_catalog')).statusCode).toBe(403);
    },
  );

  it.each([true, false])('answers wrong credentials with 401 (asynchronous: %s)', async (isAsynchronous) => {
    const wrong = new BadCredentialsError('no such token', { isToken: true });
    const { policy } = recordingPolicy({ kind: 'allow', rule: 'all' });
    const authenticate = () => {
      if (isAsynchronous) return Promise.reject(wrong);
      throw wrong;
    };
    const { app, failures } = registryApp({ policy: { ...policy, authenticate } });
    const answer = await request(app, 'GET', '/v2/_catalog', 'Bearer old');
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toMatch(
      /^Bearer realm="[^"]+",service="moorage",error="invalid_token"$/,
    );
    expect(failures).toEqual([]);
  });

  it('refuses when the policy fails', async () => {
    const { policy } = recordingPolicy({ kind: 'allow', rule: 'all' });
    const broken: Policy = { ...policy, authenticate: () => Promise.reject(new Error('the directory is down')) };
    const { app, failures } = registryApp({ policy: broken });
    const answer = await app.inject('/v2/_catalog');
    expect(answer.statusCode).toBe(500);
    expect(codesOf(answer)).toEqual(['UNKNOWN']);
    expect(failures).toHaveLength(1);
  });

  it('lets no route be built that declares no action', () => {
    const { app } = registryApp();
    expect(() => app.get('/v2/:name/_secret', () => 'hello')).toThrow('declares no action');
  });
});

describe('read-only', () => {
  it.each(requests)('%s %s (%s): pulls pass, pushes are 403, deletes 405', async (method, url, action) => {
    const { app } = registryApp({ readOnly: true });
    const answer = await request(app, method, url);
    if (action === 'push') expect(answer.statusCode).toBe(403);
    else if (action === 'delete') expect(answer.statusCode).toBe(405);
    else expect([200, 404]).toContain(answer.statusCode);
    if (action === 'push' && method !== 'HEAD') expect(codesOf(answer)).toEqual(['DENIED']);
    if (action === 'delete') {
      expect(codesOf(answer)).toEqual(['UNSUPPORTED']);
      expect(answer.headers.allow).toMatch(/^GET, HEAD(?:, PUT)?$/);
    }
  });
});

describe('deletes disabled', () => {
  it('answers 405 to deletes, still cancels uploads, and keeps what is there', async () => {
    const { app } = registryApp({ settings: { deletesEnabled: false } });
    await pushImage(app, 'a/b', 'v1', image);
    for (const url of ['/v2/a/b/manifests/v1', `/v2/a/b/manifests/${digest}`, `/v2/a/b/blobs/${digest}`]) {
      const answer = await request(app, 'DELETE', url);
      expect(answer.statusCode).toBe(405);
      expect(codesOf(answer)).toEqual(['UNSUPPORTED']);
    }
    expect((await app.inject('/v2/a/b/manifests/v1')).statusCode).toBe(200);
    const started = await request(app, 'POST', '/v2/a/b/blobs/uploads/');
    expect((await request(app, 'DELETE', String(started.headers.location))).statusCode).toBe(204);
  });
});
