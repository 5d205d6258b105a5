// The push tests of the official suite v1.1.1, by its names.
import { type Check, check, type Section } from '../check/check.ts';
import { expectBody, expectEqual, expectHeader, expectStatus, expectTrue, skip } from '../check/expect.ts';
import { absentDigest, imageOf, manifestOf, mediaTypes, randomBlob } from '../registry/content.ts';
import type { Registry } from '../registry/registry.ts';
import type { Repository } from '../registry/repository.ts';
import { expectTornDown } from './suite-v1-pull.ts';

const clause = 'conformance suite v1.1.1: Push';

function test(name: string, run: Check['run'], level: Check['level'] = 'MUST'): Check {
  return check({ id: `Push ${name}`, name: 'as there', clause, level, run });
}

const streamed = 'Blob Upload Streamed';
const monolithic = 'Blob Upload Monolithic';
const chunked = 'Blob Upload Chunked';
const mount = 'Cross-Repository Blob Mount';
const upload = 'Manifest Upload';

async function putWhole(repository: Repository, sizeBytes: number) {
  const blob = randomBlob(sizeBytes);
  const answer = await (await repository.startUpload()).put(blob.digest, blob.bytes);
  expectStatus(answer, 201);
  expectHeader(answer, 'Location');
  return blob;
}

/** The 42 bytes of the suite in two chunks, or larger ones where the registry has a minimum; the first is sent. */
async function firstChunk(registry: Registry) {
  const repository = registry.repository();
  const started = await repository.postUpload('', { headers: { 'Content-Length': '0' } });
  const minimum = Number(started.header('OCI-Chunk-Min-Length') ?? 0);
  const half = Math.max(22, minimum);
  const blob = randomBlob(half * 2 - 2);
  const session = repository.sessionOf(started);
  const [first, second] = [blob.bytes.subarray(0, half), blob.bytes.subarray(half)];
  const [firstRange, secondRange] = [`0-${half - 1}`, `${half}-${blob.bytes.length - 1}`];
  const sent = await session.patch(first, { range: firstRange });
  expectStatus(sent, 202);
  return { repository, blob, session, first, firstRange, second, secondRange, sent };
}

async function mountable(registry: Registry) {
  const [source, target] = [registry.repository(), registry.repository()];
  const blob = randomBlob();
  await source.pushBlob(blob);
  const query = `?mount=${blob.digest}&from=${encodeURIComponent(source.name)}`;
  return { source, target, blob, answer: await target.postUpload(query) };
}

const uploads: readonly Check[] = [
  test(`${streamed} PATCH request with blob in body should yield 202 response`, async (registry) => {
    const session = await registry.repository().startUpload();
    const answer = await session.patch(randomBlob().bytes);
    expectStatus(answer, 202);
    expectHeader(answer, 'Location');
  }),
  test(`${streamed} PUT request to session URL with digest should yield 201 response`, async (registry) => {
    const blob = randomBlob();
    const session = await registry.repository().startUpload();
    expectStatus(await session.patch(blob.bytes), 202);
    const answer = await session.put(blob.digest);
    expectStatus(answer, 201);
    expectHeader(answer, 'Location');
  }),
  test(`${monolithic} GET nonexistent blob should result in 404 response`, async (registry) => {
    expectStatus(await registry.repository().getBlob(absentDigest()), 404);
  }),
  test(`${monolithic} POST request with digest and blob should yield a 201 or 202`, async (registry) => {
    const answer = await registry.repository().postBlob(randomBlob());
    expectStatus(answer, 201, 202);
    expectHeader(answer, 'Location');
  }),
  test(`${monolithic} GET request to blob URL from prior request should yield 200 or 404 based on response code`, async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob();
    const { status } = await repository.postBlob(blob);
    expectStatus(await repository.getBlob(blob.digest), status === 201 ? 200 : 404);
  }),
  test(`${monolithic} POST request should yield a session ID`, async (registry) => {
    await registry.repository().startUpload();
  }),
  test(`${monolithic} PUT upload of a blob should yield a 201 Response`, async (registry) => {
    await putWhole(registry.repository(), 100);
  }),
  test(`${monolithic} GET request to existing blob should yield 200 response`, async (registry) => {
    const repository = registry.repository();
    expectStatus(await repository.getBlob((await putWhole(repository, 100)).digest), 200);
  }),
  test(`${monolithic} PUT upload of a layer blob should yield a 201 Response`, async (registry) => {
    await putWhole(registry.repository(), 20_000);
  }),
  test(`${monolithic} GET request to existing layer should yield 200 response`, async (registry) => {
    const repository = registry.repository();
    expectStatus(await repository.getBlob((await putWhole(repository, 20_000)).digest), 200);
  }),
  test(`${chunked} Out-of-order blob upload should return 416`, async (registry) => {
    const session = await registry.repository().startUpload();
    expectStatus(await session.patch(randomBlob(20).bytes, { range: '22-41' }), 416);
  }),
  test(`${chunked} PATCH request with first chunk should return 202`, async (registry) => {
    const { sent, firstRange } = await firstChunk(registry);
    expectHeader(sent, 'Range', firstRange);
  }),
  test(`${chunked} Retry previous blob chunk should return 416`, async (registry) => {
    const { session, first, firstRange } = await firstChunk(registry);
    expectStatus(await session.patch(first, { range: firstRange, to: session.first }), 416);
  }),
  test(`${chunked} Get on stale blob upload should return 204 with a range and location`, async (registry) => {
    const { session, first, firstRange } = await firstChunk(registry);
    await session.patch(first, { range: firstRange, to: session.first });
    const answer = await session.status(session.first);
    expectStatus(answer, 204);
    expectHeader(answer, 'Location');
    expectHeader(answer, 'Range', firstRange);
  }),
  test(`${chunked} PATCH request with second chunk should return 202`, async (registry) => {
    const { session, blob, second, secondRange } = await firstChunk(registry);
    await session.status(session.first);
    const answer = await session.patch(second, { range: secondRange });
    expectStatus(answer, 202);
    expectHeader(answer, 'Location');
    expectHeader(answer, 'Range', `0-${blob.bytes.length - 1}`);
  }),
  test(`${chunked} PUT request with digest should return 201`, async (registry) => {
    const { repository, session, blob, second, secondRange } = await firstChunk(registry);
    expectStatus(await session.patch(second, { range: secondRange }), 202);
    const answer = await session.put(blob.digest);
    expectStatus(answer, 201);
    expectHeader(answer, 'Location');
    expectBody(await repository.getBlob(blob.digest), blob.bytes);
  }),
];

