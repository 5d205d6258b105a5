// Quotas of bytes and limits of uploads, as clients meet them.
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/oci/digest.ts';
import type { RepositoryName } from '../../src/oci/reference.ts';
import { MemoryStore } from '../../src/storage/memory/memory-store.ts';
import { codesOf } from './support/answers.ts';
import { emptyConfig, imageManifest, pushBlob, pushImage } from './support/content.ts';
import { guardedApp } from './support/guarded-app.ts';
import { type RegistryAppOptions, registryApp } from './support/registry-app.ts';

const kilobyte = (letter: string) => Buffer.alloc(1_000, letter);
const quotas = [
  { prefix: 'team' as RepositoryName, bytes: 2_500 },
  { prefix: '' as const, bytes: 6_000 },
];

const post = (app: FastifyInstance, name: string, bytes: Buffer, query = `?digest=${digestOf(bytes)}`) =>
  app.inject({ method: 'POST', url: `/v2/${name}/blobs/uploads/${query}`, payload: bytes });

const entryOf = ({ body }: { readonly body: string }) =>
  (JSON.parse(body) as { errors: { code: string; message: string; detail?: string }[] }).errors[0];

const chunked = { 'transfer-encoding': 'chunked' };

/** Each in pieces of such sizes, the next of which comes once all have taken the one before. */
async function patchedTogether(
  app: FastifyInstance,
  urls: readonly string[],
  pieces: readonly number[],
  user?: string,
) {
  const taken = pieces.map(() => 0);
  async function* body() {
    for (const [at, size] of pieces.entries()) {
      yield Buffer.alloc(size, 'x');
      taken[at] = (taken[at] ?? 0) + 1;
      // Of those that are refused nothing more is asked for.
      for (let turn = 0; turn < 50 && (taken[at] ?? 0) < urls.length; turn += 1) await new Promise(setImmediate);
    }
  }
  const headers = { ...chunked, ...(user === undefined ? {} : { authorization: `Basic ${user}` }) };
  return Promise.all(urls.map((url) => app.inject({ method: 'PATCH', url, headers, payload: Readable.from(body()) })));
}

async function heldBytes(store: MemoryStore): Promise<number> {
  return (await store.staged()).reduce((sum, { size }) => sum + size, 0);
}

