// Upload sessions as things of their own: status, cancel, whose they are, what survives a broken connection.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { check, type Section } from '../check/check.ts';
import { expectBody, expectEmptyBody, expectError, expectHeader, expectStatus, expectTrue } from '../check/expect.ts';
import { randomBlob } from '../registry/content.ts';
import type { Registry } from '../registry/registry.ts';
import type { UploadSession } from '../registry/upload-session.ts';
import { expectSize } from './blob-chunks.ts';

const chunks = 'distribution-spec: Pushing a blob in chunks';
const cancelling = 'distribution-spec (main): Cancel a blob upload';

const status = check({
  id: 'BLOB-17',
  name: 'GET of a session is 204 with Location and Range, and the Location works',
  clause: chunks,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(1000);
    const session = await repository.startUpload();
    expectStatus(await session.status(), 204);
    expectStatus(await session.patch(blob.bytes.subarray(0, 600), { range: '0-599' }), 202);
    await expectSize(session, 600);
    expectStatus(await session.patch(blob.bytes.subarray(600), { range: '600-999' }), 202);
    await expectSize(session, 1000);
    expectStatus(await session.put(blob.digest), 201);
  },
});

const emptyRange = check({
  id: 'CHOSEN-1',
  name: 'an empty session says Range: 0-0, on POST and on GET (the docker client refuses an end before the start)',
  clause: `${chunks}; docker client`,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const started = await repository.postUpload();
    expectHeader(started, 'Range', '0-0');
    expectHeader(await repository.sessionOf(started).status(), 'Range', '0-0');
  },
});

const headStatus = check({
  id: 'BLOB-17',
  name: 'HEAD of a session answers like GET',
  clause: 'RFC 9110, section 9.3.2; distribution serves it',
  level: 'CHOSEN',
  run: async (registry) => {
    const session = await registry.repository().startUpload();
    expectStatus(await session.patch(Buffer.alloc(7)), 202);
    const answer = await session.head();
    expectStatus(answer, 204, 200);
    expectHeader(answer, 'Range', '0-6');
    expectHeader(answer, 'Location');
    expectEmptyBody(answer);
  },
});

const unknownQuery = check({
  id: 'BLOB-17',
  name: 'GET of a session ignores query parameters it does not know',
  clause: 'conformance suite (main): GET on the URL of a refused PUT, digest and all',
  level: 'MUST',
  run: async (registry) => {
    const session = await registry.repository().startUpload();
    expectStatus(await session.patch(Buffer.alloc(10)), 202);
    const join = session.location.includes('?') ? '&' : '?';
    await expectSize(session, 10, `${session.location}${join}digest=sha256:whatever&x=1`);
  },
});

const cancel = check({
  id: 'BLOB-19',
  name: 'DELETE of a session is 204; afterwards it is 404 BLOB_UPLOAD_UNKNOWN',
  clause: cancelling,
  level: 'SHOULD',
  run: async (registry) => {
    const repository = registry.repository();
    for (const bytes of [0, 1000]) {
      const blob = randomBlob(bytes);
      const session = await repository.startUpload();
      if (bytes > 0) expectStatus(await session.patch(blob.bytes), 202);
      const answer = await session.cancel();
      expectStatus(answer, 204);
      expectEmptyBody(answer);
      expectError(await session.status(), 404, 'BLOB_UPLOAD_UNKNOWN');
      expectError(await session.put(blob.digest), 404, 'BLOB_UPLOAD_UNKNOWN');
      expectStatus(await repository.headBlob(blob.digest), 404);
    }
  },
});

const cancelTwice = check({
  id: 'BLOB-19',
  name: 'a second DELETE of a session is 404 (or 400), and another session is not touched',
  clause: cancelling,
  level: 'SHOULD',
  run: async (registry) => {
    const repository = registry.repository();
    const [session, other] = [await repository.startUpload(), await repository.startUpload()];
    expectStatus(await session.cancel(), 204);
    expectError(await session.cancel(), [404, 400], 'BLOB_UPLOAD_UNKNOWN');
    expectStatus(await other.status(), 204);
  },
});

