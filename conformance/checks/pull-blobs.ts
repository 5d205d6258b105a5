// Pulling blobs, and asking for the existence of blobs and manifests (distribution-spec, Pull).
import { check, type Section } from '../check/check.ts';
import {
  expectBody,
  expectEmptyBody,
  expectError,
  expectHeader,
  expectNoHeader,
  expectStatus,
} from '../check/expect.ts';
import { absentDigest, blobOf, imageOf, randomBlob } from '../registry/content.ts';

const blobs = 'distribution-spec: Pulling blobs';
const existence = 'distribution-spec: Checking if content exists in the registry';

const exactBlob = check({
  id: 'PULL-7',
  name: 'blobs of 0 bytes, 1 byte, 64 KiB and 3 MiB come back byte for byte with Content-Length',
  clause: blobs,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    for (const size of [0, 1, 65_536, 3 * 1024 * 1024]) {
      const blob = randomBlob(size);
      await repository.pushBlob(blob);
      const answer = await repository.getBlob(blob.digest);
      expectStatus(answer, 200);
      expectBody(answer, blob.bytes);
      expectHeader(answer, 'Content-Length', String(size));
    }
  },
});

const notCompressed = check({
  id: 'PULL-7',
  name: 'Accept-Encoding: gzip does not change what comes',
  clause: 'conformance suite (main): exact Content-Length; its HTTP client asks for gzip by itself',
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf({ layers: [blobOf('a'.repeat(100_000))] });
    await repository.pushImage(image, 'v1');
    const headers = { 'Accept-Encoding': 'gzip, deflate, br, zstd' };
    const [layer = image.config] = image.layers;
    const answers = [await repository.getBlob(layer.digest, headers), await repository.getManifest('v1', headers)];
    for (const answer of answers) expectNoHeader(answer, 'Content-Encoding');
    for (const [at, bytes] of [layer.bytes, image.manifest.bytes].entries()) {
      const answer = answers[at];
      if (answer !== undefined) expectBody(answer, bytes);
    }
  },
});

const blobDigest = check({
  id: 'PULL-8',
  name: 'Docker-Content-Digest on the GET of a blob',
  clause: `${blobs} (MUST on main)`,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob();
    await repository.pushBlob(blob);
    expectHeader(await repository.getBlob(blob.digest), 'Docker-Content-Digest', blob.digest);
  },
});

const sha512BlobDigest = check({
  id: 'PULL-8',
  name: 'a blob pushed and asked for by sha512 is answered with that digest',
  clause: `${blobs}; sha512 is not mandatory`,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(512, 'sha512');
    await repository.pushBlob(blob);
    for (const answer of [await repository.getBlob(blob.digest), await repository.headBlob(blob.digest)]) {
      expectHeader(answer, 'Docker-Content-Digest', blob.digest);
    }
  },
});

const missingBlob = check({
  id: 'PULL-9',
  name: 'a blob that is nowhere, or only in another repository, is 404 BLOB_UNKNOWN',
  clause: blobs,
  level: 'MUST',
  run: async (registry) => {
    const [one, other] = [registry.repository(), registry.repository()];
    const blob = randomBlob();
    await one.pushBlob(blob);
    await other.pushBlob(randomBlob());
    for (const digest of [blob.digest, absentDigest(), absentDigest('sha512')]) {
      expectError(await other.getBlob(digest), 404, 'BLOB_UNKNOWN');
    }
  },
});

const head = check({
  id: 'PULL-11',
  name: 'HEAD is 200 without a body for what exists, 404 without a body for what does not',
  clause: existence,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image, 'v1');
    const found = [
      await repository.headManifest('v1'),
      await repository.headManifest(image.manifest.digest),
      await repository.headBlob(image.config.digest),
    ];
    const missing = [
      await repository.headManifest('v2'),
      await repository.headManifest(absentDigest()),
      await repository.headBlob(absentDigest()),
    ];
    for (const answer of found) expectStatus(answer, 200);
    for (const answer of missing) expectStatus(answer, 404);
    for (const answer of [...found, ...missing]) expectEmptyBody(answer);
  },
});

const headDigest = check({
  id: 'PULL-12',
  name: 'HEAD of blobs and manifests carries Docker-Content-Digest',
  clause: `${existence} (MUST on main)`,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image, 'v1');
    expectHeader(await repository.headManifest('v1'), 'Docker-Content-Digest', image.manifest.digest);
    expectHeader(await repository.headManifest(image.manifest.digest), 'Docker-Content-Digest', image.manifest.digest);
    expectHeader(await repository.headBlob(image.config.digest), 'Docker-Content-Digest', image.config.digest);
  },
});

const headLength = check({
  id: 'PULL-13',
  name: 'HEAD of blobs and manifests carries the size in Content-Length, for the empty blob too',
  clause: `${existence} (MUST on main)`,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image, 'v1');
    expectHeader(await repository.headManifest('v1'), 'Content-Length', String(image.manifest.bytes.length));
    for (const blob of [image.config, blobOf(''), randomBlob(2_000_000)]) {
      await repository.pushBlob(blob);
      expectHeader(await repository.headBlob(blob.digest), 'Content-Length', String(blob.bytes.length));
    }
  },
});

export const pullBlobs: Section = {
  title: 'Pull: blobs',
  checks: [exactBlob, notCompressed, blobDigest, sha512BlobDigest, missingBlob, head, headDigest, headLength],
};
