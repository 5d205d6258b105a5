// `?ns=HOST` (distribution-spec main, Registry Proxying): one registry as the mirror of several upstreams.
import { describe, expect, it } from 'vitest';
import { openPolicy } from '../../src/auth/open-policy.ts';
import type { Policy } from '../../src/auth/policy.ts';
import { parseRepositoryName, type RepositoryName } from '../../src/oci/reference.ts';
import type { Mount } from '../../src/registry/mount.ts';
import { MemoryStore } from '../../src/storage/memory/memory-store.ts';
import type { Key, ObjectStore } from '../../src/storage/object-store.ts';
import { imageManifest } from '../support/content.ts';
import { putLayout } from '../support/fixture-layouts.ts';
import { mountOver } from '../support/mounts.ts';
import { pushImage } from '../support/pushes.ts';
import { codesOf } from './support/answers.ts';
import { registryApp } from './support/registry-app.ts';

const A = 'sha256:d41a8bedca7607ebf8317f657342d13f374c18df27845f704fc9b3d11880da7b';
const imageOf = (name: string) => imageManifest({ annotations: { name } });

/** A registry with an image at `v1` of each name. */
async function appWith(names: readonly string[], policy?: Policy) {
  const opened = registryApp(policy === undefined ? {} : { policy });
  for (const name of names)
    await pushImage(await opened.registry.writable(parseRepositoryName(name)), imageOf(name), 'v1');
  return opened;
}

describe('a pull that says which registry it mirrors', () => {
  it('gets HOST/name, with every kind of request', async () => {
    const { app } = await appWith(['docker.io/library/alpine', 'library/alpine']);
    const image = imageOf('docker.io/library/alpine');
    for (const method of ['GET', 'HEAD'] as const) {
      for (const path of [
        `manifests/v1`,
        `manifests/${image.digest}`,
        `blobs/${image.config.digest}`,
        'tags/list',
        `referrers/${image.digest}`,
      ]) {
        const answer = await app.inject({ method, url: `/v2/library/alpine/${path}?ns=docker.io` });
        expect([path, answer.statusCode, answer.headers['oci-namespace']]).toEqual([path, 200, 'docker.io']);
      }
    }
    const { headers } = await app.inject('/v2/library/alpine/manifests/v1?ns=docker.io');
    expect(headers['docker-content-digest']).toBe(image.digest);
  });

  it.each([
    ['index.docker.io', 'docker.io/library/alpine'],
    ['registry-1.docker.io', 'docker.io/library/alpine'],
    ['DOCKER.io', 'docker.io/library/alpine'],
    ['localhost:5000', 'localhost_5000/library/alpine'],
    ['quay.io', 'library/alpine'],
  ])('of %s gets %s', async (host, name) => {
    const { app } = await appWith(['docker.io/library/alpine', 'localhost_5000/library/alpine', 'library/alpine']);
    const { headers } = await app.inject(`/v2/library/alpine/manifests/v1?ns=${encodeURIComponent(host)}`);
    expect(headers['docker-content-digest']).toBe(imageOf(name).digest);
    expect(headers['oci-namespace']).toBe(host);
  });

  it.each(['', '..', '../x', 'a/b', 'a b', '-x', 'x:y', `${'a'.repeat(300)}.io`, 'a%0d%0aX: y'])(
    'of no registry is a pull as any other: %j',
    async (host) => {
      const { app } = await appWith(['library/alpine']);
      const answer = await app.inject(
        `/v2/library/alpine/manifests/v1?ns=${host.includes('%') ? host : encodeURIComponent(host)}`,
      );
      expect([answer.statusCode, answer.headers['oci-namespace']]).toEqual([200, undefined]);
    },
  );

  it('is answered 404 where neither is there, and nothing is left behind', async () => {
    const store = new MemoryStore();
    const { app } = registryApp({ store });
    const answer = await app.inject('/v2/library/alpine/manifests/v1?ns=docker.io');
    expect([answer.statusCode, codesOf(answer)]).toEqual([404, ['MANIFEST_UNKNOWN']]);
    expect(await store.list('' as Key)).toEqual([]);
  });

  it('needs the permission for what it gets, not for what it says', async () => {
    const asked: unknown[] = [];
    const policy: Policy = {
      ...openPolicy,
      authenticate: () => ({ kind: 'anonymous' }) as never,
      decide: (_, access) => {
        asked.push(access.repository);
        return { kind: access.repository === 'docker.io/library/alpine' ? 'deny' : 'allow', rule: 'of the test' };
      },
    };
    const { app } = await appWith(['docker.io/library/alpine', 'library/alpine'], policy);
    const answer = await app.inject('/v2/library/alpine/manifests/v1?ns=docker.io');
    expect([answer.statusCode, asked]).toEqual([403, ['docker.io/library/alpine']]);
  });
});

it('a push goes where its path says', async () => {
  const { app, registry } = await appWith(['docker.io/library/alpine']);
  const { bytes, descriptor } = imageManifest();
  const url = '/v2/library/alpine/manifests/v2?ns=docker.io';
  const headers = { 'content-type': descriptor.mediaType };
  expect((await app.inject({ method: 'PUT', url, headers, payload: bytes })).statusCode).toBe(201);
  expect((await registry.catalog({})).items).toEqual(['docker.io/library/alpine', 'library/alpine']);
});

describe('full names in a mounted layout', () => {
  async function mountedApp(...names: readonly string[]) {
    const mounts: Mount[] = [];
    const stores: MemoryStore[] = [];
    for (const name of names) {
      const store = new MemoryStore();
      await fill(store, 'generated/containerd/fullname');
      mounts.push(mountOver(store, { name: name as RepositoryName, readOnly: true }));
      stores.push(store);
    }
    return { ...registryApp({ mounts }), stores };
  }

  it('are found by the registry and the name in them', async () => {
    const { app } = await mountedApp('cache');
    const found = await app.inject('/v2/library/alpine/manifests/3.20?ns=docker.io');
    expect([found.statusCode, found.headers['docker-content-digest']]).toEqual([200, A]);
    expect((await app.inject('/v2/library/alpine/manifests/3.20?ns=ghcr.io')).statusCode).toBe(404);
    expect((await app.inject('/v2/library/alpine/manifests/3.20')).statusCode).toBe(404);
  });

  it('are found beside a layout that cannot be read', async () => {
    const { app, stores } = await mountedApp('broken', 'cache');
    await stores[0]?.write('index.json' as Key, Buffer.from('{"manifests":[{'));
    const found = await app.inject('/v2/library/alpine/manifests/3.20?ns=docker.io');
    expect(found.statusCode).toBe(200);
  });
});

/** The fixture as the layout that the store's root is. */
async function fill(store: ObjectStore, fixture: string): Promise<void> {
  const below = new MemoryStore();
  await putLayout(below, 'x', fixture);
  for (const path of ['index.json', 'oci-layout']) await copy(below, store, path);
  for (const { name } of await below.list('x/blobs/sha256' as Key)) await copy(below, store, `blobs/sha256/${name}`);
}

async function copy(from: ObjectStore, to: ObjectStore, path: string): Promise<void> {
  const object = await from.read(`x/${path}` as Key, 1 << 20);
  if (object !== undefined) await to.write(path as Key, object.bytes);
}
