// What the HTTP layer tells a meter of each request, who may read what was counted, and Server-Timing.
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { MeteredRequest, Metrics } from '../../src/http/metrics.ts';
import { codesOf } from './support/answers.ts';
import { imageManifest, pushBlob, pushImage } from './support/content.ts';
import { guardedApp } from './support/guarded-app.ts';
import { registryApp } from './support/registry-app.ts';

interface Counted extends MeteredRequest {
  readonly method: string;
  readonly route: string | undefined;
}

/** Remembers all that it is told. */
function recorded(): { readonly metrics: Metrics; readonly requests: Counted[] } {
  const requests: Counted[] = [];
  const metrics: Metrics = {
    meterOf: (method, route) => ({ answered: (request) => void requests.push({ method, route, ...request }) }),
    exposition: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', text: 'counted 1\n' }),
  };
  return { metrics, requests };
}

const image = imageManifest();
const manifests = '/v2/:name/manifests/:reference';

describe('a request', () => {
  it('is told once, by its route and status, with the bytes of bodies', async () => {
    const { metrics, requests } = recorded();
    const { app } = registryApp({ metrics });
    await pushImage(app, 'team/app', 'v1', image);
    requests.splice(0);
    await app.inject({ url: '/v2/team/app/manifests/v1' });
    await app.inject({ method: 'HEAD', url: '/v2/team/app/manifests/v1' });
    await app.inject({ url: '/v2/team/app/manifests/v2' });
    await pushBlob(app, 'team/app', Buffer.alloc(1_000));
    expect(requests.map(({ method, route, status, bytesIn }) => [method, route, status, bytesIn])).toEqual([
      ['GET', manifests, 200, 0],
      ['HEAD', manifests, 200, 0],
      ['GET', manifests, 404, 0],
      ['POST', '/v2/:name/blobs/uploads/', 201, 1_000],
    ]);
    const [get, head] = requests;
    expect([get?.bytesOut, head?.bytesOut]).toEqual([image.bytes.byteLength, 0]);
    expect(get?.repository).toBe('team/app');
    expect(requests.every(({ durationMs }) => durationMs >= 0)).toBe(true);
  });

  it('to what is no endpoint, or no URL, has no route', async () => {
    const { metrics, requests } = recorded();
    const { app } = registryApp({ metrics });
    for (const url of ['/', '/v3', '/v2/a/%ff', '/metrics/x']) await app.inject({ url });
    await app.inject({ method: 'PATCH', url: '/v2/' });
    const told = requests.map(({ method, route, status }) => [method, route, status]);
    expect(told).toEqual([
      ['GET', '/', 200],
      ['GET', undefined, 404],
      ['GET', undefined, expect.any(Number)],
      ['GET', undefined, 404],
      ['PATCH', undefined, 405],
    ]);
  });

  it('that a mirror sends is told as such', async () => {
    const { metrics, requests } = recorded();
    const { app } = registryApp({ metrics });
    await pushImage(app, 'docker.io/library/os', 'v1', image);
    requests.splice(0);
    for (const query of ['', '?ns=docker.io']) await app.inject({ url: `/v2/library/os/manifests/v1${query}` });
    expect(requests.map(({ status, isMirrored, repository }) => [status, isMirrored, repository])).toEqual([
      [404, false, 'library/os'],
      [200, true, 'docker.io/library/os'],
    ]);
  });

  it('that is refused counts what came of it, whatever it declared', async () => {
    const { metrics, requests } = recorded();
    const { app } = registryApp({ metrics, readOnly: true });
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as { port: number };
    const socket = connect(port, '127.0.0.1');
    socket.write('POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: a\r\nContent-Length: 900000000000\r\n\r\nfew');
    await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
    while (requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(requests[0]).toMatchObject({ status: 403, route: '/v2/:name/blobs/uploads/' });
    expect(requests[0]?.bytesIn).toBeLessThan(10_000);
  });
});

describe('/metrics', () => {
  it('answers with what was counted, also to HEAD', async () => {
    const { app } = registryApp({ metrics: recorded().metrics });
    const get = await app.inject({ url: '/metrics' });
    expect([get.statusCode, get.body]).toEqual([200, 'counted 1\n']);
    expect(get.headers).toMatchObject({
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      'cache-control': 'no-store',
    });
    const head = await app.inject({ method: 'HEAD', url: '/metrics' });
    expect([head.statusCode, head.body, head.headers['content-length']]).toEqual([200, '', '10']);
    expect((await app.inject({ method: 'POST', url: '/metrics' })).headers.allow).toBe('GET, HEAD');
  });

  it('is no endpoint where it is served elsewhere or not at all, and there it is the only one', async () => {
    const { metrics } = recorded();
    const { app } = registryApp({ metrics, serves: 'registry' });
    const absent = await app.inject({ url: '/metrics' });
    expect([absent.statusCode, codesOf(absent)]).toEqual([404, ['UNSUPPORTED']]);
    const { app: alone } = registryApp({ metrics, serves: 'metrics' });
    expect((await alone.inject({ url: '/metrics' })).statusCode).toBe(200);
    for (const url of ['/', '/v2/', '/v2/_catalog', '/token', '/v2/a/tags/list']) {
      expect([url, (await alone.inject({ url })).statusCode]).toEqual([url, 404]);
    }
  });

  it.each([
    ['a rule of metrics, whatever its repositories', { repositories: 'team/*', who: 'anna', may: 'metrics' }, 200],
    ['an admin of everything', { who: 'anna', may: 'admin' }, 200],
    ['an admin of some repositories', { repositories: 'team/**', who: 'anna', may: 'admin' }, 403],
    ['who may pull and push', { who: 'anna', may: 'pull, push, delete' }, 403],
  ])('is for %s: %j', async (_who, rule, status) => {
    const { app } = guardedApp([rule], { metrics: recorded().metrics });
    const statusFor = async (authorization?: string) =>
      (await app.inject({ url: '/metrics', headers: authorization ? { authorization } : {} })).statusCode;
    expect(await statusFor('Basic anna')).toBe(status);
    expect(await statusFor()).toBe(401);
    expect(await statusFor('Bearer anna registry:catalog:*')).toBe(401);
    expect(await statusFor('Bearer anna registry:metrics:*')).toBe(status === 200 ? 200 : 401);
  });

  it('is for everybody where a rule says so', async () => {
    const { app } = guardedApp([{ who: 'anonymous', may: 'metrics' }], { metrics: recorded().metrics });
    expect((await app.inject({ url: '/metrics' })).statusCode).toBe(200);
    expect((await app.inject({ url: '/v2/_catalog' })).statusCode).toBe(401);
  });
});

describe('Server-Timing', () => {
  const header = /^gate;dur=\d+\.\d\d, work;dur=\d+\.\d\d, total;dur=\d+\.\d\d$/;

  it('is sent where it is wanted, with errors as well, and not to who watches the process', async () => {
    const { app } = registryApp({ settings: { timing: true } });
    const timingOf = async (url: string) => (await app.inject({ url })).headers['server-timing'];
    expect(await timingOf('/v2/')).toMatch(header);
    expect(await timingOf('/v2/nothing/tags/list')).toMatch(header);
    expect(await timingOf('/livez')).toBe(undefined);
    const { app: guarded } = guardedApp([], { settings: { timing: true } });
    expect((await guarded.inject({ url: '/v2/' })).headers['server-timing']).toMatch(/^gate;dur=\S+, total;dur=\S+$/);
  });

  it('is not sent unless it is wanted', async () => {
    const { app } = registryApp();
    expect((await app.inject({ url: '/v2/' })).headers).not.toHaveProperty('server-timing');
  });
});
