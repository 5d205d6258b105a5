// Settings that change while the app answers: each from the next request on, and back again.
import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../src/config/load.ts';
import type { ChangingHttpSettings } from '../../src/http/http-settings.ts';
import { httpSettingsOf } from '../../src/server.ts';
import { imageManifest, pushImage } from './support/content.ts';
import { registryApp } from './support/registry-app.ts';

const usual = httpSettingsOf(defaultSettings());
const largeManifest = Buffer.from(
  JSON.stringify({ schemaVersion: 2, annotations: { a: 'x'.repeat(5 * 1024 * 1024) } }),
);

function followingApp() {
  const { app, follow } = registryApp();
  return { app, follow: (changed: Partial<ChangingHttpSettings>) => follow({ ...usual, ...changed }) };
}

describe('an app that follows its settings', () => {
  it('takes deletes, none, and deletes again', async () => {
    const { app, follow } = followingApp();
    await pushImage(app, 'team/app', 'v1', imageManifest());
    const remove = () => app.inject({ method: 'DELETE', url: '/v2/team/app/manifests/v1' });
    follow({ deletesEnabled: false });
    expect((await remove()).statusCode).toBe(405);
    follow({});
    expect((await remove()).statusCode).toBe(202);
  });

  it('bears a warning, another one, and none', async () => {
    const { app, follow } = followingApp();
    const warning = async () => (await app.inject('/v2/')).headers.warning;
    expect(await warning()).toBeUndefined();
    follow({ warning: 'closing at six' });
    expect(await warning()).toBe('299 - "closing at six"');
    follow({ warning: 'closed' });
    expect(await warning()).toBe('299 - "closed"');
    follow({});
    expect(await warning()).toBeUndefined();
  });

  it('shares answers with pages, and no longer', async () => {
    const { app, follow } = followingApp();
    const headers = { origin: 'https://ui.example' };
    const shared = async () => (await app.inject({ url: '/v2/', headers })).headers['access-control-allow-origin'];
    follow({ cors: ['https://ui.example'] });
    expect(await shared()).toBe('https://ui.example');
    follow({ cors: [] });
    expect(await shared()).toBeUndefined();
  });

  it('answers to names, and to others', async () => {
    const { app, follow } = followingApp();
    const status = async (host: string) => (await app.inject({ url: '/v2/', headers: { host } })).statusCode;
    follow({ hosts: { checked: 'always', names: ['one.example'] } });
    expect([await status('one.example'), await status('two.example')]).toEqual([200, 421]);
    follow({ hosts: { checked: 'always', names: ['two.example'] } });
    expect([await status('one.example'), await status('two.example')]).toEqual([421, 200]);
    follow({ hosts: { checked: 'never', names: [] } });
    expect([await status('one.example'), await status('two.example')]).toEqual([200, 200]);
  });

  it('takes so many requests, more, and as many as come', async () => {
    const { app, follow } = followingApp();
    const statuses = async (count: number) => {
      const answers = await Promise.all(Array.from({ length: count }, () => app.inject('/v2/')));
      return answers.filter(({ statusCode }) => statusCode === 429).length;
    };
    follow({ requestsPerSecond: 1 });
    // A burst of ten seconds' worth.
    expect(await statuses(20)).toBeGreaterThan(0);
    follow({});
    expect(await statuses(20)).toBe(0);
  });

  it('takes manifests of another size, those that wait for memory as well', async () => {
    const { app, follow } = followingApp();
    const push = async () =>
      (
        await app.inject({
          method: 'PUT',
          url: '/v2/team/app/manifests/large',
          headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
          payload: largeManifest,
        })
      ).statusCode;
    follow({ maxManifestBytes: 4 * 1024 * 1024 });
    expect(await push()).toBe(413);
    follow({});
    expect(await push()).not.toBe(413);
  });
});
