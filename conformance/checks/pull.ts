// Pulling manifests and blobs, and asking for their existence (distribution-spec, Pull).
import { check, type Section } from '../check/check.ts';
import {
  expectBody,
  expectEmptyBody,
  expectError,
  expectHeader,
  expectNoHeader,
  expectStatus,
} from '../check/expect.ts';
import { absentDigest, blobOf, imageOf, indexOf, mediaTypes, randomBlob } from '../registry/content.ts';

const manifests = 'distribution-spec: Pulling manifests';
const blobs = 'distribution-spec: Pulling blobs';
const existence = 'distribution-spec: Checking if content exists in the registry';

const exactManifest = check({
  id: 'PULL-1',
  name: 'a manifest comes back byte for byte, by tag and by digest',
  clause: manifests,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image, 'v1');
    for (const reference of ['v1', image.manifest.digest]) {
      const answer = await repository.getManifest(reference);
      expectStatus(answer, 200);
      expectBody(answer, image.manifest.bytes);
      expectHeader(answer, 'Content-Length', String(image.manifest.bytes.length));
    }
  },
});

const contentType = check({
  id: 'PULL-2',
  name: 'Content-Type is exactly the type that was pushed',
  clause: manifests,
  level: 'SHOULD',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image, 'image');
    await repository.pushManifest('index', indexOf([image.manifest]));
    for (const answer of [await repository.getManifest('image'), await repository.headManifest('image')]) {
      expectHeader(answer, 'Content-Type', mediaTypes.imageManifest);
    }
    for (const answer of [await repository.getManifest('index'), await repository.headManifest('index')]) {
      expectHeader(answer, 'Content-Type', mediaTypes.imageIndex);
    }
  },
});

const manifestDigest = check({
  id: 'PULL-3',
  name: 'Docker-Content-Digest on the GET of a manifest, by tag and by digest',
  clause: `${manifests} (MUST on main)`,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const { manifest, ...rest } = imageOf();
    await repository.pushImage({ manifest, ...rest }, 'v1');
    for (const reference of ['v1', manifest.digest]) {
      expectHeader(await repository.getManifest(reference), 'Docker-Content-Digest', manifest.digest);
    }
  },
});

const sameDigest = check({
  id: 'PULL-4',
  name: 'the same bytes under sha256 and sha512 are answered with the digest that was asked for',
  clause: manifests,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image);
    const sha512 = { ...image.manifest, digest: blobOf(image.manifest.bytes, 'sha512').digest };
    await repository.pushManifest(sha512.digest, sha512);
    for (const { digest } of [image.manifest, sha512]) {
      expectHeader(await repository.getManifest(digest), 'Docker-Content-Digest', digest);
      expectHeader(await repository.headManifest(digest), 'Docker-Content-Digest', digest);
    }
  },
});

const missingManifest = check({
  id: 'PULL-5',
  name: 'a missing tag or digest is 404 MANIFEST_UNKNOWN',
  clause: manifests,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    await repository.pushImage(imageOf(), 'v1');
    for (const reference of ['v2', absentDigest(), absentDigest('sha512')]) {
      expectError(await repository.getManifest(reference), 404, 'MANIFEST_UNKNOWN');
    }
  },
});

const manifestOfAnother = check({
  id: 'PULL-5',
  name: 'a manifest that only another repository has is 404',
  clause: manifests,
  level: 'MUST',
  run: async (registry) => {
    const [one, other] = [registry.repository(), registry.repository()];
    const image = imageOf();
    await one.pushImage(image, 'v1');
    await other.pushImage(imageOf(), 'v2');
    expectError(await other.getManifest(image.manifest.digest), 404, 'MANIFEST_UNKNOWN');
    expectError(await other.getManifest('v1'), 404, 'MANIFEST_UNKNOWN');
  },
});