describe('a quota', () => {
  let app: FastifyInstance;
  let store: MemoryStore;

  beforeEach(() => {
    store = new MemoryStore();
    app = registryApp({ store, rules: { quotas } }).app;
  });

  const statusOf = async (name: string, bytes: Buffer) => (await post(app, name, bytes)).statusCode;

  it('refuses what would be too much, with the numbers, and keeps nothing of it', async () => {
    expect(await statusOf('team/a', kilobyte('a'))).toBe(201);
    expect(await statusOf('team/b', kilobyte('b'))).toBe(201);
    const refused = await post(app, 'team/c', kilobyte('c'));
    expect([refused.statusCode, codesOf(refused)]).toEqual([403, ['DENIED']]);
    expect(entryOf(refused)).toEqual({
      code: 'DENIED',
      message: 'the quota of team is exceeded',
      detail: '2000 of 2500 bytes are used, and 1000 more are asked for',
    });
    expect(await store.staged()).toEqual([]);
    expect(await statusOf('other/c', kilobyte('c'))).toBe(201);
    expect(await statusOf('teams/c', kilobyte('d'))).toBe(201);
  });

  it('counts a blob once, however many repositories have it', async () => {
    for (const name of ['team/a', 'team/b', 'team/c']) expect(await statusOf(name, kilobyte('a'))).toBe(201);
    expect(await statusOf('team/d', kilobyte('b'))).toBe(201);
    const mount = `?mount=${digestOf(kilobyte('a'))}&from=team/a`;
    expect((await post(app, 'team/e', Buffer.alloc(0), mount)).statusCode).toBe(201);
  });

  it('counts for all names below it, and is not the only one', async () => {
    for (const letter of 'abc') expect(await statusOf(`other/${letter}`, kilobyte(letter))).toBe(201);
    for (const letter of 'de') expect(await statusOf('team/x', kilobyte(letter))).toBe(201);
    const refused = await post(app, 'other/x', Buffer.alloc(1_001, 'f'));
    expect(entryOf(refused)?.message).toBe('the quota of the registry is exceeded');
    expect(await statusOf('other/x', kilobyte('f'))).toBe(201);
  });

  it('refuses a mount from elsewhere, and a manifest', async () => {
    const bytes = Buffer.alloc(2_400, 'a');
    await pushBlob(app, 'other/a', bytes);
    expect(await statusOf('team/a', kilobyte('x'))).toBe(201);
    const mount = await post(app, 'team/a', Buffer.alloc(0), `?mount=${digestOf(bytes)}&from=other/a`);
    expect([mount.statusCode, codesOf(mount)]).toEqual([403, ['DENIED']]);
    expect(await statusOf('team/a', Buffer.alloc(1_499, 'y'))).toBe(201);
    const { bytes: manifest, digest } = imageManifest();
    const headers = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' };
    const put = await app.inject({ method: 'PUT', url: '/v2/team/a/manifests/v1', headers, payload: manifest });
    expect([put.statusCode, codesOf(put)]).toEqual([403, ['DENIED']]);
    expect((await app.inject(`/v2/team/a/manifests/${digest}`)).statusCode).toBe(404);
  });

  it('ends with what is deleted', async () => {
    await pushBlob(app, 'team/a', Buffer.alloc(2_400, 'a'));
    expect(await statusOf('team/a', kilobyte('b'))).toBe(403);
    await app.inject({ method: 'DELETE', url: `/v2/team/a/blobs/${digestOf(Buffer.alloc(2_400, 'a'))}` });
    await expect.poll(() => statusOf('team/a', kilobyte('b')), { timeout: 60_000 }).toBe(201);
  });

  it('is for what is on its way as well: of many at once some get in', async () => {
    const answers = await Promise.all([...'abcdefgh'].map((letter) => statusOf(`team/${letter}`, kilobyte(letter))));
    expect(answers.filter((status) => status === 201)).toHaveLength(2);
    expect(answers.filter((status) => status === 403)).toHaveLength(6);
  });

  it('is asked at each chunk, and of a session at most once: whoever gives up gives the room back', async () => {
    const started = await post(app, 'team/a', Buffer.alloc(0), '');
    const url = String(started.headers.location);
    const patch = (bytes: Buffer) => app.inject({ method: 'PATCH', url, payload: bytes });
    expect((await patch(kilobyte('a'))).statusCode).toBe(202);
    expect((await patch(kilobyte('b'))).statusCode).toBe(202);
    expect((await patch(kilobyte('c'))).statusCode).toBe(403);
    expect((await app.inject(url)).headers.range).toBe('0-1999');
    expect(await statusOf('team/b', kilobyte('d'))).toBe(403);
    expect((await app.inject({ method: 'DELETE', url })).statusCode).toBe(204);
    expect(await statusOf('team/b', kilobyte('d'))).toBe(201);
  });

  it('stops a body of unknown length where it ends', async () => {
    const started = await post(app, 'team/a', Buffer.alloc(0), '');
    const url = String(started.headers.location);
    async function* body() {
      for (const letter of 'abcde') yield kilobyte(letter);
    }
    const refused = await app.inject({
      method: 'PATCH',
      url,
      headers: { 'transfer-encoding': 'chunked' },
      payload: Readable.from(body()),
    });
    expect([refused.statusCode, codesOf(refused)]).toEqual([403, ['DENIED']]);
    expect((await app.inject(url)).headers.range).toBe('0-0');
  });

  it('stops bodies of unknown length that come at the same time', async () => {
    const urls = await Promise.all(
      [...'abcd'].map(async (name) => String((await post(app, `team/${name}`, Buffer.alloc(0), '')).headers.location)),
    );
    const patched = await patchedTogether(app, urls, [1_000, 500]);
    expect(patched.map(({ statusCode }) => statusCode).sort()).toEqual([202, 403, 403, 403]);
    expect(await heldBytes(store)).toBe(1_500);
  });

  it('counts what came of a body that broke off', async () => {
    const url = String((await post(app, 'team/a', Buffer.alloc(0), '')).headers.location);
    async function* body() {
      yield Buffer.alloc(2_000, 'a');
      await expect.poll(() => heldBytes(store)).toBe(2_000);
      throw new Error('gone');
    }
    await app.inject({ method: 'PATCH', url, headers: chunked, payload: Readable.from(body()) }).catch(() => {});
    await expect.poll(() => statusOf('team/b', kilobyte('b'))).toBe(403);
    expect(await heldBytes(store)).toBe(2_000);
  });

  it('is not passed by naming a blob that is there', async () => {
    const digest = digestOf(Buffer.from('small'));
    await pushBlob(app, 'team/a', Buffer.from('small'));
    for (const [payload, headers] of [
      [Buffer.alloc(3_000), {}],
      [Readable.from([Buffer.alloc(3_000)]), chunked],
    ] as const) {
      const url = `/v2/team/b/blobs/uploads/?digest=${digest}`;
      const refused = await app.inject({ method: 'POST', url, headers, payload });
      expect([refused.statusCode, codesOf(refused)]).toEqual([403, ['DENIED']]);
    }
    expect(await store.staged()).toEqual([]);
  });

  it('counts what was there before the start, and what others put there', async () => {
    const { app: later } = registryApp({ store, rules: { quotas } });
    await pushBlob(app, 'team/a', Buffer.alloc(2_000, 'a'));
    expect((await post(later, 'team/b', kilobyte('b'))).statusCode).toBe(403);
  });
});

