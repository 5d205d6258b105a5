// Upload sessions over HTTP through `inject`. Aborts, pipelining and refusals of streams are in upload-streams.test.ts.
import type { FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import { openPolicy } from '../../src/auth/open-policy.ts';
import type { Policy } from '../../src/auth/policy.ts';
import { anonymous } from '../../src/auth/principal.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { codesOf } from './support/answers.ts';
import { pushBlob } from './support/content.ts';
import { registryApp } from './support/registry-app.ts';

const blob = Buffer.from('the bytes of a blob, in two chunks');
const digest = digestOf(blob);
const sha512 = digestOf(blob, 'sha512');
const uploads = '/v2/team/app/blobs/uploads/';
const octets = { 'content-type': 'application/octet-stream' };
const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

async function started(app: FastifyInstance, url = uploads): Promise<string> {
  const answer = await app.inject({ method: 'POST', url });
  expect(answer.statusCode).toBe(202);
  return String(answer.headers.location);
}

const patch = (app: FastifyInstance, url: string, payload: Buffer, range?: string) =>
  app.inject({
    method: 'PATCH',
    url,
    headers: range === undefined ? octets : { ...octets, 'content-range': range },
    payload,
  });

const put = (app: FastifyInstance, url: string, wanted: string | undefined, payload?: Buffer, range?: string) =>
  app.inject({
    method: 'PUT',
    url: wanted === undefined ? url : `${url}?digest=${wanted}`,
    headers: range === undefined ? octets : { ...octets, 'content-range': range },
    ...(payload === undefined ? {} : { payload }),
  });

describe('POST uploads', () => {
  it.each([uploads, uploads.slice(0, -1), `${uploads}?ns=docker.io`])('%s starts a session', async (url) => {
    const { app } = registryApp();
    const answer = await app.inject({ method: 'POST', url });
    expect(answer.statusCode).toBe(202);
    expect(answer.headers.location).toMatch(new RegExp(`^${uploads}${uuid}$`));
    expect(answer.headers).toMatchObject({ range: '0-0', 'content-length': '0' });
    expect(answer.headers.location).toContain(String(answer.headers['docker-upload-uuid']));
  });

  it('stores a blob at once when the digest is named', async () => {
    const { app } = registryApp();
    for (const wanted of [digest, sha512, digestOf(Buffer.alloc(0))]) {
      const payload = wanted === digestOf(Buffer.alloc(0)) ? Buffer.alloc(0) : blob;
      const answer = await app.inject({ method: 'POST', url: `${uploads}?digest=${wanted}`, headers: octets, payload });
      expect(answer.statusCode).toBe(201);
      expect(answer.headers).toMatchObject({
        location: `/v2/team/app/blobs/${wanted}`,
        'docker-content-digest': wanted,
        'content-length': '0',
      });
      expect((await app.inject(String(answer.headers.location))).rawPayload).toEqual(payload);
    }
  });

  it.each([
    ['another digest', `digest=${digestOf(Buffer.from('x'))}`],
    ['a malformed digest', 'digest=sha256:0'],
    ['an unknown algorithm', `digest=md5:${'0'.repeat(32)}`],
    ['an unsupported digest-algorithm', 'digest-algorithm=md5'],
    ['a malformed mount', 'mount=sha256:0'],
  ])('refuses %s with 400 and stores nothing', async (_what, query) => {
    const { app } = registryApp();
    const answer = await app.inject({ method: 'POST', url: `${uploads}?${query}`, headers: octets, payload: blob });
    expect(answer.statusCode).toBe(400);
    expect(codesOf(answer)).toEqual(['DIGEST_INVALID']);
    expect((await app.inject(`/v2/team/app/blobs/${digest}`)).statusCode).toBe(404);
  });

  it('takes digest-algorithm', async () => {
    const { app } = registryApp();
    const location = await started(app, `${uploads}?digest-algorithm=sha512`);
    expect((await put(app, location, sha512, blob)).statusCode).toBe(201);
  });
});

describe('chunks', () => {
  it('are appended in order and closed by an empty PUT', async () => {
    const { app } = registryApp();
    const location = await started(app);
    const first = await patch(app, location, blob.subarray(0, 10), '0-9');
    expect(first.statusCode).toBe(202);
    expect(first.headers).toMatchObject({ location, range: '0-9', 'content-length': '0' });
    const second = await patch(app, location, blob.subarray(10), `10-${blob.length - 1}`);
    expect(second.headers.range).toBe(`0-${blob.length - 1}`);
    const done = await put(app, location, digest);
    expect(done.statusCode).toBe(201);
    expect(done.headers).toMatchObject({ location: `/v2/team/app/blobs/${digest}`, 'docker-content-digest': digest });
    expect((await app.inject(`/v2/team/app/blobs/${digest}`)).rawPayload).toEqual(blob);
    expect((await app.inject(location)).statusCode).toBe(404);
  });

  it('may end in the PUT, and sha512 may be named only there', async () => {
    const { app } = registryApp();
    const location = await started(app);
    await patch(app, location, blob.subarray(0, 10));
    const done = await put(app, location, sha512, blob.subarray(10), `10-${blob.length - 1}`);
    expect(done.statusCode).toBe(201);
    expect((await app.inject(`/v2/team/app/blobs/${sha512}`)).rawPayload).toEqual(blob);
  });

  it.each([
    ['skips ahead', '20-29'],
    ['overlaps', '5-14'],
    ['starts over', '0-9'],
    ['is no range', 'bytes 10-19'],
    ['ends before it starts', '10-9'],
    ['is longer than its range', '10-18'],
    ['is shorter than its range', '10-30'],
  ])('that %s is 416 by PATCH and PUT, and the session goes on', async (_what, range) => {
    const { app } = registryApp();
    const location = await started(app);
    await patch(app, location, blob.subarray(0, 10));
    const chunk = blob.subarray(10, 20);
    for (const answer of [await patch(app, location, chunk, range), await put(app, location, digest, chunk, range)]) {
      expect(answer.statusCode).toBe(416);
      expect(codesOf(answer)).toEqual(['BLOB_UPLOAD_INVALID']);
    }
    const status = await app.inject(`${location}?digest=${digest}`);
    expect(status.statusCode).toBe(204);
    expect(status.headers.range).toBe('0-9');
    expect((await patch(app, location, blob.subarray(10), `10-${blob.length - 1}`)).statusCode).toBe(202);
    expect((await put(app, location, digest)).statusCode).toBe(201);
  });

  it('out of order says where to go on', async () => {
    const { app } = registryApp();
    const location = await started(app);
    await patch(app, location, blob.subarray(0, 10));
    const answer = await patch(app, location, blob.subarray(0, 5), '20-24');
    expect(answer.headers).toMatchObject({ location, range: '0-9' });
  });

  it('of another digest than named end the upload with 400', async () => {
    const { app } = registryApp();
    const location = await started(app);
    const answer = await put(app, location, digestOf(Buffer.from('x')), blob);
    expect(answer.statusCode).toBe(400);
    expect(codesOf(answer)).toEqual(['DIGEST_INVALID']);
    expect((await app.inject(location)).statusCode).toBe(404);
  });
});

describe('a session', () => {
  it('shows its progress to GET and HEAD', async () => {
    const { app } = registryApp();
    const location = await started(app);
    for (const method of ['GET', 'HEAD'] as const) {
      const empty = await app.inject({ method, url: location });
      expect(empty.statusCode).toBe(204);
      expect(empty.headers).toMatchObject({ range: '0-0', location });
      expect(empty.headers).not.toHaveProperty('content-length');
    }
    await patch(app, location, blob);
    const answer = await app.inject(location);
    expect(answer.headers.range).toBe(`0-${blob.length - 1}`);
    expect(location.endsWith(String(answer.headers['docker-upload-uuid']))).toBe(true);
  });

  it('survives a PUT that names no digest, or a malformed one', async () => {
    const { app } = registryApp();
    const location = await started(app);
    for (const wanted of [undefined, '', 'sha256:0']) {
      const answer = await put(app, location, wanted, blob);
      expect(answer.statusCode).toBe(400);
      expect(codesOf(answer)).toEqual(['DIGEST_INVALID']);
    }
    expect((await app.inject(location)).headers.range).toBe('0-0');
    expect((await put(app, location, digest, blob)).statusCode).toBe(201);
  });

  it('is gone after DELETE', async () => {
    const { app } = registryApp();
    const location = await started(app);
    expect((await app.inject({ method: 'DELETE', url: location })).statusCode).toBe(204);
    for (const method of ['GET', 'HEAD', 'PATCH', 'PUT', 'DELETE'] as const) {
      const answer = await app.inject({ method, url: `${location}?digest=${digest}` });
      expect(answer.statusCode).toBe(404);
      if (method !== 'HEAD') expect(codesOf(answer)).toEqual(['BLOB_UPLOAD_UNKNOWN']);
    }
  });

  it('belongs to one repository', async () => {
    const { app } = registryApp();
    const location = await started(app);
    await patch(app, location, blob.subarray(0, 10));
    const foreign = location.replace('team/app', 'team/other');
    expect((await patch(app, foreign, blob.subarray(10))).statusCode).toBe(404);
    expect((await put(app, foreign, digest, blob.subarray(10))).statusCode).toBe(404);
    expect((await app.inject(location)).headers.range).toBe('0-9');
  });

  it.each(['not-a-uuid', '00000000-0000-0000-0000-00000000000g', '%2e%2e%2fx', ' '])('is never %j', async (id) => {
    const { app, failures } = registryApp();
    const answer = await app.inject({ method: 'PATCH', url: `${uploads}${encodeURI(id)}`, payload: blob });
    expect(answer.statusCode).toBe(404);
    expect(codesOf(answer)).toEqual(['BLOB_UPLOAD_UNKNOWN']);
    expect(failures).toEqual([]);
  });
});

describe('mount', () => {
  const mount = (app: FastifyInstance, query: string) =>
    app.inject({ method: 'POST', url: `${uploads}?mount=${query}`, headers: octets });

  it.each(['&from=lib/base', ''])('with "%s" links the blob of another repository', async (from) => {
    const { app } = registryApp();
    await pushBlob(app, 'lib/base', blob);
    const answer = await mount(app, `${digest}${from}`);
    expect(answer.statusCode).toBe(201);
    expect(answer.headers).toMatchObject({
      location: `/v2/team/app/blobs/${digest}`,
      'docker-content-digest': digest,
      'content-length': '0',
    });
    expect((await app.inject(`/v2/team/app/blobs/${digest}`)).rawPayload).toEqual(blob);
  });

  it('wins over digest', async () => {
    const { app } = registryApp();
    await pushBlob(app, 'lib/base', blob);
    const other = digestOf(Buffer.from('x'));
    const answer = await mount(app, `${digest}&from=lib/base&digest=${other}`);
    expect(answer.statusCode).toBe(201);
    expect(answer.headers['docker-content-digest']).toBe(digest);
  });

  it.each(['', '&from=lib/base', '&from=lib/other', '&from=Not/A/Name', '&from=..', '&from='])(
    'of what is not there, with "%s", starts an upload that works',
    async (from) => {
      const { app } = registryApp();
      await pushBlob(app, 'lib/base', Buffer.from('something else'));
      const answer = await mount(app, `${digest}${from}`);
      expect(answer.statusCode).toBe(202);
      expect((await put(app, String(answer.headers.location), digest, blob)).statusCode).toBe(201);
    },
  );

  it('gives nothing away about a source that the client may not read', async () => {
    const policy: Policy = {
      ...openPolicy,
      authenticate: () => anonymous,
      decide: (_principal, { action, repository }) => ({
        kind: action === 'pull' && repository !== 'lib/base' ? 'deny' : 'allow',
        rule: 'of the test',
      }),
    };
    const { app } = registryApp({ policy });
    await pushBlob(app, 'lib/secret', blob);
    expect((await mount(app, `${digest}&from=lib/secret`)).statusCode).toBe(202);
    expect((await mount(app, digest)).statusCode).toBe(202);
    await pushBlob(app, 'lib/base', blob);
    expect((await mount(app, `${digest}&from=lib/base`)).statusCode).toBe(201);
  });
});

describe('bytes that a program hands over itself', () => {
  it('are the program’s afterwards, however large', async () => {
    const { app } = registryApp();
    const bytes = Buffer.alloc(3_000_000, 'moorage');
    const digest = digestOf(bytes);
    const url = `/v2/team/app/blobs/uploads/?digest=${digest}`;
    expect((await app.inject({ method: 'POST', url, payload: bytes })).statusCode).toBe(201);
    expect([bytes.byteLength, digestOf(bytes)]).toEqual([3_000_000, digest]);
  });
});
