// Pushing a blob in chunks (distribution-spec, Pushing a blob in chunks): order, ranges, what an old Location says.
import { check, type Section } from '../check/check.ts';
import { expectBody, expectError, expectHeader, expectStatus, expectTrue } from '../check/expect.ts';
import { randomBlob } from '../registry/content.ts';
import type { UploadSession } from '../registry/upload-session.ts';

const chunks = 'distribution-spec: Pushing a blob in chunks';

/** The size of a session by its own word; an empty one says 0-0 or nothing useful. */
export async function expectSize(session: UploadSession, bytes: number, at?: string): Promise<void> {
  const answer = await session.status(at);
  expectStatus(answer, 204);
  expectHeader(answer, 'Location');
  if (bytes > 0) expectHeader(answer, 'Range', `0-${bytes - 1}`);
}

const minimum = check({
  id: 'BLOB-7',
  name: 'POST with Content-Length: 0 opens a session; OCI-Chunk-Min-Length, if any, is a number',
  clause: chunks,
  level: 'MUST',
  run: async (registry) => {
    const answer = await registry.repository().postUpload('', { headers: { 'Content-Length': '0' } });
    expectStatus(answer, 202);
    const length = answer.header('OCI-Chunk-Min-Length');
    expectTrue(length === undefined || /^[1-9][0-9]*$/.test(length), `OCI-Chunk-Min-Length: ${length}`, answer);
  },
});

const smallChunks = check({
  id: 'BLOB-13',
  name: 'chunks of one byte are taken when no minimum is advertised',
  clause: chunks,
  level: 'MAY',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(5);
    const session = await repository.startUpload();
    for (let at = 0; at < 5; at += 1) {
      expectStatus(await session.patch(blob.bytes.subarray(at, at + 1), { range: `${at}-${at}` }), 202);
    }
    expectStatus(await session.put(blob.digest), 201);
    expectBody(await repository.getBlob(blob.digest), blob.bytes);
  },
});

const rangeOfAll = check({
  id: 'BLOB-9',
  name: 'each PATCH answers 202 with Location and Range 0-<last byte of the whole blob so far>',
  clause: `${chunks} (main: of the whole blob)`,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(3000);
    const session = await repository.startUpload();
    for (const end of [999, 1999, 2999]) {
      const answer = await session.patch(blob.bytes.subarray(end - 999, end + 1), { range: `${end - 999}-${end}` });
      expectStatus(answer, 202);
      expectHeader(answer, 'Location');
      expectHeader(answer, 'Range', `0-${end}`);
    }
    expectStatus(await session.put(blob.digest), 201);
    expectBody(await repository.getBlob(blob.digest), blob.bytes);
  },
});

const badRanges = ['bytes 0-9', 'bytes=0-9', '0-9/10', '9-0', '-9', '0-', 'abc', '0-9,10-19', '0x0-9', '0--9', '+0-9'];

const rangeGrammar = check({
  id: 'BLOB-10',
  name: 'a Content-Range that is not <start>-<end> is refused (416 or 400) and appends nothing',
  clause: `${chunks}, ^[0-9]+-[0-9]+$`,
  level: 'CHOSEN',
  run: async (registry) => {
    const session = await registry.repository().startUpload();
    expectStatus(await session.patch(Buffer.from('0123'), { range: '0-3' }), 202);
    for (const range of badRanges) {
      expectError(await session.patch(Buffer.from('0123456789'), { range }), [416, 400]);
      await expectSize(session, 4);
    }
  },
});

const outOfOrder = check({
  id: 'BLOB-11',
  name: 'a chunk that skips ahead, overlaps or rewinds is 416; the session keeps its size and goes on',
  clause: chunks,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(3000);
    const session = await repository.startUpload();
    const chunk = (start: number, end: number) =>
      session.patch(blob.bytes.subarray(start, end + 1), { range: `${start}-${end}` });
    expectStatus(await chunk(1000, 1999), 416);
    expectStatus(await chunk(0, 999), 202);
    for (const [start, end] of [
      [2000, 2999],
      [0, 999],
      [500, 1499],
      [999, 1999],
      [1001, 2000],
    ] as const) {
      expectStatus(await chunk(start, end), 416);
      await expectSize(session, 1000);
    }
    expectStatus(await chunk(1000, 1999), 202);
    expectStatus(await chunk(2000, 2999), 202);
    expectStatus(await session.put(blob.digest), 201);
    expectBody(await repository.getBlob(blob.digest), blob.bytes);
  },
});

