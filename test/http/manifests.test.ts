// Manifests over HTTP: statuses, headers and refusals of pull, push and delete.
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { codesOf } from './support/answers.ts';
import { imageIndex, imageManifest, pushImage, pushManifest } from './support/content.ts';
import { registryApp } from './support/registry-app.ts';

const image = imageManifest();
const absent = `sha256:${'0'.repeat(64)}`;
const url = '/v2/team/app/manifests';

async function pushed() {
  const { app, failures } = registryApp();
  await pushImage(app, 'team/app', 'v1', image);
  return { app, failures };
}

const put = (reference: string, payload: Buffer, contentType: string | undefined = mediaTypes.imageManifest) => ({
  method: 'PUT' as const,
  url: `${url}/${reference}`,
  headers: contentType === '' ? {} : { 'content-type': contentType },
  payload,
});

describe('GET and HEAD manifest', () => {
  it.each(['GET', 'HEAD'] as const)(
    '%s answers type, digest, length and entity tag, and only GET the bytes',
    async (method) => {
      const { app } = await pushed();
      for (const reference of ['v1', image.digest, image.digest.replace(':', '%3A')]) {
        const answer = await app.inject({ method, url: `${url}/${reference}` });
        expect(answer.statusCode).toBe(200);
        expect(answer.rawPayload).toEqual(method === 'GET' ? image.bytes : Buffer.alloc(0));
        expect(answer.headers).toMatchObject({
          'content-type': mediaTypes.imageManifest,
          'content-length': String(image.bytes.byteLength),
          'docker-content-digest': image.digest,
          'docker-distribution-api-version': 'registry/2.0',
          etag: `"${image.digest}"`,
        });
        expect(answer.headers).not.toHaveProperty('warning');
      }
    },
  );

  it.each(['GET', 'HEAD'] as const)('%s answers 304 without a body when the client has it', async (method) => {
    const { app } = await pushed();
    const headers = { 'if-none-match': `"${absent}", W/"${image.digest}"` };
    const answer = await app.inject({ method, url: `${url}/v1`, headers });
    expect(answer.statusCode).toBe(304);
    expect(answer.headers).toMatchObject({ etag: `"${image.digest}"`, 'docker-content-digest': image.digest });
    expect(answer.headers).not.toHaveProperty('content-length');
    expect(answer.body).toBe('');
    const other = await app.inject({ method, url: `${url}/v1`, headers: { 'if-none-match': `"${absent}"` } });
    expect(other.statusCode).toBe(200);
  });

  it.each([
    ['v2', 404, 'MANIFEST_UNKNOWN'],
    [absent, 404, 'MANIFEST_UNKNOWN'],
    ['.INVALID_MANIFEST_NAME', 404, 'MANIFEST_UNKNOWN'],
    ['x'.repeat(129), 404, 'MANIFEST_UNKNOWN'],
    ['', 404, 'MANIFEST_UNKNOWN'],
    ['sha256:totallywrong', 400, 'DIGEST_INVALID'],
    [`sha256:${'A'.repeat(64)}`, 400, 'DIGEST_INVALID'],
    [`md5:${'0'.repeat(32)}`, 400, 'DIGEST_INVALID'],
  ])('refuses %j with %i %s', async (reference, status, code) => {
    const { app } = await pushed();
    const answer = await app.inject(`${url}/${reference}`);
    expect(answer.statusCode).toBe(status);
    expect(codesOf(answer)).toEqual([code]);
    const head = await app.inject({ method: 'HEAD', url: `${url}/${reference}` });
    expect(head.statusCode).toBe(status);
    expect(head.body).toBe('');
  });

  it('is 404 in a repository that does not exist', async () => {
    const { app } = await pushed();
    expect((await app.inject('/v2/other/manifests/v1')).statusCode).toBe(404);
  });
});