describe('uploads of one user', () => {
  const rules = [{ who: ['ann', 'bob'], may: ['pull', 'push'] }];
  const appWith = (own: RegistryAppOptions['rules']) => askerOf(guardedAppWith(own).app);
  const guardedAppWith = (own: RegistryAppOptions['rules']) => {
    const store = new MemoryStore();
    const { registry } = registryApp({ store, rules: own ?? {} });
    return { store, ...guardedApp(rules, { registry }) };
  };
  const askerOf = (app: FastifyInstance) => (method: string, url: string, user: string, payload?: Buffer) =>
    app.inject({
      method: method as 'GET',
      url,
      headers: { authorization: `Basic ${user}` },
      ...(payload === undefined ? {} : { payload }),
    });
  const start = '/v2/a/blobs/uploads/';

  it('may be so many, and no more', async () => {
    const asked = appWith({ uploadsPerUser: 2 });
    const first = await asked('POST', start, 'ann');
    expect((await asked('POST', start, 'ann')).statusCode).toBe(202);
    const refused = await asked('POST', start, 'ann');
    expect([refused.statusCode, codesOf(refused)]).toEqual([429, ['TOOMANYREQUESTS']]);
    expect(refused.headers['retry-after']).toBe('5');
    expect((await asked('POST', start, 'bob')).statusCode).toBe(202);
    await asked('DELETE', String(first.headers.location), 'ann');
    expect((await asked('POST', start, 'ann')).statusCode).toBe(202);
  });

  it('may be so many, also of those that begin at once', async () => {
    const asked = appWith({ uploadsPerUser: 2 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => asked('POST', start, 'ann')));
    expect(answers.filter(({ statusCode }) => statusCode === 202)).toHaveLength(2);
    expect(answers.filter(({ statusCode }) => statusCode === 429)).toHaveLength(18);
  });

  it('may hold so many bytes together, also of those that come at once', async () => {
    const { app, store } = guardedAppWith({ unfinishedBytesPerUser: 2_500 });
    const urls = await Promise.all(
      [1, 2, 3, 4].map(async () => String((await askerOf(app)('POST', start, 'ann')).headers.location)),
    );
    const patched = await patchedTogether(app, urls, [1_000, 500], 'ann');
    expect(patched.map(({ statusCode }) => statusCode).sort()).toEqual([202, 429, 429, 429]);
    expect(await heldBytes(store)).toBe(1_500);
    expect((await askerOf(app)('PATCH', urls[3] ?? '', 'bob', kilobyte('b'))).statusCode).toBe(404);
  });

  it('may hold so many bytes together until they are blobs', async () => {
    const asked = appWith({ unfinishedBytesPerUser: 2_000 });
    const [one, two] = await Promise.all(
      [1, 2].map(async () => String((await asked('POST', start, 'ann')).headers.location)),
    );
    expect((await asked('PATCH', one ?? '', 'ann', kilobyte('a'))).statusCode).toBe(202);
    expect((await asked('PATCH', two ?? '', 'ann', kilobyte('b'))).statusCode).toBe(202);
    const refused = await asked('PATCH', two ?? '', 'ann', kilobyte('c'));
    expect([refused.statusCode, codesOf(refused)]).toEqual([429, ['TOOMANYREQUESTS']]);
    expect((await asked('PUT', `${one}?digest=${digestOf(kilobyte('a'))}`, 'ann')).statusCode).toBe(201);
    expect((await asked('PATCH', two ?? '', 'ann', kilobyte('c'))).statusCode).toBe(202);
  });
});

it('without quotas and limits nothing is asked', async () => {
  const { app } = registryApp();
  await pushImage(app, 'team/a', 'v1');
  expect((await post(app, 'team/a', emptyConfig)).statusCode).toBe(201);
});
