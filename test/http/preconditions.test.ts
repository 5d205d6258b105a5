// If-Match and If-None-Match as RFC 9110, 13.1 has them: pushes, deletes and pulls that are done only where they were meant.
import type { FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { codesOf } from './support/answers.ts';
import {
  emptyConfig,
  imageManifest,
  type PushedContent,
  pushBlob,
  pushImage,
  pushManifest,
} from './support/content.ts';
import { registryApp } from './support/registry-app.ts';

const url = '/v2/team/app/manifests';
const old = imageManifest();
const current = imageManifest({ annotations: { n: '2' } });
const next = imageManifest({ annotations: { n: '3' } });

type Headers = Readonly<Record<string, string>>;

/** `v1` was `old` and is `current`; `old` is there by digest. */
async function moved() {
  const { app } = registryApp();
  await pushImage(app, 'team/app', 'v1', old);
  await pushManifest(app, 'team/app', 'v1', current);
  return app;
}

function put(app: FastifyInstance, reference: string, { bytes }: PushedContent, headers: Headers) {
  const type = { 'content-type': mediaTypes.imageManifest };
  return app.inject({ method: 'PUT', url: `${url}/${reference}`, headers: { ...type, ...headers }, payload: bytes });
}

async function digestAt(app: FastifyInstance, reference: string): Promise<unknown> {
  return (await app.inject({ method: 'HEAD', url: `${url}/${reference}` })).headers['docker-content-digest'];
}

const tag = (digest: Digest) => `"${digest}"`;

describe('PUT manifest by tag', () => {
  it.each<[Headers]>([
    [{ 'if-match': tag(old.digest) }],
    [{ 'if-match': `W/${tag(current.digest)}` }],
    [{ 'if-match': current.digest }],
    [{ 'if-match': '' }],
    [{ 'if-match': 'x', 'if-none-match': tag(old.digest) }],
    [{ 'if-none-match': '*' }],
    [{ 'if-none-match': tag(current.digest) }],
    [{ 'if-none-match': `${tag(old.digest)}, W/${tag(current.digest)}` }],
    [{ 'if-match': tag(current.digest), 'if-none-match': '*' }],
  ])('is 412 for %j, and nothing is changed', async (headers) => {
    const app = await moved();
    const answer = await put(app, 'v1', next, headers);
    expect(answer.statusCode).toBe(412);
    expect(codesOf(answer)).toEqual(['UNSUPPORTED']);
    expect(await digestAt(app, 'v1')).toBe(current.digest);
    expect((await app.inject(`${url}/${next.digest}`)).statusCode).toBe(404);
  });

  it.each<[Headers]>([
    [{ 'if-match': tag(current.digest) }],
    [{ 'if-match': '*' }],
    [{ 'if-match': `${tag(old.digest)} ,${tag(current.digest)}` }],
    [{ 'if-none-match': tag(old.digest) }],
    [{ 'if-none-match': '' }],
    [{ 'if-unmodified-since': 'Wed, 21 Oct 2015 07:28:00 GMT' }],
  ])('is done for %j, and answers what the next push can demand', async (headers) => {
    const app = await moved();
    const answer = await put(app, 'v1', next, headers);
    expect(answer.statusCode).toBe(201);
    expect(answer.headers.etag).toBe(tag(next.digest));
    expect(await digestAt(app, 'v1')).toBe(next.digest);
  });

  it('that must not replace anything begins a tag, and one that must does not', async () => {
    const app = await moved();
    expect((await put(app, 'v2', next, { 'if-match': '*' })).statusCode).toBe(412);
    expect((await put(app, 'v2', next, { 'if-none-match': '*' })).statusCode).toBe(201);
    expect((await put(app, 'v2', current, { 'if-none-match': '*' })).statusCode).toBe(412);
  });

  it('of something that is no manifest says so first or not at all, and stores nothing', async () => {
    const app = await moved();
    const bad = { bytes: Buffer.from('{'), digest: old.digest };
    expect([400, 412]).toContain((await put(app, 'v1', bad, { 'if-match': tag(old.digest) })).statusCode);
    expect((await put(app, 'v1', bad, { 'if-match': tag(current.digest) })).statusCode).toBe(400);
    expect(await digestAt(app, 'v1')).toBe(current.digest);
  });
});

describe('PUT manifest by digest', () => {
  it('depends on whether it is there, whatever its tags were', async () => {
    const app = await moved();
    expect((await put(app, next.digest, next, { 'if-match': '*' })).statusCode).toBe(412);
    expect((await put(app, `${next.digest}?tag=v1`, next, { 'if-match': tag(current.digest) })).statusCode).toBe(412);
    expect(await digestAt(app, 'v1')).toBe(current.digest);
    expect((await put(app, `${next.digest}?tag=v1`, next, { 'if-none-match': '*' })).statusCode).toBe(201);
    expect(await digestAt(app, 'v1')).toBe(next.digest);
    expect((await put(app, next.digest, next, { 'if-none-match': '*' })).statusCode).toBe(412);
    expect((await put(app, next.digest, next, { 'if-match': tag(next.digest) })).statusCode).toBe(201);
  });
});

describe('DELETE manifest', () => {
  const remove = (app: FastifyInstance, reference: string, headers: Headers) =>
    app.inject({ method: 'DELETE', url: `${url}/${reference}`, headers });

  it.each(['v1', current.digest])('of %s is done only where the name leads to what was meant', async (reference) => {
    const app = await moved();
    for (const headers of [{ 'if-match': tag(old.digest) }, { 'if-none-match': '*' }]) {
      const answer = await remove(app, reference, headers);
      expect(answer.statusCode).toBe(412);
      expect(codesOf(answer)).toEqual(['UNSUPPORTED']);
      expect(await digestAt(app, 'v1')).toBe(current.digest);
    }
    expect((await remove(app, reference, { 'if-match': tag(current.digest) })).statusCode).toBe(202);
    expect(await digestAt(app, 'v1')).toBeUndefined();
  });

  it('of what is not there is 404, whatever is demanded (RFC 9110, 13.2.1)', async () => {
    const app = await moved();
    for (const reference of ['v9', next.digest]) {
      expect((await remove(app, reference, { 'if-match': tag(old.digest) })).statusCode).toBe(404);
    }
  });
});

describe('GET and HEAD', () => {
  it.each(['GET', 'HEAD'] as const)('%s of other content than If-Match names is 412', async (method) => {
    const app = await moved();
    const blob = await pushBlob(app, 'team/app', emptyConfig);
    const places = [
      [`${url}/v1`, current.digest],
      [`/v2/team/app/blobs/${blob}`, blob],
    ] as const;
    for (const [place, digest] of places) {
      const ask = (headers: Headers) => app.inject({ method, url: place, headers });
      for (const match of [tag(old.digest), `W/${tag(digest)}`]) {
        expect((await ask({ 'if-match': match, 'if-none-match': tag(digest) })).statusCode).toBe(412);
      }
      expect((await ask({ 'if-match': tag(digest) })).statusCode).toBe(200);
      expect((await ask({ 'if-match': '*', 'if-none-match': tag(digest) })).statusCode).toBe(304);
    }
    const absent = await app.inject({ method, url: `${url}/v9`, headers: { 'if-match': '*' } });
    expect(absent.statusCode).toBe(404);
  });
});

describe('DELETE blob', () => {
  it('is done only where its digest is the one that is demanded', async () => {
    const app = await moved();
    const bytes = Buffer.from('nobody needs it');
    const blob = await pushBlob(app, 'team/app', bytes);
    const remove = (headers: Headers) => app.inject({ method: 'DELETE', url: `/v2/team/app/blobs/${blob}`, headers });
    expect((await remove({ 'if-match': tag(old.digest) })).statusCode).toBe(412);
    expect((await remove({ 'if-match': tag(blob) })).statusCode).toBe(202);
    expect((await remove({ 'if-match': tag(old.digest) })).statusCode).toBe(404);
  });
});