const mounts: readonly Check[] = [
  test(`${mount} Cross-mounting of a blob without the from argument should yield session id`, async (registry) => {
    const answer = await registry.repository().postUpload(`?mount=${absentDigest()}`);
    expectStatus(answer, 202);
    expectHeader(answer, 'Location');
  }),
  test(`${mount} POST request to mount another repository's blob should return 201 or 202`, async (registry) => {
    expectStatus((await mountable(registry)).answer, 201, 202);
  }),
  test(
    `${mount} GET request to test digest within cross-mount namespace should return 200`,
    async (registry) => {
      const { target, blob, answer } = await mountable(registry);
      if (answer.status === 202) return skip('the mount is answered 202');
      const { pathname } = new URL(expectHeader(answer, 'Location'), registry.baseUrl);
      expectEqual(pathname, target.path(`blobs/${blob.digest}`), 'path of the Location', answer);
      expectStatus(await target.getBlob(blob.digest), 200);
    },
    'MAY',
  ),
  test(`${mount} Cross-mounting of nonexistent blob should yield session id`, async (registry) => {
    // There the 202 branch of the test before; a blob that is nowhere takes it on every registry.
    const [source, target] = [registry.repository(), registry.repository()];
    const answer = await target.postUpload(`?mount=${absentDigest()}&from=${encodeURIComponent(source.name)}`);
    expectStatus(answer, 202);
    const { pathname } = new URL(expectHeader(answer, 'Location'), registry.baseUrl);
    expectTrue(pathname.startsWith(target.path('blobs/uploads/')), `Location path ${pathname}`, answer);
  }),
  test(
    `${mount} Cross-mounting without from, and automatic content discovery enabled should return a 201`,
    async (registry) => {
      const { target, blob } = await mountable(registry);
      expectStatus(await target.postUpload(`?mount=${blob.digest}`), 201);
    },
    'MAY',
  ),
  test(`${mount} Cross-mounting without from, and automatic content discovery disabled should return a 202`, async (registry) => {
    // There only without discovery; with it, the 202 is what a blob gets that there is nothing to discover of.
    expectStatus(await registry.repository().postUpload(`?mount=${absentDigest()}`), 202);
  }),
];

const manifestUploads: readonly Check[] = [
  test(`${upload} GET nonexistent manifest should return 404`, async (registry) => {
    expectStatus(await registry.repository().getManifest('.INVALID_MANIFEST_NAME'), 404);
  }),
  test(`${upload} PUT should accept a manifest upload`, async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    for (const tag of ['test0', 'test1', 'test2', 'test3']) {
      expectHeader(await repository.pushImage(image, tag), 'Location');
    }
  }),
  test(
    `${upload} Registry should accept a manifest upload with no layers`,
    async (registry) => {
      const repository = registry.repository();
      const { config, manifest } = imageOf({ layers: [] });
      await repository.pushBlob(config);
      const { mediaType: _, ...json } = JSON.parse(manifest.bytes.toString('utf8'));
      const answer = await repository.putManifest('emptylayer', manifestOf(json, mediaTypes.imageManifest));
      expectStatus(answer, 201);
      expectHeader(answer, 'Location');
    },
    'SHOULD',
  ),
  test(`${upload} GET request to manifest URL (digest) should yield 200 response`, async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image, 'test0');
    expectStatus(await repository.getManifest(image.manifest.digest, { Accept: mediaTypes.imageManifest }), 200);
  }),
];

const teardown: readonly Check[] = [
  test('Teardown Delete manifest created in tests', async (registry) => {
    const repository = registry.repository();
    const [image, empty] = [imageOf(), imageOf({ layers: [] })];
    await repository.pushImage(image, 'test0');
    await repository.pushImage(empty, 'emptylayer');
    expectTornDown(await repository.deleteManifest(image.manifest.digest));
    expectTornDown(await repository.deleteManifest(empty.manifest.digest));
  }),
  test('Teardown Delete config blob created in tests', async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image, 'test0');
    await repository.deleteManifest(image.manifest.digest);
    expectTornDown(await repository.deleteBlob(image.config.digest), 404);
  }),
  test('Teardown Delete layer blob created in setup', async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob();
    await repository.pushBlob(blob);
    expectTornDown(await repository.deleteBlob(blob.digest), 404);
  }),
];

export const suiteV1Push: Section = {
  title: 'Official suite v1.1.1: push',
  checks: [...uploads, ...mounts, ...manifestUploads, ...teardown],
};
