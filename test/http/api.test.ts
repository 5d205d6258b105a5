// What `/api` answers: every answer as its description says, to those who may see it.
import type { FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import * as schemas from '../../src/browse/schemas.ts';
import { openApiDocument, operations } from '../../src/http/openapi.ts';
import { routes } from '../../src/http/routes.ts';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { MemoryStore } from '../../src/storage/memory/memory-store.ts';
import type { Key } from '../../src/storage/object-store.ts';
import { codesOf } from './support/answers.ts';
import { imageIndex, imageManifest, pushBlob, pushImage, pushManifest } from './support/content.ts';
import { guardedApp } from './support/guarded-app.ts';
import { registryApp } from './support/registry-app.ts';

const layer = Buffer.from('a layer');
const [one, two] = ['one', 'two'].map((name) => imageManifest({ layers: [layer], annotations: { name } })) as [
  ReturnType<typeof imageManifest>,
  ReturnType<typeof imageManifest>,
];

/** The answer, when it is of that shape. */
async function asked<Shape extends z.ZodType>(
  app: FastifyInstance,
  url: string,
  shape: Shape,
): Promise<z.infer<Shape>> {
  const answer = await app.inject(url);
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'application/json']);
  expect(answer.headers['cache-control']).toBe('no-store');
  return shape.parse(answer.json());
}

async function filled(): Promise<FastifyInstance> {
  const { app } = registryApp();
  for (const name of ['team/app', 'team/other']) {
    await pushBlob(app, name, layer);
    await pushImage(app, name, 'v1', one);
  }
  await pushImage(app, 'team/app', 'v2', two);
  return app;
}