const code = check({
  id: 'CHOSEN-3',
  name: 'a 416 carries BLOB_UPLOAD_INVALID, and Location and Range to go on from',
  clause: 'distribution-spec: Error Codes has none for ranges',
  level: 'CHOSEN',
  run: async (registry) => {
    const session = await registry.repository().startUpload();
    expectStatus(await session.patch(Buffer.from('01234'), { range: '0-4' }), 202);
    const answer = await session.patch(Buffer.from('56789'), { range: '6-10' });
    expectError(answer, 416, 'BLOB_UPLOAD_INVALID');
    expectHeader(answer, 'Location');
    expectHeader(answer, 'Range', '0-4');
    const closing = await session.put(randomBlob().digest, Buffer.from('56789'), { range: '6-10' });
    expectError(closing, 416, 'BLOB_UPLOAD_INVALID');
  },
});

const lying = check({
  id: 'BAD-CHUNK',
  name: 'a chunk shorter or longer than its Content-Range is 416 (or 400) and appends nothing',
  clause: chunks,
  level: 'SHOULD',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(10);
    const session = await repository.startUpload();
    const refused = [416, 400] as const;
    expectError(await session.patch(blob.bytes, { range: '0-10' }), refused, 'SIZE_INVALID', 'BLOB_UPLOAD_INVALID');
    expectError(await session.patch(blob.bytes, { range: '0-8' }), refused, 'SIZE_INVALID', 'BLOB_UPLOAD_INVALID');
    expectError(await session.put(blob.digest, blob.bytes, { range: '0-8' }), refused);
    expectStatus(await session.patch(blob.bytes, { range: '0-9' }), 202);
    await expectSize(session, 10);
    expectStatus(await session.put(blob.digest), 201);
  },
});

const huge = check({
  id: 'BAD-CHUNK',
  name: 'positions beyond what a number holds are refused (416 or 400), not wrapped',
  clause: chunks,
  level: 'SHOULD',
  run: async (registry) => {
    const session = await registry.repository().startUpload();
    const ranges = ['18446744073709551616-18446744073709551625', '0-18446744073709551625', `0-${'9'.repeat(400)}`];
    for (const range of ranges) expectError(await session.patch(Buffer.alloc(10), { range }), [416, 400]);
    expectStatus(await session.patch(Buffer.alloc(10), { range: '0-9' }), 202);
    await expectSize(session, 10);
  },
});

const streamed = check({
  id: 'BLOB-12',
  name: 'PATCH without Content-Range appends, with a length or chunked, also several times',
  clause: `${chunks}; docker, containerd and skopeo push this way`,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(300_000);
    const session = await repository.startUpload();
    const answer = await session.stream([blob.bytes.subarray(0, 70_000), blob.bytes.subarray(70_000, 100_000)]);
    expectStatus(answer, 202);
    expectHeader(answer, 'Range', '0-99999');
    expectHeader(await session.patch(blob.bytes.subarray(100_000, 200_000)), 'Range', '0-199999');
    expectHeader(await session.stream([blob.bytes.subarray(200_000)]), 'Range', '0-299999');
    expectStatus(await session.put(blob.digest), 201);
    expectBody(await repository.getBlob(blob.digest), blob.bytes);
  },
});

const emptyPatch = check({
  id: 'BLOB-12',
  name: 'a PATCH without content changes nothing',
  clause: chunks,
  level: 'CHOSEN',
  run: async (registry) => {
    const session = await registry.repository().startUpload();
    expectStatus(await session.patch(Buffer.alloc(0)), 202);
    expectStatus(await session.patch(Buffer.from('abc')), 202);
    expectHeader(await session.patch(Buffer.alloc(0)), 'Range', '0-2');
  },
});

