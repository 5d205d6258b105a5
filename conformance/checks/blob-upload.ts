// Pushing a blob monolithically (distribution-spec, Pushing blobs).
import { check, type Section } from '../check/check.ts';
import {
  expectBody,
  expectEmptyBody,
  expectEqual,
  expectError,
  expectHeader,
  expectStatus,
  expectTrue,
  skip,
} from '../check/expect.ts';
import type { Answer } from '../client/answer.ts';
import { acceptManifests, blobOf, randomBlob } from '../registry/content.ts';
import type { Registry } from '../registry/registry.ts';
import { octetStream } from '../registry/upload-session.ts';

const postThenPut = 'distribution-spec: POST then PUT';
const singlePost = 'distribution-spec: Single POST';
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;

/** The blob or manifest that a Location points to. */
export async function atLocation(registry: Registry, answer: Answer): Promise<Answer> {
  const here = new URL(answer.request.target, registry.baseUrl);
  const headers = { Accept: acceptManifests };
  return registry.request('GET', new URL(expectHeader(answer, 'Location'), here).href, { headers });
}

const startUpload = check({
  id: 'BLOB-1',
  name: 'POST blobs/uploads/ is 202 with a Location that holds a UUID, another one each time',
  clause: postThenPut,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const locations = new Set<string>();
    for (let times = 0; times < 3; times += 1) {
      const answer = await repository.postUpload('', { headers: { 'Content-Length': '0' } });
      expectStatus(answer, 202);
      locations.add(expectHeader(answer, 'Location', uuid));
    }
    expectEqual(locations.size, 3, 'distinct Locations of three sessions');
  },
});

const withoutSlash = check({
  id: 'BLOB-1',
  name: 'POST blobs/uploads without the slash starts a session as well',
  clause: 'distribution-spec: endpoint end-4a',
  level: 'CHOSEN',
  run: async (registry) => {
    const answer = await registry.repository().request('POST', 'blobs/uploads');
    expectStatus(answer, 202);
    expectHeader(answer, 'Location', uuid);
  },
});

const uploadUuid = check({
  id: 'BLOB-1',
  name: 'Docker-Upload-UUID is on the answers of a session and is part of its Location',
  clause: 'docker client: takes the id from this header',
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const started = await repository.postUpload();
    const id = expectHeader(started, 'Docker-Upload-UUID', uuid);
    expectTrue(expectHeader(started, 'Location').includes(id), 'the Location does not hold the id', started);
    const session = repository.sessionOf(started);
    expectHeader(await session.patch(Buffer.from('abc')), 'Docker-Upload-UUID', id);
    expectHeader(await session.status(), 'Docker-Upload-UUID', id);
  },
});

const locationShape = check({
  id: 'BLOB-2',
  name: 'the session is /v2/<name>/blobs/uploads/<id>, as the auth cache of the suite needs it',
  clause: `${postThenPut}; conformance suite (main): cacheAuth`,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const { pathname } = new URL((await repository.startUpload()).location);
    const prefix = repository.path('blobs/uploads/');
    expectTrue(pathname.startsWith(prefix) && uuid.test(pathname.slice(prefix.length)), `Location path ${pathname}`);
  },
});

const locationQuery = check({
  id: 'BLOB-2',
  name: 'a client that keeps the query of the Location and adds digest pushes successfully',
  clause: `${postThenPut} ("MAY contain critical query parameters")`,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob();
    const session = await repository.startUpload();
    const url = new URL(session.location);
    url.searchParams.append('digest', blob.digest);
    expectStatus(await session.putTo(url.href, blob.bytes), 201);
  },
});

const put = check({
  id: 'BLOB-3',
  name: 'PUT with digest and the body is 201; its Location gives the blob',
  clause: postThenPut,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    for (const blob of [randomBlob(512), randomBlob(512, 'sha512'), blobOf(''), randomBlob(3_000_000)]) {
      const pushed = await repository.pushBlob(blob);
      const found = await atLocation(registry, pushed);
      expectStatus(found, 200);
      expectBody(found, blob.bytes);
    }
  },
});

