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

  it.each(['lines=1-2', 'bytes=x', 'bytes=0-1,x', 'bytes=0-1,5-3'])('answers %s with the whole blob', async (range) => {
    const app = await pushed();
    const answer = await app.inject({ url, headers: { range } });
    expect(answer.statusCode).toBe(200);
    expect(answer.rawPayload).toEqual(bytes);
  });

  it.each<[string, string, ...(readonly [number, number])[]]>([
    ['in the order that was asked for', 'bytes=1000-1099, 0-9,-5', [1000, 1099], [0, 9], [2043, 2047]],
    ['without those that lie outside', 'bytes=0-9,9000-9999,20-29', [0, 9], [20, 29]],
    ['merged where they overlap', 'bytes=0-9,100-200,150-299', [0, 9], [100, 299]],
  ])('answers several ranges %s as parts of one body', async (_what, range, ...expected) => {
    const app = await pushed();
    const answer = await app.inject({ url, headers: { range } });
    expect(answer.statusCode).toBe(206);
    expect(answer.headers).toMatchObject({ etag: `"${digest}"`, 'docker-content-digest': digest });
    expect(answer.headers).not.toHaveProperty('content-range');
    const [, boundary = ''] =
      /^multipart\/byteranges; boundary=([0-9a-f]{32})$/.exec(String(answer.headers['content-type'])) ?? [];
    const parts = expected.map(([first, last]) => [
      `--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes ${first}-${last}/2048\r\n\r\n`,
      `${bytes.subarray(first, last + 1).toString('latin1')}\r\n`,
    ]);
    expect(answer.rawPayload.toString('latin1')).toBe(`${parts.flat().join('')}--${boundary}--\r\n`);
    expect(answer.headers['content-length']).toBe(String(answer.rawPayload.byteLength));
  });

  it('makes up another boundary for each answer, which no pushed content can hold', async () => {
    const app = await pushed();
    const types = await Promise.all(
      [1, 2].map(async () => (await app.inject({ url, headers: { range: 'bytes=0-1,4-5' } })).headers['content-type']),
    );
    expect(types[0]).not.toBe(types[1]);
  });

  it('answers what comes to one range as one range', async () => {
    const app = await pushed();
    const answer = await app.inject({ url, headers: { range: 'bytes=0-9,5-19' } });
    expect(answer.statusCode).toBe(206);
    expect(answer.headers['content-range']).toBe('bytes 0-19/2048');
    expect(answer.rawPayload).toEqual(bytes.subarray(0, 20));
  });

  it('refuses more than a hundred ranges with 400, after which podman and stargz ask for fewer', async () => {
    const app = await pushed();
    const ranges = (count: number) => Array.from({ length: count }, (_, at) => `${2 * at}-${2 * at}`).join();
    const most = await app.inject({ url, headers: { range: `bytes=${ranges(100)}` } });
    expect(most.statusCode).toBe(206);
    const more = await app.inject({ url, headers: { range: `bytes=${ranges(101)}` } });
    expect(more.statusCode).toBe(400);
    expect(codesOf(more)).toEqual(['UNSUPPORTED']);
    const outdated = { range: `bytes=${ranges(101)}`, 'if-range': `"${absent}"` };
    expect((await app.inject({ url, headers: outdated })).statusCode).toBe(200);
  });

  it.each(['bytes=5000-,6000-7000', 'bytes=-0,2048-'])('answers %s with 416', async (range) => {
    const app = await pushed();
    const answer = await app.inject({ url, headers: { range } });
    expect(answer.statusCode).toBe(416);
    expect(answer.headers['content-range']).toBe('bytes */2048');
  });

  it.each(['bytes=0-9', 'bytes=0-9,20-29'])(
    'honours %s only while If-Range names this blob, and never for HEAD',
    async (range) => {
      const app = await pushed();
      const matching = await app.inject({ url, headers: { range, 'if-range': `"${digest}"` } });
      expect(matching.statusCode).toBe(206);
      for (const condition of [`"${absent}"`, `W/"${digest}"`, 'Wed, 21 Oct 2015 07:28:00 GMT']) {
        expect((await app.inject({ url, headers: { range, 'if-range': condition } })).statusCode).toBe(200);
      }
      const head = await app.inject({ method: 'HEAD', url, headers: { range } });
      expect(head.statusCode).toBe(200);
      expect(head.headers['content-length']).toBe('2048');
    },
  );

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
