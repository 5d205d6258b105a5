// Blobs over HTTP through `inject`: statuses, headers, ranges and conditions. Streaming is in blob-downloads.test.ts.
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/oci/digest.ts';
import { codesOf } from './support/answers.ts';
import { imageManifest, pushBlob, pushImage } from './support/content.ts';
import { registryApp } from './support/registry-app.ts';

const bytes = Buffer.from(Array.from({ length: 2048 }, (_, at) => at % 251));
const digest = digestOf(bytes);
const absent = `sha256:${'0'.repeat(64)}`;
const url = `/v2/team/app/blobs/${digest}`;

async function pushed() {
  const { app } = registryApp();
  await pushBlob(app, 'team/app', bytes);
  return app;
}

describe('GET and HEAD blob', () => {
  it.each(['GET', 'HEAD'] as const)('%s answers length, digest, entity tag and that ranges work', async (method) => {
    const app = await pushed();
    const answer = await app.inject({ method, url });
    expect(answer.statusCode).toBe(200);
    expect(answer.rawPayload).toEqual(method === 'GET' ? bytes : Buffer.alloc(0));
    expect(answer.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '2048',
      'docker-content-digest': digest,
      'accept-ranges': 'bytes',
      etag: `"${digest}"`,
    });
  });

  it('serves the empty blob', async () => {
    const { app } = registryApp();
    const empty = await pushBlob(app, 'team/app', Buffer.alloc(0));
    for (const method of ['GET', 'HEAD'] as const) {
      const answer = await app.inject({ method, url: `/v2/team/app/blobs/${empty}` });
      expect(answer.statusCode).toBe(200);
      expect(answer.headers['content-length']).toBe('0');
      expect(answer.rawPayload.byteLength).toBe(0);
    }
  });

  it.each([
    ['bytes=500-1499', 500, 1499],
    ['bytes=500-', 500, 2047],
    ['bytes=-500', 1548, 2047],
    ['bytes=2000-5000', 2000, 2047],
    ['bytes=0-0', 0, 0],
  ])('answers %s with 206 and exactly those bytes', async (range, first, last) => {
    const app = await pushed();
    const answer = await app.inject({ url, headers: { range } });
    expect(answer.statusCode).toBe(206);
    expect(answer.rawPayload).toEqual(bytes.subarray(first, last + 1));
    expect(answer.headers).toMatchObject({
      'content-length': String(last - first + 1),
      'content-range': `bytes ${first}-${last}/2048`,
      'docker-content-digest': digest,
    });
  });

  it.each(['bytes=500-0', 'bytes=5000-10000', 'bytes=-0'])('answers %s with 416 and the size', async (range) => {
    const app = await pushed();
    const answer = await app.inject({ url, headers: { range } });
    expect(answer.statusCode).toBe(416);
    expect(answer.headers['content-range']).toBe('bytes */2048');
    expect(codesOf(answer)).toEqual(['SIZE_INVALID']);
  });

  it.each(['bytes=0-1,4-5', 'lines=1-2', 'bytes=x'])('answers %s with the whole blob', async (range) => {
    const app = await pushed();
    const answer = await app.inject({ url, headers: { range } });
    expect(answer.statusCode).toBe(200);
    expect(answer.rawPayload).toEqual(bytes);
  });

  it('honours Range only while If-Range names this blob, and never for HEAD', async () => {
    const app = await pushed();
    const range = 'bytes=0-9';
    const matching = await app.inject({ url, headers: { range, 'if-range': `"${digest}"` } });
    expect(matching.statusCode).toBe(206);
    for (const condition of [`"${absent}"`, `W/"${digest}"`, 'Wed, 21 Oct 2015 07:28:00 GMT']) {
      expect((await app.inject({ url, headers: { range, 'if-range': condition } })).statusCode).toBe(200);
    }
    const head = await app.inject({ method: 'HEAD', url, headers: { range } });
    expect(head.statusCode).toBe(200);
    expect(head.headers['content-length']).toBe('2048');
  });

  it.each(['GET', 'HEAD'] as const)('%s answers 304 when the client has it', async (method) => {
    const app = await pushed();
    const headers = { 'if-none-match': `"${digest}"`, range: 'bytes=5000-' };
    const answer = await app.inject({ method, url, headers });
    expect(answer.statusCode).toBe(304);
    expect(answer.body).toBe('');
    expect((await app.inject({ method, url, headers: { 'if-none-match': '"x"' } })).statusCode).toBe(200);
  });

  it('looks in this repository only', async () => {
    const app = await pushed();
    for (const method of ['GET', 'HEAD'] as const) {
      const answer = await app.inject({ method, url: `/v2/team/other/blobs/${digest}` });
      expect(answer.statusCode).toBe(404);
    }
    expect(codesOf(await app.inject(`/v2/team/app/blobs/${absent}`))).toEqual(['BLOB_UNKNOWN']);
  });

  it.each(['sha256:0', 'latest', `md5:${'0'.repeat(32)}`, digest.toUpperCase()])(
    'refuses the digest %s',
    async (bad) => {
      const app = await pushed();
      const answer = await app.inject(`/v2/team/app/blobs/${bad}`);
      expect(answer.statusCode).toBe(400);
      expect(codesOf(answer)).toEqual(['DIGEST_INVALID']);
    },
  );
});

describe('DELETE blob', () => {
  it('is 202 once and 404 afterwards', async () => {
    const app = await pushed();
    const answer = await app.inject({ method: 'DELETE', url });
    expect(answer.statusCode).toBe(202);
    expect(answer.headers['content-length']).toBe('0');
    const again = await app.inject({ method: 'DELETE', url });
    expect(again.statusCode).toBe(404);
    expect(codesOf(again)).toEqual(['BLOB_UNKNOWN']);
    expect((await app.inject(url)).statusCode).toBe(404);
  });

  it('refuses the digest of a manifest with 405 and says what is allowed', async () => {
    const { app } = registryApp();
    const image = imageManifest();
    await pushImage(app, 'team/app', 'v1', image);
    const answer = await app.inject({ method: 'DELETE', url: `/v2/team/app/blobs/${image.digest}` });
    expect([404, 405]).toContain(answer.statusCode);
    expect(answer.headers.allow).toBe('GET, HEAD');
    expect((await app.inject('/v2/team/app/manifests/v1')).statusCode).toBe(200);
  });
});