const lastInPut = check({
  id: 'BLOB-14',
  name: 'the last chunk comes in the PUT with Content-Range, without it, or in a PATCH before an empty PUT',
  clause: chunks,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    for (const way of ['ranged', 'plain', 'patched'] as const) {
      const blob = randomBlob(2000);
      const [head, tail] = [blob.bytes.subarray(0, 1200), blob.bytes.subarray(1200)];
      const session = await repository.startUpload();
      expectStatus(await session.patch(head, { range: '0-1199' }), 202);
      if (way === 'patched') expectStatus(await session.patch(tail, { range: '1200-1999' }), 202);
      const range = way === 'ranged' ? { range: '1200-1999' } : {};
      expectStatus(await session.put(blob.digest, way === 'patched' ? undefined : tail, range), 201);
      expectBody(await repository.getBlob(blob.digest), blob.bytes);
    }
  },
});

const wholeDigest = check({
  id: 'BLOB-14',
  name: 'the digest of the last chunk instead of the whole blob is 400',
  clause: `${chunks} ("of the whole blob (not the final chunk)")`,
  level: 'SHOULD',
  run: async (registry) => {
    const session = await registry.repository().startUpload();
    const [head, tail] = [randomBlob(100), randomBlob(100)];
    expectStatus(await session.patch(head.bytes, { range: '0-99' }), 202);
    expectError(await session.put(tail.digest, tail.bytes, { range: '100-199' }), 400, 'DIGEST_INVALID');
  },
});

const closing = check({
  id: 'BLOB-15',
  name: 'the closing PUT is 201 with the Location of the blob',
  clause: chunks,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob();
    const session = await repository.startUpload();
    expectStatus(await session.patch(blob.bytes, { range: '0-511' }), 202);
    const answer = await session.put(blob.digest);
    expectStatus(answer, 201);
    const location = new URL(expectHeader(answer, 'Location'), registry.baseUrl);
    expectBody(await registry.request('GET', location.href), blob.bytes);
  },
});

const putOutOfOrder = check({
  id: 'BLOB-16',
  name: 'a closing PUT out of order is 416; GET on that very URL is 204; the session can be finished',
  clause: `${chunks} (main)`,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(2000);
    const session = await repository.startUpload();
    expectStatus(await session.patch(blob.bytes.subarray(0, 1000), { range: '0-999' }), 202);
    for (const [start, end] of [
      [1500, 1999],
      [0, 999],
      [999, 1999],
    ] as const) {
      const wrong = await session.put(blob.digest, blob.bytes.subarray(start, end + 1), { range: `${start}-${end}` });
      expectStatus(wrong, 416);
      await expectSize(session, 1000, wrong.request.target);
    }
    expectStatus(await session.put(blob.digest, blob.bytes.subarray(1000), { range: '1000-1999' }), 201);
    expectBody(await repository.getBlob(blob.digest), blob.bytes);
  },
});

const staleLocation = check({
  id: 'BLOB-18',
  name: 'on the first Location, after a chunk: the old chunk is 416, GET is 204 with the true Range',
  clause: `${chunks}; conformance suite v1.1.1: stale blob upload`,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(300);
    const session = await repository.startUpload();
    for (const start of [0, 100, 200]) {
      const chunk = blob.bytes.subarray(start, start + 100);
      expectStatus(await session.patch(chunk, { range: `${start}-${start + 99}` }), 202);
      const again = await session.patch(chunk, { range: `${start}-${start + 99}`, to: session.first });
      expectStatus(again, 416);
      await expectSize(session, start + 100, session.first);
    }
    expectStatus(await session.put(blob.digest), 201);
    expectBody(await repository.getBlob(blob.digest), blob.bytes);
  },
});

const firstLocation = check({
  id: 'BLOB-18',
  name: 'the first Location takes every chunk and the close as well',
  clause: `${chunks} (clients SHOULD use the newest)`,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(200);
    const session = await repository.startUpload();
    const to = session.first;
    expectStatus(await session.patch(blob.bytes.subarray(0, 100), { range: '0-99', to }), 202);
    expectStatus(await session.patch(blob.bytes.subarray(100), { range: '100-199', to }), 202);
    expectStatus(await session.put(blob.digest, undefined, { to }), 201);
    expectBody(await repository.getBlob(blob.digest), blob.bytes);
  },
});

export const blobChunks: Section = {
  title: 'Chunked uploads',
  checks: [
    minimum,
    smallChunks,
    rangeOfAll,
    rangeGrammar,
    outOfOrder,
    code,
    lying,
    huge,
    streamed,
    emptyPatch,
    lastInPut,
    wholeDigest,
    closing,
    putOutOfOrder,
    staleLocation,
    firstLocation,
  ],
};