describe('the list of repositories', () => {
  it('says of each how many tags it has and when it changed', async () => {
    const { repositories, more } = await asked(await filled(), '/api/repositories', schemas.repositories);
    expect(more).toBe(false);
    expect(repositories.map(({ name, tags }) => [name, tags])).toEqual([
      ['team/app', 2],
      ['team/other', 1],
    ]);
    expect(Date.now() - Date.parse(repositories[0]?.changedAt ?? '')).toBeLessThan(60_000);
  });

  it('comes in pages, never all at once, and by what names hold', async () => {
    const { app } = registryApp();
    for (let at = 0; at < 260; at += 1) await pushImage(app, `r${String(at).padStart(3, '0')}`, 'v1', one);
    const first = await asked(app, '/api/repositories', schemas.repositories);
    expect([first.repositories.length, first.more]).toEqual([50, true]);
    const most = await asked(app, '/api/repositories?n=1000000', schemas.repositories);
    expect([most.repositories.length, most.more]).toEqual([200, true]);
    const last = await asked(app, '/api/repositories?n=200&last=r199', schemas.repositories);
    expect([last.repositories[0]?.name, last.repositories.length, last.more]).toEqual(['r200', 60, false]);
    const found = await asked(app, '/api/repositories?q=25', schemas.repositories);
    expect(found.repositories.map(({ name }) => name)).toEqual([
      'r025',
      'r125',
      'r225',
      ...Array.from({ length: 10 }, (_, at) => `r25${at}`),
    ]);
    expect(codesOf(await app.inject('/api/repositories?n=many'))).toEqual(['UNSUPPORTED']);
  });

  it('shows a repository that cannot be read, and the others', async () => {
    const store = new MemoryStore();
    const { app } = registryApp({ store });
    await pushImage(app, 'team/app', 'v1', one);
    await store.write('team/broken/oci-layout' as Key, Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
    await store.write('team/broken/index.json' as Key, Buffer.from('{"manifests": 7}'));
    const { repositories } = await asked(app, '/api/repositories', schemas.repositories);
    expect(repositories).toEqual([
      expect.objectContaining({ name: 'team/app', tags: 1 }),
      { name: 'team/broken', problem: expect.stringMatching(/unavailable|cannot be read/) },
    ]);
  });
});

describe('a repository', () => {
  it('says what it takes on the disk, and what whoever asks may do', async () => {
    const shown = await asked(await filled(), '/api/repositories/team%2Fapp', schemas.repository);
    expect(shown).toMatchObject({ name: 'team/app', tags: 2, untagged: 0, may: { push: true, delete: true } });
    const { alone = 0, shared = 0, bytes, blobs } = shown.disk ?? { bytes: 0 };
    expect(blobs).toBe(4);
    expect(bytes).toBeGreaterThan(one.bytes.byteLength);
    expect(bytes).toBe(alone + shared);
  });

  it('says which tools wrote into its directory', async () => {
    const store = new MemoryStore();
    const { app } = registryApp({ store });
    await pushImage(app, 'team/app', 'v1', one);
    await store.write('team/app/_uploads/x' as Key, Buffer.from('x'));
    const { writtenBy } = await asked(app, '/api/repositories/team%2Fapp', schemas.repository);
    expect(writtenBy).toContainEqual({ tool: 'olareg', trace: '_uploads/' });
  });

  it('says why nothing can be pushed to it', async () => {
    const { app } = registryApp({ readOnly: true });
    expect(codesOf(await app.inject('/api/repositories/team%2Fapp'))).toEqual(['NAME_UNKNOWN']);
    expect(await asked(app, '/api/session', schemas.session)).toMatchObject({ readOnly: 'the registry is read-only' });
  });

  it.each(['/api/repositories/NO', '/api/repositories/team%2F..%2Fapp', '/api/repositories/team%252Fapp'])(
    'refuses a name that is none: %s',
    async (url) => {
      expect(codesOf(await (await filled()).inject(url))).toEqual(['NAME_INVALID']);
    },
  );
});

describe('its tags', () => {
  it('come with what they are, in pages and by what they hold', async () => {
    const app = await filled();
    const { tags, more } = await asked(app, '/api/repositories/team%2Fapp/tags?n=1', schemas.tags);
    expect(more).toBe(true);
    expect(tags.map(({ tag, image }) => [tag, image?.digest, image?.contentSize])).toEqual([
      ['v1', one.digest, layer.byteLength + 2],
    ]);
    const found = await asked(app, '/api/repositories/team%2Fapp/tags?q=2', schemas.tags);
    expect(found.tags.map(({ tag }) => tag)).toEqual(['v2']);
    expect(codesOf(await app.inject('/api/repositories/nobody/tags'))).toEqual(['NAME_UNKNOWN']);
  });

  it('are not pulled by being looked at', async () => {
    const { app, registry } = registryApp();
    await pushImage(app, 'team/app', 'v1', one);
    const { manifests } = await registry.repository('team/app' as never);
    const pulled: unknown[] = [];
    const get = manifests.get.bind(manifests);
    manifests.get = (reference) => {
      pulled.push(reference);
      return get(reference);
    };
    await asked(app, '/api/repositories/team%2Fapp/tags', schemas.tags);
    await asked(app, '/api/repositories/team%2Fapp/images/v1', schemas.image);
    expect(pulled).toEqual([]);
    await app.inject('/v2/team/app/manifests/v1');
    expect(pulled.length).toBe(1);
  });
});

describe('an image', () => {
  it('comes with platforms, layers, what is attached and all its tags', async () => {
    const app = await filled();
    await pushManifest(app, 'team/app', 'all', imageIndex([one, two]), mediaTypes.imageIndex);
    const signature = imageManifest({ subject: one.digest, artifactType: 'application/signature' });
    await pushImage(app, 'team/app', signature.digest, signature);
    const index = await asked(app, '/api/repositories/team%2Fapp/images/all', schemas.image);
    expect(index.image.manifests.map(({ digest }) => digest)).toEqual([one.digest, two.digest]);
    const image = await asked(app, `/api/repositories/team%2Fapp/images/${one.digest}`, schemas.image);
    expect(image.tags).toEqual(['v1']);
    expect(image.image.annotations).toEqual({ name: 'one' });
    expect(image.image.layers.map(({ size }) => size)).toEqual([layer.byteLength]);
    expect(image.image.referrers.map(({ artifactType }) => artifactType)).toEqual(['application/signature']);
  });

  it('is refused as by a pull when it is not there', async () => {
    const app = await filled();
    const codeOf = async (reference: string) =>
      codesOf(await app.inject(`/api/repositories/team%2Fapp/images/${reference}`));
    expect(await codeOf('v3')).toEqual(['MANIFEST_UNKNOWN']);
    expect(await codeOf('sha256:1')).toEqual(['DIGEST_INVALID']);
    expect(await codeOf('%3Cscript%3E')).toEqual(['MANIFEST_UNKNOWN']);
  });
});

describe('the way back of a tag', () => {
  const history = '/api/repositories/team%2Fapp/tags/v1/history';
  const rollback = '/api/repositories/team%2Fapp/tags/v1/rollback';

  it('is its history, and a rollback to what it meant', async () => {
    const app = await filled();
    await pushImage(app, 'team/app', 'v1', two);
    const answer = await app.inject({ method: 'POST', url: rollback, payload: { to: one.digest } });
    expect(schemas.rollback.parse(answer.json())).toEqual({ tag: 'v1', from: two.digest, to: one.digest });
    expect((await app.inject('/v2/team/app/manifests/v1')).headers['docker-content-digest']).toBe(one.digest);
    const { moves } = await asked(app, history, schemas.moves);
    expect(moves.map(({ how, from, to }) => [how, from, to])).toEqual([
      ['rollback', two.digest, one.digest],
      ['push', one.digest, two.digest],
      ['push', undefined, one.digest],
    ]);
  });

  it('without a digest is what it meant before', async () => {
    const app = await filled();
    await pushImage(app, 'team/app', 'v1', two);
    expect((await app.inject({ method: 'POST', url: rollback })).json()).toMatchObject({ to: one.digest });
  });

  it.each([
    ['{', 'no JSON'],
    ['[]', 'an object'],
    ['{"to":"latest"}', 'a whole digest'],
    ['{"to":7}', 'a whole digest'],
  ])('refuses the body %s', async (payload) => {
    const answer = await (await filled()).inject({ method: 'POST', url: rollback, payload });
    expect([answer.statusCode, codesOf(answer)]).toEqual([400, ['UNSUPPORTED']]);
  });

  it('is refused where there is nothing to go back to, and nothing changes', async () => {
    const app = await filled();
    const answer = await app.inject({ method: 'POST', url: rollback, payload: { to: two.digest } });
    expect(codesOf(answer)).toEqual(['MANIFEST_UNKNOWN']);
    expect((await app.inject('/v2/team/app/manifests/v1')).headers['docker-content-digest']).toBe(one.digest);
  });

  it('moves no tag that whoever asks may not move', async () => {
    const { app: open, registry } = registryApp();
    await pushBlob(open, 'team/app', layer);
    await pushImage(open, 'team/app', 'v1', one);
    await pushImage(open, 'team/app', 'v1', two);
    const rules = [{ repositories: 'team/*', who: ['ann', 'eve'], may: ['pull', 'push'], immutable: 'v*' }];
    const { app } = guardedApp(rules, { registry });
    const answer = await app.inject({ method: 'POST', url: rollback, headers: { authorization: 'Basic ann' } });
    expect([answer.statusCode, codesOf(answer)]).toEqual([409, ['DENIED']]);
    expect((await open.inject('/v2/team/app/manifests/v1')).headers['docker-content-digest']).toBe(two.digest);
  });

  it('is no business of another site', async () => {
    const headers = { origin: 'https://evil.example', host: 'localhost:5000' };
    const answer = await (await filled()).inject({ method: 'POST', url: rollback, headers });
    expect([answer.statusCode, codesOf(answer)]).toEqual([403, ['DENIED']]);
  });
});

describe('the disk', () => {
  it('is what every repository takes, and sums for those who may see all', async () => {
    const { mounts } = await asked(await filled(), '/api/disk', schemas.disk);
    expect(mounts[0]?.repositories.map(({ repository, blobs }) => [repository, blobs])).toEqual([
      ['team/app', 4],
      ['team/other', 3],
    ]);
    expect(mounts[0]?.total).toBeGreaterThan(0);
  });

  it('shows others their own part alone', async () => {
    const { app: open, registry } = registryApp();
    await pushImage(open, 'team/app', 'v1', one);
    await pushImage(open, 'secret/app', 'v1', one);
    const { app } = guardedApp([{ repositories: 'team/*', who: 'ann', may: 'pull' }], { registry });
    const headers = { authorization: 'Basic ann' };
    const disk = schemas.disk.parse((await app.inject({ url: '/api/disk', headers })).json());
    // Not what others have as well: it would tell what is in theirs.
    const [mount] = disk.mounts;
    expect(mount?.repositories.map((each) => Object.keys(each).sort())).toEqual([['blobs', 'bytes', 'repository']]);
    expect(mount?.repositories[0]?.repository).toBe('team/app');
    expect(Object.keys(mount ?? {})).toEqual(['repositories']);
    const team = schemas.repository.parse((await app.inject({ url: '/api/repositories/team%2Fapp', headers })).json());
    expect(Object.keys(team.disk ?? {}).sort()).toEqual(['blobs', 'bytes']);
    const { repositories } = (await app.inject({ url: '/api/repositories', headers })).json();
    expect(repositories.map(({ name }: { name: string }) => name)).toEqual(['team/app']);
    expect((await app.inject({ url: '/api/session', headers })).json()).toMatchObject({ user: 'ann', kind: 'user' });
    expect((await app.inject('/api/session')).statusCode).toBe(401);
  });
});

describe('a directory that holds several repositories', () => {
  const full = (name: string, image: typeof one) => ({
    ...{ mediaType: mediaTypes.imageManifest, digest: image.digest, size: image.bytes.byteLength },
    annotations: { 'io.containerd.image.name': `docker.io/${name}`, 'org.opencontainers.image.ref.name': 'v1' },
  });

  async function shared(): Promise<MemoryStore> {
    const store = new MemoryStore();
    const manifests = [full('team/app:v1', one), full('secret/app:v1', two)];
    await store.write('all/oci-layout' as Key, Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
    await store.write('all/index.json' as Key, Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })));
    for (const { digest, bytes } of [one, two])
      await store.write(`all/blobs/${digest.replace(':', '/')}` as Key, bytes);
    return store;
  }

  it('tells of itself as a whole only who may see all of it', async () => {
    const store = await shared();
    const { app: open, registry } = registryApp({ store });
    const url = '/api/repositories/all%2Fteam%2Fapp';
    const whole = await asked(open, url, schemas.repository);
    expect(whole).toMatchObject({ tags: 1, disk: { blobs: 2 }, changedAt: expect.any(String) });
    const { app } = guardedApp([{ repositories: 'all/team/*', who: 'ann', may: 'pull' }], { registry });
    const headers = { authorization: 'Basic ann' };
    const part = schemas.repository.parse((await app.inject({ url, headers })).json());
    expect(Object.keys(part).sort()).toEqual(['may', 'name', 'tags', 'untagged']);
    const listed = (await app.inject({ url: '/api/repositories', headers })).json();
    expect(listed.repositories).toEqual([{ name: 'all/team/app', tags: 1 }]);
    const disk = (await app.inject({ url: '/api/disk', headers })).json();
    expect(disk.mounts).toEqual([{ repositories: [] }]);
  });
});

