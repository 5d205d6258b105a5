// The referrers list over HTTP.
import type { LightMyRequestResponse } from 'fastify';
import { describe, expect, it } from 'vitest';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { codesOf } from './support/answers.ts';
import { imageManifest, pushImage, pushManifest } from './support/content.ts';
import { registryApp } from './support/registry-app.ts';

const image = imageManifest();
const sbom = imageManifest({ subject: image.digest, artifactType: 'application/x-sbom+json', annotations: { a: 'b' } });
const signature = imageManifest({ subject: image.digest, artifactType: 'application/x-signature' });
const url = `/v2/team/app/referrers/${image.digest}`;

async function attached() {
  const { app } = registryApp();
  await pushImage(app, 'team/app', 'v1', image);
  for (const referrer of [sbom, signature]) await pushManifest(app, 'team/app', referrer.digest, referrer);
  return app;
}

const digestsOf = (answer: { json(): { manifests: { digest: string }[] } }) =>
  answer.json().manifests.map(({ digest }) => digest);

describe('GET referrers', () => {
  it('answers an index of the referrers, with exactly the index type', async () => {
    const app = await attached();
    const answer = await app.inject(url);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe(mediaTypes.imageIndex);
    expect(answer.headers['content-length']).toBe(String(answer.rawPayload.byteLength));
    expect(answer.headers).not.toHaveProperty('oci-filters-applied');
    expect(answer.headers).not.toHaveProperty('link');
    const index = answer.json();
    expect(index).toMatchObject({ schemaVersion: 2, mediaType: mediaTypes.imageIndex });
    expect(index.manifests).toHaveLength(2);
    expect(index.manifests).toContainEqual({
      mediaType: mediaTypes.imageManifest,
      digest: sbom.digest,
      size: sbom.bytes.byteLength,
      artifactType: 'application/x-sbom+json',
      annotations: { a: 'b' },
    });
  });

  it.each([
    ['application/x-signature', [signature.digest]],
    ['application/x-sbom%2Bjson', [sbom.digest]],
    ['application/x-sbom+json', [sbom.digest]],
    ['application/x-sbom+json&artifactType=application/x-signature', [sbom.digest, signature.digest].sort()],
    ['application/x-other', []],
  ])('filters by artifactType=%s', async (filter, digests) => {
    const app = await attached();
    const answer = await app.inject(`${url}?artifactType=${filter}`);
    expect(answer.headers['oci-filters-applied']).toBe('artifactType');
    expect(digestsOf(answer).sort()).toEqual(digests);
  });

  it.each(['/v2/team/app', '/v2/never/pushed'])(
    'is empty, never 404, for an unknown subject in %s',
    async (repository) => {
      const app = await attached();
      const answer = await app.inject(`${repository}/referrers/sha256:${'0'.repeat(64)}`);
      expect(answer.statusCode).toBe(200);
      expect(answer.json().manifests).toEqual([]);
    },
  );

  it('refuses a malformed digest with 400', async () => {
    const app = await attached();
    for (const digest of ['sha256:0', 'latest', `sha256:${'A'.repeat(64)}`]) {
      const answer = await app.inject(`/v2/team/app/referrers/${digest}`);
      expect(answer.statusCode).toBe(400);
      expect(codesOf(answer)).toEqual(['DIGEST_INVALID']);
    }
  });

  it('pages near 4 MB with links that keep the filters', async () => {
    const { app } = registryApp();
    const large = (at: number) =>
      imageManifest({
        subject: image.digest,
        artifactType: 'application/x-large+json',
        annotations: { at: String(at), text: 'x'.repeat(900_000) },
      });
    const referrers = Array.from({ length: 6 }, (_, at) => large(at));
    for (const referrer of referrers) await pushManifest(app, 'team/app', referrer.digest, referrer);
    const found: string[] = [];
    let pages = 0;
    let next: string | undefined = `${url}?artifactType=application/x-large%2Bjson&artifactType=b`;
    while (next !== undefined) {
      const answer: LightMyRequestResponse = await app.inject(next);
      expect(answer.rawPayload.byteLength).toBeLessThan(4 * 1024 * 1024);
      found.push(...digestsOf(answer));
      next = /^<(.*)>; rel="next"$/.exec(String(answer.headers.link))?.[1];
      if (next !== undefined) expect(next).toContain('artifactType=application%2Fx-large%2Bjson&artifactType=b&last=');
      pages += 1;
    }
    expect(pages).toBe(2);
    expect(found.sort()).toEqual(referrers.map(({ digest }) => digest).sort());
  });
});
