// Holes that other registries had, each tried here (docs/security.md has the list, and where else each is tested).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { projectDirectory } from '../structure/source-files.ts';
import { codesOf } from './support/answers.ts';
import { emptyConfig, imageManifest, pushBlob, pushImage } from './support/content.ts';
import { guardedApp } from './support/guarded-app.ts';
import { registryApp } from './support/registry-app.ts';
import { tokenApp } from './support/token-app.ts';

const image = imageManifest();
const asManifest = { 'content-type': mediaTypes.imageManifest };

describe('what others had', () => {
  it('CVE-2017-11468: a manifest without a declared length that never ends', async () => {
    const { app } = registryApp({ settings: { maxManifestBytes: 4_194_304 } });
    const headers = { ...asManifest, 'transfer-encoding': 'chunked' };
    const payload = Buffer.alloc(4_194_305, ' ');
    const answer = await app.inject({ method: 'PUT', url: '/v2/a/manifests/v1', headers, payload });
    expect(answer.statusCode).toBe(413);
  });

  it('CVE-2021-41190: a manifest that is an index as well', async () => {
    const { app } = registryApp();
    const both = { ...(JSON.parse(String(image.bytes)) as object), manifests: [] };
    const payload = Buffer.from(JSON.stringify(both));
    const answer = await app.inject({ method: 'PUT', url: '/v2/a/manifests/v1', headers: asManifest, payload });
    expect([answer.statusCode, codesOf(answer)]).toEqual([400, ['MANIFEST_INVALID']]);
  });

  it('CVE-2023-2253: a page of more items than memory has room for', async () => {
    const { app } = registryApp();
    await pushImage(app, 'a', 'v1');
    for (const n of ['4294967296', '9007199254740993', '1e99']) {
      for (const url of ['/v2/_catalog', '/v2/a/tags/list']) {
        expect([200, 400]).toContain((await app.inject(`${url}?n=${n}`)).statusCode);
      }
    }
  });

  it('CVE-2024-39897: a mount of what the client may not read', async () => {
    const { app, registry } = guardedApp([{ repositories: 'mine', who: 'ann', may: ['pull', 'push'] }]);
    const digest = await pushBlob(registryApp({ registry }).app, 'theirs', emptyConfig);
    for (const from of ['', '&from=theirs', '&from=mine']) {
      const url = `/v2/mine/blobs/uploads/?mount=${digest}${from}`;
      const answer = await app.inject({ method: 'POST', url, headers: { authorization: 'Basic ann' } });
      expect(answer.statusCode).toBe(202);
    }
  });

  it('CVE-2025-23208: a group that a user is no longer in', async () => {
    const { app, accounts } = await tokenApp([{ repositories: 'a', who: 'group:dev', may: 'pull' }]);
    const login = async () => {
      const authorization = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
      const answer = await app.inject({ url: '/token?scope=repository:a:pull', headers: { authorization } });
      return { authorization: `Bearer ${(JSON.parse(answer.body) as { token: string }).token}` };
    };
    accounts.set('ann', 'secret', { groups: ['dev'] });
    const before = await login();
    expect((await app.inject({ url: '/v2/a/tags/list', headers: before })).statusCode).toBe(404);
    accounts.set('ann', 'secret', { groups: ['ops'] });
    for (const headers of [before, await login()]) {
      expect((await app.inject({ url: '/v2/a/tags/list', headers })).statusCode).toBe(401);
    }
  });

  it('CVE-2025-30204: a token of nothing but separators', async () => {
    const { app } = await tokenApp();
    for (const token of ['.'.repeat(60_000), 'a.'.repeat(7_000), '.'.repeat(100)]) {
      const answer = await app.inject({ url: '/v2/', headers: { authorization: `Bearer ${token}` } });
      expect([401, 431]).toContain(answer.statusCode);
    }
  });

  it('CVE-2026-31801: a tag that is overwritten by who may only create', async () => {
    const { app, registry } = guardedApp([{ repositories: 'a', who: 'ann', may: ['pull', 'create'] }]);
    await pushImage(registryApp({ registry }).app, 'a', 'latest');
    const { bytes } = imageManifest({ annotations: { other: 'image' } });
    const headers = { ...asManifest, authorization: 'Basic ann' };
    const answer = await app.inject({ method: 'PUT', url: '/v2/a/manifests/latest', headers, payload: bytes });
    expect([answer.statusCode, codesOf(answer)]).toEqual([409, ['DENIED']]);
  });

  it('CVE-2026-35172: what was deleted, from a cache that another repository filled', async () => {
    const { app } = registryApp();
    for (const name of ['a', 'b']) await pushImage(app, name, 'v1', image);
    for (const name of ['a', 'b'])
      expect((await app.inject(`/v2/${name}/manifests/${image.digest}`)).statusCode).toBe(200);
    const digest = digestOf(emptyConfig);
    await app.inject({ method: 'DELETE', url: `/v2/a/manifests/${image.digest}` });
    await app.inject({ method: 'DELETE', url: `/v2/a/blobs/${digest}` });
    for (const url of [`manifests/${image.digest}`, 'manifests/v1', `blobs/${digest}`]) {
      expect((await app.inject(`/v2/a/${url}`)).statusCode).toBe(404);
      expect((await app.inject(`/v2/b/${url}`)).statusCode).toBe(200);
    }
  });

  it('CVE-2026-41888: a tag that is deleted although deletes are off', async () => {
    const { app } = registryApp({ settings: { deletesEnabled: false } });
    await pushImage(app, 'a', 'v1', image);
    for (const url of ['manifests/v1', `manifests/${image.digest}`, `blobs/${digestOf(emptyConfig)}`]) {
      expect((await app.inject({ method: 'DELETE', url: `/v2/a/${url}` })).statusCode).toBe(405);
    }
  });

  it('an account that nobody made', async () => {
    const { app } = await tokenApp();
    for (const [name, password] of [
      ['admin', 'admin'],
      ['admin', 'Harbor12345'],
      ['root', ''],
      ['', 'x'],
    ]) {
      const authorization = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
      expect((await app.inject({ url: '/v2/', headers: { authorization } })).statusCode).toBe(401);
    }
  });

  it('redirects to wherever a request says', async () => {
    const { app } = await tokenApp();
    const odd = [
      '//evil.example',
      '/\\evil.example',
      '/v2//evil.example',
      '/token?redirect_uri=http://evil.example',
      '/v2?next=//evil.example',
    ];
    for (const url of odd) {
      const answer = await app.inject({ url, headers: { 'x-forwarded-host': 'evil.example' } });
      expect(answer.statusCode).toBeGreaterThanOrEqual(200);
      expect([2, 4]).toContain(Math.floor(answer.statusCode / 100));
      expect(JSON.stringify(answer.headers)).not.toContain('evil.example');
    }
  });
});

it('each is in the list of docs/security.md', () => {
  const listed = readFileSync(join(projectDirectory, 'docs/security.md'), 'utf8');
  const tried = readFileSync(join(projectDirectory, 'test/http/known-holes.test.ts'), 'utf8');
  const named = [...tried.matchAll(/it\('(CVE-\d+-\d+)/g)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => name === undefined || !listed.includes(name))).toEqual([]);
});