const expiry = check({
  id: 'BLOB-20',
  name: 'a session that nobody touches ends: with uploads.expireAfter at 2 s it is 404 in the end',
  clause: `${cancelling} ("eventually timeout unfinished uploads")`,
  level: 'SHOULD',
  patient: true,
  run: async (registry) => {
    const repository = registry.variant('expiring-uploads').repository();
    const session = await repository.startUpload();
    expectStatus(await session.patch(Buffer.alloc(10)), 202);
    for (let looks = 0; looks < 3; looks += 1) {
      // Looking at a session may count as use, so it is left alone for longer than it lives.
      await sleep(4_000);
      const answer = await session.status();
      if (answer.status === 404) return expectError(answer, 404, 'BLOB_UPLOAD_UNKNOWN');
    }
    expectTrue(false, 'the session is still there after 12 s');
  },
});

const unknown = check({
  id: 'BLOB-21',
  name: 'an unknown session is 404 BLOB_UPLOAD_UNKNOWN for GET, PATCH, PUT and DELETE',
  clause: 'distribution-spec: endpoints end-5, end-6, end-13, end-14',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob();
    await repository.pushBlob(blob);
    for (const id of [randomUUID(), 'not-a-uuid', `${randomUUID()}x`, randomUUID().toUpperCase()]) {
      const target = `blobs/uploads/${id}`;
      expectError(await repository.request('GET', target), 404, 'BLOB_UPLOAD_UNKNOWN');
      expectError(await repository.request('PATCH', target, { body: blob.bytes }), 404, 'BLOB_UPLOAD_UNKNOWN');
      const put = await repository.request('PUT', `${target}?digest=${blob.digest}`, { body: blob.bytes });
      expectError(put, 404, 'BLOB_UPLOAD_UNKNOWN');
      expectError(await repository.request('DELETE', target), [404, 400], 'BLOB_UPLOAD_UNKNOWN');
    }
  },
});

const escaping = check({
  id: 'BLOB-21',
  name: 'ids that are paths are never followed: no success, no server error',
  clause: 'distribution-spec: endpoints end-5, end-13, end-14',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    await repository.pushBlob(randomBlob());
    for (const id of ['..', '%2e%2e', '..%2f..', '%2e%2e%2f%2e%2e%2fetc%2fpasswd', '%00', 'a%00b', '.', '%2f']) {
      for (const method of ['GET', 'PATCH', 'DELETE']) {
        const answer = await repository.request(method, `blobs/uploads/${id}`, { followRedirects: false });
        expectTrue(answer.status >= 300 && answer.status < 500, `status ${answer.status} for id ${id}`, answer);
      }
    }
  },
});

const ofAnother = check({
  id: 'BAD-CHUNK',
  name: 'a session is unknown under the name of another repository (404), and its size stays',
  clause: chunks,
  level: 'SHOULD',
  run: async (registry) => {
    const [one, other] = [registry.repository(), registry.repository()];
    await other.pushBlob(randomBlob());
    const blob = randomBlob(100);
    const session = await one.startUpload();
    expectStatus(await session.patch(blob.bytes.subarray(0, 50), { range: '0-49' }), 202);
    const home = session.location;
    const foreign = home.replace(`/${one.name}/`, `/${other.name}/`);
    expectError(await session.status(foreign), 404, 'BLOB_UPLOAD_UNKNOWN');
    const chunk = blob.bytes.subarray(50);
    expectError(await session.patch(chunk, { range: '50-99', to: foreign }), 404, 'BLOB_UPLOAD_UNKNOWN');
    expectError(await session.put(blob.digest, chunk, { range: '50-99', to: foreign }), 404, 'BLOB_UPLOAD_UNKNOWN');
    expectError(await registry.request('DELETE', foreign), [404, 400], 'BLOB_UPLOAD_UNKNOWN');
    await expectSize(session, 50, home);
    expectStatus(await session.put(blob.digest, chunk, { range: '50-99', to: home }), 201);
  },
});