const putLocation = check({
  id: 'BLOB-3',
  name: 'the Location of a pushed blob is /v2/<name>/blobs/<digest>, its digest in Docker-Content-Digest',
  clause: 'conformance suite (main): apis.blobs.digestHeader; containerd verifies it',
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob();
    const pushed = await repository.pushBlob(blob);
    const { pathname } = new URL(expectHeader(pushed, 'Location'), registry.baseUrl);
    expectEqual(pathname, repository.path(`blobs/${blob.digest}`), 'path of the Location', pushed);
    expectHeader(pushed, 'Docker-Content-Digest', blob.digest);
    expectEmptyBody(pushed);
  },
});

const twice = check({
  id: 'BLOB-3',
  name: 'a blob that is there already may be pushed again',
  clause: postThenPut,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob();
    await repository.pushBlob(blob);
    await repository.pushBlob(blob);
    expectBody(await repository.getBlob(blob.digest), blob.bytes);
  },
});

const single = check({
  id: 'BLOB-4',
  name: 'POST with digest and the body is 201; its Location gives the blob',
  clause: singlePost,
  level: 'MAY',
  run: async (registry) => {
    const repository = registry.repository();
    for (const blob of [randomBlob(512), randomBlob(512, 'sha512'), blobOf(''), randomBlob(3_000_000)]) {
      const pushed = await repository.postBlob(blob);
      expectStatus(pushed, 201);
      const found = await atLocation(registry, pushed);
      expectBody(found, blob.bytes);
    }
  },
});

const singleStreamed = check({
  id: 'BLOB-4',
  name: 'POST with digest and a body without Content-Length is 201 as well',
  clause: singlePost,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(100_000);
    const stream = [blob.bytes.subarray(0, 40_000), blob.bytes.subarray(40_000)];
    const pushed = await repository.postUpload(`?digest=${blob.digest}`, { headers: octetStream, stream });
    expectStatus(pushed, 201);
    expectBody(await repository.getBlob(blob.digest), blob.bytes);
  },
});

const singleUnsupported = check({
  id: 'BLOB-5',
  name: 'POST with digest: 201 and the blob is there, or 202 with a session and it is not',
  clause: singlePost,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob();
    const answer = await repository.postBlob(blob);
    expectStatus(answer, 201, 202);
    expectHeader(answer, 'Location');
    const found = await repository.getBlob(blob.digest);
    if (answer.status === 201) return expectBody(found, blob.bytes);
    expectStatus(found, 404);
    expectStatus(await repository.sessionOf(answer).put(blob.digest, blob.bytes), 201);
  },
});

const closedSession = check({
  id: 'BLOB-15',
  name: 'a closed session is gone: GET, PATCH and PUT are 404 BLOB_UPLOAD_UNKNOWN',
  clause: 'distribution-spec: Pushing a blob in chunks, closing PUT',
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob();
    const session = await repository.startUpload();
    expectStatus(await session.put(blob.digest, blob.bytes), 201);
    expectError(await session.status(), 404, 'BLOB_UPLOAD_UNKNOWN');
    expectError(await session.patch(blob.bytes), 404, 'BLOB_UPLOAD_UNKNOWN');
    expectError(await session.put(blob.digest, blob.bytes), 404, 'BLOB_UPLOAD_UNKNOWN');
  },
});

const contentTypes = check({
  id: 'BLOB-3',
  name: 'the Content-Type of a blob upload is nobody’s business',
  clause: 'distribution-spec: POST then PUT; clients send JSON types and none at all',
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    for (const type of ['application/json', 'text/plain; charset=utf-8', 'multipart/form-data', 'image/png']) {
      const blob = randomBlob();
      const session = await repository.startUpload();
      const headers = { 'Content-Type': type };
      expectStatus(await session.patch(blob.bytes, { headers }), 202);
      expectStatus(await session.put(blob.digest, undefined, { headers }), 201);
      expectBody(await repository.getBlob(blob.digest), blob.bytes);
    }
    const untyped = randomBlob();
    const pushed = await repository.request('POST', `blobs/uploads/?digest=${untyped.digest}`, { body: untyped.bytes });
    if (pushed.status === 202) return skip('single POST is not supported');
    expectStatus(pushed, 201);
  },
});

export const blobUpload: Section = {
  title: 'Blob uploads',
  checks: [
    startUpload,
    withoutSlash,
    uploadUuid,
    locationShape,
    locationQuery,
    put,
    putLocation,
    twice,
    single,
    singleStreamed,
    singleUnsupported,
    closedSession,
    contentTypes,
  ],
};