describe('PUT manifest', () => {
  it('answers where to pull it from, its digest and its subject, for images and indexes', async () => {
    const { app } = await pushed();
    const byTag = await app.inject(put('v2', image.bytes));
    expect(byTag.statusCode).toBe(201);
    expect(byTag.headers).toMatchObject({
      location: `${url}/${image.digest}`,
      'docker-content-digest': image.digest,
      'content-length': '0',
    });
    expect(byTag.headers).not.toHaveProperty('oci-subject');

    const referrers = [
      [imageManifest({ subject: image.digest, artifactType: 'application/x-test' }), mediaTypes.imageManifest],
      [imageIndex([], image.digest), mediaTypes.imageIndex],
    ] as const;
    for (const [referrer, type] of referrers) {
      const answer = await app.inject(put(referrer.digest, referrer.bytes, `${type}; charset=utf-8`));
      expect(answer.statusCode).toBe(201);
      expect(answer.headers['oci-subject']).toBe(image.digest);
      expect((await app.inject(`${url}/${referrer.digest}`)).headers['content-type']).toBe(type);
    }
  });

  it('takes the type from the body when the request states none', async () => {
    const { app } = await pushed();
    expect((await app.inject(put('untyped', image.bytes, ''))).statusCode).toBe(201);
    expect((await app.inject(`${url}/untyped`)).headers['content-type']).toBe(mediaTypes.imageManifest);
  });

  it('moves every tag of the query and names each in OCI-Tag', async () => {
    const { app } = await pushed();
    const tags = Array.from({ length: 100 }, (_, at) => `t${at}`);
    const answer = await app.inject(put(`${image.digest}?${tags.map((tag) => `tag=${tag}`).join('&')}`, image.bytes));
    expect(answer.statusCode).toBe(201);
    expect(answer.headers['oci-tag']).toBe(tags.join(', '));
    expect((await app.inject({ method: 'HEAD', url: `${url}/t99` })).statusCode).toBe(200);
  });

  it.each([
    ['a bad tag among them', `${image.digest}?tag=good&tag=-bad`, 400, 'MANIFEST_INVALID'],
    ['a tag in the path as well', 'v3?tag=good', 400, 'UNSUPPORTED'],
    [
      'too many tags',
      `${image.digest}?tag=good&${Array.from({ length: 100 }, (_, at) => `tag=t${at}`).join('&')}`,
      414,
      'UNSUPPORTED',
    ],
  ])('stores nothing for %s', async (_what, reference, status, code) => {
    const { app } = registryApp();
    const answer = await app.inject(put(reference, image.bytes));
    expect(answer.statusCode).toBe(status);
    expect(codesOf(answer)).toEqual([code]);
    expect((await app.inject(`${url}/${image.digest}`)).statusCode).toBe(404);
    expect((await app.inject(`${url}/good`)).statusCode).toBe(404);
  });

  it.each([
    ['bytes of another digest', absent, image.bytes, 400, 'DIGEST_INVALID'],
    ['a malformed digest', 'sha256:baddigeststring', image.bytes, 400, 'DIGEST_INVALID'],
    ['a bad tag', '.bad', image.bytes, 400, 'MANIFEST_INVALID'],
    ['no JSON', 'v1', Buffer.from('{'), 400, 'MANIFEST_INVALID'],
    ['no body', 'v1', Buffer.alloc(0), 400, 'MANIFEST_INVALID'],
    [
      'layers and manifests',
      'v1',
      Buffer.from('{"schemaVersion":2,"layers":[],"manifests":[]}'),
      400,
      'MANIFEST_INVALID',
    ],
    ['deep nesting', 'v1', Buffer.from('['.repeat(100_000)), 400, 'MANIFEST_INVALID'],
  ])('refuses %s', async (_what, reference, bytes, status, code) => {
    const { app, failures } = await pushed();
    const answer = await app.inject(put(reference, bytes));
    expect(answer.statusCode).toBe(status);
    expect(codesOf(answer)).toEqual([code]);
    expect(failures).toEqual([]);
  });

  it('refuses a media type that contradicts the header, and types that are no manifests', async () => {
    const { app } = await pushed();
    for (const type of [mediaTypes.imageIndex, mediaTypes.dockerManifest, 'application/x-www-form-urlencoded']) {
      const answer = await app.inject(put('v1', image.bytes, type));
      expect(answer.statusCode).toBe(400);
      expect(codesOf(answer)).toEqual(['MANIFEST_INVALID']);
    }
  });

  it('names every missing reference in strict mode', async () => {
    const { app } = registryApp({ requireReferences: true });
    const layers = [Buffer.from('one'), Buffer.from('two')];
    const answer = await app.inject(put('v1', imageManifest({ layers }).bytes));
    expect(answer.statusCode).toBe(400);
    expect(codesOf(answer)).toEqual(['MANIFEST_BLOB_UNKNOWN', 'MANIFEST_BLOB_UNKNOWN', 'MANIFEST_BLOB_UNKNOWN']);
    expect(answer.body).toContain(digestOf(Buffer.from('two')));
  });

  it('accepts 4 MiB and refuses what is beyond the limit with 413, however the length is told', async () => {
    const { app } = registryApp({ settings: { maxManifestBytes: 4 * 1024 * 1024 } });
    const padding = 4 * 1024 * 1024 - imageManifest({ annotations: { x: '' } }).bytes.byteLength;
    const largest = imageManifest({ annotations: { x: 'x'.repeat(padding) } });
    expect(largest.bytes.byteLength).toBe(4 * 1024 * 1024);
    expect((await app.inject(put('v1', largest.bytes))).statusCode).toBe(201);
    const larger = imageManifest({ annotations: { x: 'x'.repeat(padding + 1) } });
    const answer = await app.inject(put('v1', larger.bytes));
    expect(answer.statusCode).toBe(413);
    expect(codesOf(answer)).toEqual(['MANIFEST_INVALID']);
  });
});

describe('DELETE manifest', () => {
  it('by tag leaves the manifest, by digest leaves nothing', async () => {
    const { app } = await pushed();
    const untagged = await app.inject({ method: 'DELETE', url: `${url}/v1` });
    expect(untagged.statusCode).toBe(202);
    expect(untagged.headers['content-length']).toBe('0');
    expect((await app.inject(`${url}/v1`)).statusCode).toBe(404);
    expect((await app.inject(`${url}/${image.digest}`)).statusCode).toBe(200);

    await pushManifest(app, 'team/app', 'v2', image);
    expect((await app.inject({ method: 'DELETE', url: `${url}/${image.digest}` })).statusCode).toBe(202);
    expect((await app.inject(`${url}/v2`)).statusCode).toBe(404);
    expect((await app.inject(`${url}/${image.digest}`)).statusCode).toBe(404);
  });

  it.each([
    ['unknown', 404, 'MANIFEST_UNKNOWN'],
    [absent, 404, 'MANIFEST_UNKNOWN'],
    ['-', 404, 'MANIFEST_UNKNOWN'],
    ['sha256:0', 400, 'DIGEST_INVALID'],
  ])('of %s is %i', async (reference, status, code) => {
    const { app } = await pushed();
    const answer = await app.inject({ method: 'DELETE', url: `${url}/${reference}` });
    expect(answer.statusCode).toBe(status);
    expect(codesOf(answer)).toEqual([code]);
  });

  it('in a repository that does not exist is 404', async () => {
    const { app } = registryApp();
    expect((await app.inject({ method: 'DELETE', url: `${url}/v1` })).statusCode).toBe(404);
  });
});
