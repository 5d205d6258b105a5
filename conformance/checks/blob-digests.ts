// The digest of a pushed blob: wrong, malformed, of another algorithm, announced or not (distribution-spec, Pushing blobs).
import { check, type Section } from '../check/check.ts';
import { expectBody, expectError, expectStatus } from '../check/expect.ts';
import { absentDigest, randomBlob } from '../registry/content.ts';
import { octetStream } from '../registry/upload-session.ts';

const badDigests = [
  'sha256:tooshort',
  'sha256:',
  'sha256',
  `sha256:${'A'.repeat(64)}`,
  `sha256:${'g'.repeat(64)}`,
  `sha256:${'a'.repeat(65)}`,
  `SHA256:${'a'.repeat(64)}`,
  `sha512:${'a'.repeat(64)}`,
  `md5:${'a'.repeat(32)}`,
  `blake3:${'a'.repeat(64)}`,
  ':',
  '..',
  '%2e%2e%2f%2e%2e%2fetc',
  '',
];

const mismatch = check({
  id: 'BLOB-6',
  name: 'a body that is not what the digest says is 400 DIGEST_INVALID, and nothing is stored under either digest',
  clause: 'distribution-spec: Pushing blobs (main: 400)',
  level: 'SHOULD',
  run: async (registry) => {
    const repository = registry.repository();
    for (const algorithm of ['sha256', 'sha512'] as const) {
      const sent = randomBlob(512, algorithm);
      const claimed = absentDigest(algorithm);
      const session = await repository.startUpload();
      expectError(await session.put(claimed, sent.bytes), 400, 'DIGEST_INVALID');
      const single = await repository.postUpload(`?digest=${claimed}`, { headers: octetStream, body: sent.bytes });
      if (single.status !== 202) expectError(single, 400, 'DIGEST_INVALID');
      for (const digest of [claimed, sent.digest]) expectStatus(await repository.headBlob(digest), 404);
    }
  },
});

const malformedDigest = check({
  id: 'BAD-DIGEST',
  name: 'a malformed, unsupported or upper-case digest on a push is 400 DIGEST_INVALID',
  clause: 'distribution-spec: Pushing blobs (main: 400)',
  level: 'SHOULD',
  run: async (registry) => {
    const repository = registry.repository();
    const { bytes } = randomBlob();
    for (const digest of badDigests) {
      const session = await repository.startUpload();
      expectError(await session.put(digest, bytes), 400, 'DIGEST_INVALID');
      const single = await repository.postUpload(`?digest=${digest}`, { headers: octetStream, body: bytes });
      if (single.status !== 202) expectError(single, 400, 'DIGEST_INVALID');
    }
  },
});

const malformedDigestOnPull = check({
  id: 'BAD-DIGEST',
  name: 'a malformed digest on pulls and deletes is 400 DIGEST_INVALID or 404, and HEAD agrees with GET',
  clause: 'distribution-spec: Pulling blobs',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    await repository.pushBlob(randomBlob());
    for (const digest of badDigests.filter((each) => !/^$|\.\.|%2e/.test(each))) {
      const get = await repository.getBlob(digest);
      expectError(get, [400, 404]);
      expectStatus(await repository.headBlob(digest), get.status);
      expectError(await repository.deleteBlob(digest), [400, 404]);
      expectError(await repository.getManifest(digest), [400, 404]);
    }
  },
});

const missingDigest = check({
  id: 'BLOB-15',
  name: 'PUT without digest is 400 DIGEST_INVALID, and the session can still be closed',
  clause: 'distribution-spec: Pushing a blob in chunks, closing PUT',
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob();
    const session = await repository.startUpload();
    expectStatus(await session.patch(blob.bytes), 202);
    expectError(await session.putTo(session.location), 400, 'DIGEST_INVALID');
    expectStatus(await session.put(blob.digest), 201);
    expectBody(await repository.getBlob(blob.digest), blob.bytes);
  },
});

const announcedAlgorithm = check({
  id: 'BLOB-8',
  name: 'digest-algorithm=sha512 and sha256 start sessions that close with such a digest',
  clause: 'distribution-spec (main): Pushing a blob in chunks, digest-algorithm',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    for (const algorithm of ['sha512', 'sha256'] as const) {
      const blob = randomBlob(4000, algorithm);
      const session = await repository.startUpload(`?digest-algorithm=${algorithm}`);
      expectStatus(await session.patch(blob.bytes.subarray(0, 2000), { range: '0-1999' }), 202);
      expectStatus(await session.put(blob.digest, blob.bytes.subarray(2000), { range: '2000-3999' }), 201);
      expectBody(await repository.getBlob(blob.digest), blob.bytes);
    }
  },
});

const unannouncedAlgorithm = check({
  id: 'BLOB-8',
  name: 'sha512 that is only named at the close works for whole, chunked and streamed pushes',
  clause: 'conformance suite (main): sha512 blobs, none of which announces the algorithm',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(4000, 'sha512');
    const chunked = await repository.startUpload();
    expectStatus(await chunked.patch(blob.bytes.subarray(0, 2000), { range: '0-1999' }), 202);
    expectStatus(await chunked.patch(blob.bytes.subarray(2000), { range: '2000-3999' }), 202);
    expectStatus(await chunked.put(blob.digest), 201);
    const streamed = await registry.repository().startUpload();
    expectStatus(await streamed.stream([blob.bytes]), 202);
    expectStatus(await streamed.put(blob.digest), 201);
    expectBody(await repository.getBlob(blob.digest), blob.bytes);
  },
});

const unsupportedAlgorithm = check({
  id: 'CHOSEN-13',
  name: 'an unsupported digest-algorithm is 400 DIGEST_INVALID',
  clause: 'distribution-spec (main): Pushing blobs',
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    for (const algorithm of ['md5', 'blake3', 'SHA512', '..', '']) {
      const answer = await repository.postUpload(`?digest-algorithm=${algorithm}`);
      expectError(answer, 400, 'DIGEST_INVALID');
    }
  },
});

export const blobDigests: Section = {
  title: 'Digests of uploads',
  checks: [
    mismatch,
    malformedDigest,
    malformedDigestOnPull,
    missingDigest,
    announcedAlgorithm,
    unannouncedAlgorithm,
    unsupportedAlgorithm,
  ],
};
