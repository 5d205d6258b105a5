// Several mounts behind one API: which one a name means, what read-only ones refuse, and what never crosses from one to another.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RepositoryName } from '../../src/oci/reference.ts';
import { parseRepositoryName } from '../../src/oci/reference.ts';
import type { Mount } from '../../src/registry/mount.ts';
import { openFilesystemStore } from '../../src/storage/filesystem/filesystem-store.ts';
import { MemoryStore } from '../../src/storage/memory/memory-store.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { imageManifest } from '../support/content.ts';
import { type MountOptions, mountOver } from '../support/mounts.ts';
import { pushImage } from '../support/pushes.ts';
import { silentLog } from '../support/silent-log.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { codesOf } from './support/answers.ts';
import { registryApp } from './support/registry-app.ts';

const image = imageManifest();
const [layer] = image.layers;

function mount(name: string, { store = new MemoryStore(), ...options }: MountOptions & { store?: ObjectStore } = {}) {
  return mountOver(store, { name: name as RepositoryName | '', ...options });
}

async function appOf(...mounts: readonly Mount[]) {
  const opened = registryApp({ mounts });
  const push = async (name: string, content = image) =>
    pushImage(await opened.registry.writable(parseRepositoryName(name)), content, 'v1');
  const status = async (url: string) => (await opened.app.inject(url)).statusCode;
  return { ...opened, push, status };
}

describe('a root beside layouts and archives', () => {
  it('keeps the names of its repositories, and answers to its own name before them as well', async () => {
    const { push, status, app } = await appOf(mount('', { alias: parseRepositoryName('shelf') }), mount('other'));
    await push('team/app');
    expect(await status('/v2/team/app/manifests/v1')).toBe(200);
    expect(await status('/v2/shelf/team/app/manifests/v1')).toBe(200);
    expect(await status(`/v2/shelf/team/app/blobs/${layer?.digest}`)).toBe(200);
    expect(await status('/v2/shelf/team/absent/tags/list')).toBe(404);
    expect((await app.inject('/v2/_catalog')).json()).toEqual({ repositories: ['team/app'] });
    await push('shelf/team/app', imageManifest({ annotations: { own: 'yes' } }));
    expect((await app.inject('/v2/_catalog')).json()).toEqual({ repositories: ['team/app'] });
  });

  it('prefers a repository that really begins with that name', async () => {
    const { push, app } = await appOf(mount('', { alias: parseRepositoryName('shelf') }));
    const own = imageManifest({ annotations: { own: 'yes' } });
    await push('shelf/team/app', own);
    await push('team/app');
    const { headers } = await app.inject('/v2/shelf/team/app/manifests/v1');
    expect(headers['docker-content-digest']).toBe(own.digest);
  });
});

describe('a read-only mount', () => {
  it('refuses pushes with 403 DENIED and deletes with 405, beside one that takes them', async () => {
    const store = new MemoryStore();
    const filled = await appOf(mount('shelf', { store }));
    await filled.push('shelf/app');
    const { app, status } = await appOf(mount(''), mount('shelf', { store, readOnly: true }));
    const of = (name: string) =>
      [
        ['PUT', `/v2/${name}/manifests/v2`],
        ['POST', `/v2/${name}/blobs/uploads/`],
        ['POST', `/v2/${name}/blobs/uploads/?mount=${layer?.digest}&from=shelf/app`],
        ['DELETE', `/v2/${name}/manifests/v1`],
        ['DELETE', `/v2/${name}/manifests/${image.digest}`],
        ['DELETE', `/v2/${name}/blobs/${layer?.digest}`],
      ] as const;
    for (const [method, url] of [...of('shelf/app'), ...of('shelf/new'), ...of('shelf')]) {
      const payload =
        method === 'PUT' ? { headers: { 'content-type': image.descriptor.mediaType }, payload: image.bytes } : {};
      const answer = await app.inject({ method, url, ...payload });
      const refused = method === 'DELETE' ? [405, ['UNSUPPORTED']] : [403, ['DENIED']];
      expect([url, answer.statusCode, codesOf(answer)]).toEqual([url, ...refused]);
      expect(answer.body).toContain('read-only');
    }
    expect(await status('/v2/shelf/app/manifests/v1')).toBe(200);
    expect((await app.inject({ method: 'POST', url: '/v2/shelf2/app/blobs/uploads/' })).statusCode).toBe(202);
  });

  it('answers pulls of what is not there as any other', async () => {
    const { app } = await appOf(mount('shelf', { readOnly: true }));
    for (const [path, code] of [
      ['shelf/x/manifests/v1', 'MANIFEST_UNKNOWN'],
      ['shelf/x/tags/list', 'NAME_UNKNOWN'],
      ['elsewhere/manifests/v1', 'MANIFEST_UNKNOWN'],
      ['elsewhere/tags/list', 'NAME_UNKNOWN'],
      [`elsewhere/blobs/${layer?.digest}`, 'BLOB_UNKNOWN'],
    ]) {
      const answer = await app.inject(`/v2/${path}`);
      expect([path, answer.statusCode, codesOf(answer)]).toEqual([path, 404, [code]]);
    }
    expect((await app.inject(`/v2/elsewhere/referrers/${image.digest}`)).json().manifests).toEqual([]);
  });
});

