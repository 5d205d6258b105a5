// Pulling manifests (distribution-spec, Pull).
import { check, type Section } from '../check/check.ts';
import { expectBody, expectError, expectHeader, expectStatus } from '../check/expect.ts';
import { absentDigest, blobOf, imageOf, indexOf, mediaTypes } from '../registry/content.ts';

const manifests = 'distribution-spec: Pulling manifests';

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

const acceptLines = check({
  id: 'PULL-14',
  name: 'Accept as several header lines and as a list get the stored manifest',
  clause: 'distribution-spec: Pulling manifests, Accept',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image, 'v1');
    const ways = [
      [mediaTypes.imageIndex, mediaTypes.imageManifest],
      `${mediaTypes.imageIndex}, ${mediaTypes.imageManifest}`,
    ];
    for (const Accept of ways) {
      const answer = await repository.getManifest('v1', { Accept });
      expectStatus(answer, 200);
      expectHeader(answer, 'Content-Type', mediaTypes.imageManifest);
      expectBody(answer, image.manifest.bytes);
    }
  },
});

const noAccept = check({
  id: 'PULL-14',
  name: 'without Accept, with */* and with weights the stored manifest comes',
  clause: 'RFC 9110, section 12.5.1: no Accept means any type',
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image, 'v1');
    const weighted = `${mediaTypes.imageIndex};q=0.9, ${mediaTypes.imageManifest};q=0.5`;
    for (const headers of [{}, { Accept: '*/*' }, { Accept: weighted }]) {
      const answer = await registry.request('GET', repository.path('manifests/v1'), { headers });
      expectStatus(answer, 200);
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
  title: 'Pull: manifests',
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
    acceptLines,
    noAccept,
    acceptExcludes,
  ],
};
