// The pull tests of the official suite v1.1.1, by its names. Each prepares for itself what the suite's setup pushes.
import { type Check, check, type Section } from '../check/check.ts';
import { expectBody, expectError, expectHeader, expectStatus, fail } from '../check/expect.ts';
import type { Answer } from '../client/answer.ts';
import { absentDigest, imageOf, mediaTypes } from '../registry/content.ts';
import type { Registry } from '../registry/registry.ts';

const clause = 'conformance suite v1.1.1: Pull';

/** Two images of one layer: the first tagged, the second by digest only. */
async function setup(registry: Registry) {
  const repository = registry.repository();
  const first = imageOf();
  const second = imageOf({ layers: first.layers });
  const [layer] = first.layers;
  if (layer === undefined) return fail('an image without a layer');
  await repository.pushImage(first, 'tagtest0');
  await repository.pushImage(second);
  return { repository, first, second, layer };
}

type Prepared = Awaited<ReturnType<typeof setup>>;

function test(name: string, run: (prepared: Prepared) => Promise<void>, level: Check['level'] = 'MUST'): Check {
  return check({
    id: `Pull ${name}`,
    name: 'as there',
    clause,
    level,
    run: async (registry) => run(await setup(registry)),
  });
}

const accept = { Accept: mediaTypes.imageManifest };

/** Deletes may be switched off: 405; blobs may be gone with their manifests: 404. */
export function expectTornDown(answer: Answer, ...also: readonly number[]): void {
  const fine = (answer.status >= 200 && answer.status < 300) || [405, ...also].includes(answer.status);
  if (!fine) fail(`status ${answer.status}, expected 2xx, 405 ${also.join(' ')}`, answer);
}

const nothing = async (): Promise<void> => {};

export const suiteV1Pull: Section = {
  title: 'Official suite v1.1.1: pull',
  checks: [
    test('Setup Populate registry with test blob (config[0])', nothing),
    test('Setup Populate registry with test blob (config[1])', nothing),
    test('Setup Populate registry with test layer', nothing),
    test('Setup Populate registry with test manifest (tag)', nothing),
    test('Setup Populate registry with test manifest (digest)', nothing),
    test('Setup Get tag name from environment', async ({ repository, first }) => {
      // There a tag that somebody else pushed; here one that another client's connection pushed.
      expectBody(await repository.getManifest('tagtest0'), first.manifest.bytes);
    }),
    test('Pull blobs HEAD request to nonexistent blob should result in 404 response', async ({ repository }) => {
      expectStatus(await repository.headBlob(absentDigest()), 404);
    }),
    test('Pull blobs HEAD request to existing blob should yield 200', async ({ repository, first }) => {
      const answer = await repository.headBlob(first.config.digest);
      expectStatus(answer, 200);
      expectHeader(answer, 'Docker-Content-Digest', first.config.digest);
    }),
    test('Pull blobs GET nonexistent blob should result in 404 response', async ({ repository }) => {
      expectStatus(await repository.getBlob(absentDigest()), 404);
    }),
    test('Pull blobs GET request to existing blob URL should yield 200', async ({ repository, first }) => {
      expectStatus(await repository.getBlob(first.config.digest), 200);
    }),
    test('Pull manifests HEAD request to nonexistent manifest should return 404', async ({ repository }) => {
      expectStatus(await repository.headManifest('.INVALID_MANIFEST_NAME'), 404);
    }),
    test('Pull manifests HEAD request to manifest[0] path (digest) should yield 200 response', async (prepared) => {
      const answer = await prepared.repository.headManifest(prepared.first.manifest.digest, accept);
      expectStatus(answer, 200);
      expectHeader(answer, 'Docker-Content-Digest', prepared.first.manifest.digest);
    }),
    test('Pull manifests HEAD request to manifest[1] path (digest) should yield 200 response', async (prepared) => {
      const answer = await prepared.repository.headManifest(prepared.second.manifest.digest, accept);
      expectStatus(answer, 200);
      expectHeader(answer, 'Docker-Content-Digest', prepared.second.manifest.digest);
    }),
    test('Pull manifests HEAD request to manifest path (tag) should yield 200 response', async (prepared) => {
      const answer = await prepared.repository.headManifest('tagtest0', accept);
      expectStatus(answer, 200);
      expectHeader(answer, 'Docker-Content-Digest', prepared.first.manifest.digest);
    }),
    test('Pull manifests GET nonexistent manifest should return 404', async ({ repository }) => {
      expectStatus(await repository.getManifest('.INVALID_MANIFEST_NAME'), 404);
    }),
    test('Pull manifests GET request to manifest[0] path (digest) should yield 200 response', async (prepared) => {
      expectStatus(await prepared.repository.getManifest(prepared.first.manifest.digest, accept), 200);
    }),
    test('Pull manifests GET request to manifest[1] path (digest) should yield 200 response', async (prepared) => {
      expectStatus(await prepared.repository.getManifest(prepared.second.manifest.digest, accept), 200);
    }),
    test('Pull manifests GET request to manifest path (tag) should yield 200 response', async ({ repository }) => {
      expectStatus(await repository.getManifest('tagtest0', accept), 200);
    }),
    test('Error codes 400 response body should contain OCI-conforming JSON message', async ({ repository }) => {
      const headers = { 'Content-Type': mediaTypes.imageManifest };
      const answer = await repository.request('GET', 'manifests/sha256:totallywrong', { headers, body: 'blablabla' });
      expectStatus(answer, 400, 404);
      if (answer.status === 400) expectError(answer, 400);
    }),
    test('Teardown Delete manifest[0] created in setup', async ({ repository, first }) => {
      expectTornDown(await repository.deleteManifest(first.manifest.digest));
    }),
    test('Teardown Delete manifest[1] created in setup', async ({ repository, second }) => {
      expectTornDown(await repository.deleteManifest(second.manifest.digest));
    }),
    test('Teardown Delete config[0] blob created in setup', async ({ repository, first }) => {
      await repository.deleteManifest(first.manifest.digest);
      expectTornDown(await repository.deleteBlob(first.config.digest), 404);
    }),
    test('Teardown Delete config[1] blob created in setup', async ({ repository, second }) => {
      await repository.deleteManifest(second.manifest.digest);
      expectTornDown(await repository.deleteBlob(second.config.digest), 404);
    }),
    test('Teardown Delete layer blob created in setup', async ({ repository, first, second, layer }) => {
      for (const { manifest } of [first, second]) await repository.deleteManifest(manifest.digest);
      expectTornDown(await repository.deleteBlob(layer.digest), 404);
    }),
  ],
};