/** Declares `declared` bytes, sends only `sent` and vanishes, as a client whose network broke. */
async function breakOff(registry: Registry, session: UploadSession, declared: number, sent: Buffer): Promise<void> {
  const { pathname, search, host } = new URL(session.location);
  const connection = await registry.connect();
  await connection.write(
    `PATCH ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/octet-stream\r\nContent-Length: ${declared}\r\n\r\n`,
  );
  await connection.write(sent);
  connection.destroy();
}

const brokenOff = check({
  id: 'BAD-BODY',
  name: 'a PATCH that stops half-way leaves a session that tells its true size and can be finished from there',
  clause: chunks,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(400_000);
    const session = await repository.startUpload();
    expectStatus(await session.patch(blob.bytes.subarray(0, 100_000), { range: '0-99999' }), 202);
    await breakOff(registry, session, 300_000, blob.bytes.subarray(100_000, 250_000));
    const size = await settledSize(session);
    expectTrue(size >= 100_000 && size <= 250_000, `the session says it has ${size} bytes`);
    const rest = blob.bytes.subarray(size);
    expectStatus(await session.patch(rest, { range: `${size}-${blob.bytes.length - 1}` }), 202);
    expectStatus(await session.put(blob.digest), 201);
    expectBody(await repository.getBlob(blob.digest), blob.bytes);
  },
});

/** The size once two looks agree: the server may still be writing what it received before the connection broke. */
async function settledSize(session: UploadSession): Promise<number> {
  let before = -1;
  for (let looks = 0; looks < 50; looks += 1) {
    const answer = await session.status();
    expectStatus(answer, 204);
    const size = Number(/^0-(\d+)$/.exec(expectHeader(answer, 'Range'))?.[1]) + 1;
    if (size === before) return size;
    before = size;
    await sleep(100);
  }
  return before;
}

const brokenOffPut = check({
  id: 'BAD-BODY',
  name: 'a closing PUT that stops half-way stores no blob',
  clause: chunks,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(200_000);
    const session = await repository.startUpload();
    const { pathname, search, host } = new URL(session.location);
    const connection = await registry.connect();
    const target = `${pathname}${search}${search === '' ? '?' : '&'}digest=${blob.digest}`;
    await connection.write(`PUT ${target} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 200000\r\n\r\n`);
    await connection.write(blob.bytes.subarray(0, 120_000));
    connection.destroy();
    await sleep(200);
    expectStatus(await repository.headBlob(blob.digest), 404);
    await repository.pushBlob(blob);
    expectBody(await repository.getBlob(blob.digest), blob.bytes);
  },
});

const concurrentChunks = check({
  id: 'BLOB-11',
  name: 'the same chunk sent eight times at once is taken once at most; nothing interleaves; the session tells its size',
  clause: `${chunks}; a newcomer may cut off the request before it, whose client may be dead`,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(200_000);
    const session = await repository.startUpload();
    const chunk = blob.bytes.subarray(0, 100_000);
    const to = session.location;
    const answers = await Promise.all(Array.from({ length: 8 }, () => session.patch(chunk, { range: '0-99999', to })));
    for (const answer of answers) expectStatus(answer, 202, 416, 409, 400);
    const taken = answers.filter((answer) => answer.status === 202);
    expectTrue(taken.length <= 1, `${taken.length} of 8 equal chunks were taken`, taken[1]);
    const size = await settledSize(session);
    expectTrue(taken.length === 0 ? size <= 100_000 : size === 100_000, `the session says ${size} bytes`);
    const rest = blob.bytes.subarray(size);
    expectStatus(await session.put(blob.digest, rest, { range: `${size}-199999` }), 201);
    expectBody(await repository.getBlob(blob.digest), blob.bytes);
  },
});

export const uploadSessions: Section = {
  title: 'Upload sessions',
  checks: [
    status,
    emptyRange,
    headStatus,
    unknownQuery,
    cancel,
    cancelTwice,
    expiry,
    unknown,
    escaping,
    ofAnother,
    brokenOff,
    brokenOffPut,
    concurrentChunks,
  ],
};