const layerIsNoManifest = check({
  id: 'PULL-5',
  name: 'the digest of a layer is not a manifest: 404',
  clause: manifests,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image, 'v1');
    expectError(await repository.getManifest(image.config.digest), 404, 'MANIFEST_UNKNOWN');
    for (const layer of image.layers) expectError(await repository.getManifest(layer.digest), 404, 'MANIFEST_UNKNOWN');
  },
});

const noTag = check({
  id: 'PULL-5',
  name: 'what is no valid tag names nothing: 404 MANIFEST_UNKNOWN',
  clause: 'conformance suite v1.1.1: GET nonexistent manifest',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    await repository.pushImage(imageOf(), 'v1');
    for (const reference of ['.INVALID_MANIFEST_NAME', '-a', 'a'.repeat(129), 'a%20b', 'a+b']) {
      expectError(await repository.getManifest(reference), 404, 'MANIFEST_UNKNOWN');
      expectStatus(await repository.headManifest(reference), 404);
    }
  },
});

const unknownRepository = check({
  id: 'PULL-6',
  name: 'pulls from a repository that does not exist are 404',
  clause: 'distribution-spec: Pushing Manifests ("an attempt to pull a nonexistent repository")',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    expectError(await repository.getManifest('v1'), 404, 'NAME_UNKNOWN', 'MANIFEST_UNKNOWN');
    expectError(await repository.getManifest(absentDigest()), 404, 'NAME_UNKNOWN', 'MANIFEST_UNKNOWN');
    expectError(await repository.getBlob(absentDigest()), 404, 'NAME_UNKNOWN', 'BLOB_UNKNOWN');
    expectStatus(await repository.headBlob(absentDigest()), 404);
    expectStatus(await repository.headManifest('v1'), 404);
  },
});

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
  name: 'Docker-Content-Digest on the GET of a blob, sha256 and sha512',
  clause: `${blobs} (MUST on main)`,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    for (const blob of [randomBlob(512, 'sha256'), randomBlob(512, 'sha512')]) {
      await repository.pushBlob(blob);
      expectHeader(await repository.getBlob(blob.digest), 'Docker-Content-Digest', blob.digest);
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

const acceptLines = check({
  id: 'PULL-14',
  name: 'Accept as several header lines, as a list and as */* all get the stored manifest',
  clause: 'distribution-spec: Pulling manifests, Accept',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image, 'v1');
    const ways = [
      [mediaTypes.imageIndex, mediaTypes.imageManifest],
      `${mediaTypes.imageIndex}, ${mediaTypes.imageManifest};q=0.5`,
      '*/*',
    ];
    for (const Accept of ways) {
      const answer = await repository.getManifest('v1', { Accept });
      expectStatus(answer, 200);
      expectHeader(answer, 'Content-Type', mediaTypes.imageManifest);
      expectBody(answer, image.manifest.bytes);
    }
  },
});

const acceptExcludes = check({
  id: 'CHOSEN-8',
  name: 'an Accept without the stored type gets the stored type: no 406, no conversion',
  clause: 'distribution-spec: Pulling manifests, Accept',
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image, 'v1');
    await repository.pushManifest('index', indexOf([image.manifest]));
    for (const Accept of [mediaTypes.dockerManifest, 'application/json', 'text/html', 'nonsense']) {
      expectHeader(await repository.getManifest('v1', { Accept }), 'Content-Type', mediaTypes.imageManifest);
      expectHeader(await repository.getManifest('index', { Accept }), 'Content-Type', mediaTypes.imageIndex);
      expectStatus(await repository.headManifest('v1', { Accept }), 200);
    }
  },
});

export const pull: Section = {
  title: 'Pull',
  checks: [
    exactManifest,
    contentType,
    manifestDigest,
    sameDigest,
    missingManifest,
    manifestOfAnother,
    layerIsNoManifest,
    noTag,
    unknownRepository,
    exactBlob,
    notCompressed,
    blobDigest,
    missingBlob,
    head,
    headDigest,
    headLength,
    acceptLines,
    acceptExcludes,
  ],
};