describe('indexes of indexes of indexes', () => {
  it('are summed up by the first of what they lead to, and say so', async () => {
    const { app } = registryApp();
    const images = Array.from({ length: 20 }, (_, at) => imageManifest({ annotations: { at: String(at) } }));
    for (const image of images) await pushImage(app, 'exp', image.digest, image);
    let level: readonly { readonly bytes: Buffer; readonly digest: Digest }[] = images;
    for (let depth = 0; depth < 2; depth += 1) {
      const above = [];
      for (let at = 0; at < 20; at += 1) {
        const manifests = level.map(({ bytes, digest }) => ({
          ...{
            mediaType: depth === 0 ? mediaTypes.imageManifest : mediaTypes.imageIndex,
            digest,
            size: bytes.byteLength,
          },
        }));
        const annotations = { depth: String(depth), at: String(at) };
        const bytes = Buffer.from(
          JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.imageIndex, manifests, annotations }),
        );
        const index = { bytes, digest: digestOf(bytes) };
        await pushManifest(app, 'exp', depth === 1 ? `v${at}` : index.digest, index, mediaTypes.imageIndex);
        above.push(index);
      }
      level = above;
    }
    const { tags } = await asked(app, '/api/repositories/exp/tags', schemas.tags);
    expect(tags.length).toBe(20);
    // Of 1 + 20 + 400 manifests 60 were looked at.
    for (const { image } of tags) expect(image?.omitted).toBe(421 - 60);
  });
});

describe('its description', () => {
  it('names every endpoint, and no other', async () => {
    const served = routes.filter(([, url]) => url.startsWith('/api/')).map(([method, url]) => `${method} ${url}`);
    expect(operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`).sort()).toEqual(served.sort());
    const { app } = registryApp();
    expect((await app.inject('/api/openapi.json')).json()).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
  });
});