it('a name that nothing serves takes no push', async () => {
  const { app } = await appOf(mount('shelf'));
  const answer = await app.inject({ method: 'POST', url: '/v2/elsewhere/blobs/uploads/' });
  expect([answer.statusCode, codesOf(answer)]).toEqual([403, ['DENIED']]);
  expect(answer.body).toContain('--root');
});

it('a directory of layouts that is served under a name does not become a layout', async () => {
  const store = new MemoryStore();
  const { app, push, status } = await appOf(mount('team', { store, isOnlyParent: true }));
  const refused = await app.inject({ method: 'POST', url: '/v2/team/blobs/uploads/' });
  expect([refused.statusCode, codesOf(refused)]).toEqual([403, ['DENIED']]);
  expect(refused.body).toContain('team/NAME');
  await push('team/app');
  expect(await status('/v2/team/app/manifests/v1')).toBe(200);
});

describe('names', () => {
  it('mean the mount with the longest name, which hides what others hold there', async () => {
    const root = new MemoryStore();
    const before = await appOf(mount('', { store: root }));
    for (const name of ['a', 'a/b', 'a/b/c', 'ab']) await before.push(name);
    const { app, push, status, registry } = await appOf(mount('', { store: root }), mount('a'), mount('a/b'));
    for (const [name, code] of [
      ['a', 404],
      ['a/b', 404],
      ['a/b/c', 404],
      ['ab', 200],
    ] as const) {
      expect([name, await status(`/v2/${name}/manifests/v1`)]).toEqual([name, code]);
    }
    await push('a/x');
    await push('a/b');
    expect(await status('/v2/a/b/manifests/v1')).toBe(200);
    expect((await registry.catalog({})).items).toEqual(['a/b', 'a/x', 'ab']);
    expect((await app.inject('/v2/_catalog')).json().repositories).toEqual(['a/b', 'a/x', 'ab']);
  });

  it('of files that tools keep in a layout are refused below it', async () => {
    const { push, app } = await appOf(mount('shelf'));
    await push('shelf');
    for (const name of [
      'shelf/ingest',
      'shelf/ingest/x',
      'shelf/manifest.json',
      'shelf/repositories',
      'shelf/x.lock',
    ]) {
      const answer = await app.inject(`/v2/${name}/manifests/v1`);
      expect([name, answer.statusCode, codesOf(answer)]).toEqual([name, 400, ['NAME_INVALID']]);
    }
    await push('shelf/nested');
  });
});

describe('a blob of another mount', () => {
  it('is uploaded and never linked, and one of a name that cannot be is, too', async () => {
    const directories = [await temporaryDirectory(), await temporaryDirectory()];
    const [a, b] = await Promise.all(directories.map((each) => openFilesystemStore(each, { log: silentLog })));
    if (a === undefined || b === undefined) throw new Error('no stores');
    const { app, push } = await appOf(mount('a', { store: a }), mount('b', { store: b }));
    await push('a');
    await push('b/other', imageManifest({ layers: 0 }));
    const start = (from: string) =>
      app.inject({ method: 'POST', url: `/v2/b/other/blobs/uploads/?mount=${layer?.digest}&from=${from}` });
    for (const from of ['a', 'a/ingest', 'a/nothing', 'c', 'b/other', 'b/nothing']) {
      const answer = await start(from);
      expect([from, answer.statusCode]).toEqual([from, 202]);
    }
    expect((await app.inject(`/v2/b/other/blobs/${layer?.digest}`)).statusCode).toBe(404);
    await push('b/third');
    expect((await start('b/third')).statusCode).toBe(201);
    const files = directories.map((each) =>
      readdirSync(each, { recursive: true, encoding: 'utf8' }).map((path) => statSync(join(each, path)).ino),
    );
    expect(files[0]?.filter((inode) => files[1]?.includes(inode))).toEqual([]);
    // Unfinished uploads lie in the mount that they go to.
    const { headers } = await start('c');
    await app.inject({ method: 'PATCH', url: String(headers.location), payload: 'x' });
    expect(existsSync(join(directories[0] ?? '', '.moorage/uploads'))).toBe(false);
    expect(readdirSync(join(directories[1] ?? '', '.moorage/uploads'))).toHaveLength(1);
  });
});
