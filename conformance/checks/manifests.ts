// Pushing manifests (distribution-spec, Pushing Manifests).
import { check, type Section } from '../check/check.ts';
import { expectBody, expectEqual, expectError, expectHeader, expectStatus } from '../check/expect.ts';
import { absentDigest, blobOf, imageOf, indexOf, type Manifest, mediaTypes } from '../registry/content.ts';
import { atLocation } from './blob-upload.ts';

const pushing = 'distribution-spec: Pushing Manifests';

const exactBytes = check({
  id: 'MAN-1',
  name: 'odd but legal JSON (spaces, order, escapes, trailing line ends) is stored byte for byte',
  clause: pushing,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image);
    const json = image.manifest.bytes.toString('utf8');
    const forms = [
      json.trimEnd(),
      `${json}\n\n  \t\r\n`,
      `\n ${json}`,
      JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(json)).reverse())),
      json.replace('"schemaVersion": 2', '"schemaVersion" :2 , "x":"\\u00e4\\/ä\\ud83d\\ude00"'),
    ];
    for (const [at, form] of forms.entries()) {
      const manifest = { ...blobOf(form), mediaType: mediaTypes.imageManifest };
      await repository.pushManifest(`form-${at}`, manifest);
      await repository.pushManifest(manifest.digest, manifest);
      expectBody(await repository.getManifest(`form-${at}`), manifest.bytes);
      expectBody(await repository.getManifest(manifest.digest), manifest.bytes);
    }
  },
});

const location = check({
  id: 'MAN-2',
  name: 'PUT is 201 with a Location that gives the manifest, by tag and by digest, image and index',
  clause: pushing,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image);
    for (const manifest of [image.manifest, indexOf([image.manifest])]) {
      for (const reference of ['v1', manifest.digest]) {
        const found = await atLocation(registry, await repository.pushManifest(reference, manifest));
        expectStatus(found, 200);
        expectBody(found, manifest.bytes);
        expectHeader(found, 'Content-Type', manifest.mediaType);
        expectHeader(found, 'Content-Length', String(manifest.bytes.length));
      }
    }
  },
});

const digestHeader = check({
  id: 'MAN-3',
  name: 'Docker-Content-Digest on PUT is the digest of the manifest, by tag and by digest',
  clause: `${pushing}; containerd verifies it`,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    expectHeader(await repository.pushImage(image, 'v1'), 'Docker-Content-Digest', image.manifest.digest);
    expectHeader(await repository.pushImage(image), 'Docker-Content-Digest', image.manifest.digest);
  },
});

const sha512 = check({
  id: 'MAN-3',
  name: 'a manifest pushed by its sha512 digest is answered with it, and pulled by it',
  clause: `${pushing}; sha512 is not mandatory`,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf({ algorithm: 'sha512' });
    expectHeader(await repository.pushImage(image), 'Docker-Content-Digest', image.manifest.digest);
    expectBody(await repository.getManifest(image.manifest.digest), image.manifest.bytes);
  },
});

const mismatch = check({
  id: 'MAN-4',
  name: 'PUT by a digest that is not the body’s is 400 DIGEST_INVALID, and neither digest is there',
  clause: pushing,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    for (const blob of [image.config, ...image.layers]) await repository.pushBlob(blob);
    const altered = Buffer.concat([image.manifest.bytes, Buffer.from(' ')]);
    for (const claimed of [image.manifest.digest, absentDigest('sha512')]) {
      const answer = await repository.putManifest(claimed, { bytes: altered, mediaType: image.manifest.mediaType });
      expectError(answer, 400, 'DIGEST_INVALID');
    }
    expectStatus(await repository.headManifest(image.manifest.digest), 404);
    expectStatus(await repository.headManifest(blobOf(altered).digest), 404);
  },
});

const malformedDigest = check({
  id: 'MAN-5',
  name: 'PUT by sha256:baddigeststring is 400',
  clause: 'conformance suite (main): invalid-digest-format',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image);
    expectError(await repository.putManifest('sha256:baddigeststring', image.manifest), 400, 'DIGEST_INVALID');
  },
});

const otherBadDigests = check({
  id: 'BAD-DIGEST',
  name: 'PUT of a manifest by any other malformed, upper-case or unsupported digest is 400 DIGEST_INVALID',
  clause: 'distribution-spec: Pulling manifests, <tag-or-digest>',
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image);
    for (const digest of ['sha256:', `sha256:${'A'.repeat(64)}`, `md5:${'a'.repeat(32)}`, ':', 'sha256:..']) {
      expectError(await repository.putManifest(digest, image.manifest), 400, 'DIGEST_INVALID');
    }
  },
});

const badTag = check({
  id: 'BAD-MANIFEST',
  name: 'PUT by what is no tag is 400 MANIFEST_INVALID',
  clause: 'distribution-spec: Pulling manifests, <tag-or-digest>',
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image);
    for (const tag of ['.hidden', '-v1', 'a'.repeat(129), 'a%20b', 'a+b', 'v1%00', 'a%C3%A4', 'a@b']) {
      expectError(await repository.putManifest(tag, image.manifest), 400, 'MANIFEST_INVALID');
    }
    expectEqual((await repository.listTags()).json(), { name: repository.name, tags: [] }, 'tags');
  },
});

const goodTag = check({
  id: 'MAN-2',
  name: 'every form a tag may have is accepted: 128 characters, leading _, digits, upper case, dots at the end',
  clause: 'distribution-spec: Pulling manifests, <tag-or-digest>',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image);
    const tags = ['a'.repeat(128), '_x', '0', 'V1.0-RC', 'v1.', 'a..b', 'a__b', '_', 'list', 'sha256-abc', 'latest'];
    for (const tag of tags) {
      await repository.pushManifest(tag, image.manifest);
      expectHeader(await repository.headManifest(tag), 'Docker-Content-Digest', image.manifest.digest);
    }
    expectEqual(
      (await repository.listTags()).json(),
      { name: repository.name, tags: tags.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))) },
      'tags',
    );
  },
});

const contentTypeParameters = check({
  id: 'MAN-6',
  name: 'parameters of the Content-Type are ignored, and not served',
  clause: pushing,
  level: 'SHOULD',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image);
    const type = `${mediaTypes.imageManifest}; charset=utf-8`;
    expectStatus(await repository.putManifest('v1', image.manifest, { type }), 201);
    expectHeader(await repository.getManifest('v1'), 'Content-Type', mediaTypes.imageManifest);
  },
});

const noContentType = check({
  id: 'MAN-6',
  name: 'without Content-Type the mediaType of the body counts, without both the shape',
  clause: `${pushing} (clients SHOULD set it)`,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf({ fields: { mediaType: undefined } });
    await repository.pushImage(image);
    const index = indexOf([image.manifest], { fields: { mediaType: undefined } });
    const typed = indexOf([image.manifest]);
    for (const [tag, manifest] of Object.entries({ image: image.manifest, index, typed })) {
      expectStatus(await repository.putManifest(tag, manifest, { type: null }), 201);
      expectHeader(await repository.getManifest(tag), 'Content-Type', manifest.mediaType);
    }
  },
});

const contradiction = check({
  id: 'MAN-6',
  name: 'a mediaType that contradicts the Content-Type is 400 MANIFEST_INVALID',
  clause: `${pushing} ("clients MUST set the Content-Type header to the value")`,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image);
    const index = indexOf([image.manifest]);
    for (const [manifest, type] of [
      [image.manifest, mediaTypes.imageIndex],
      [image.manifest, mediaTypes.dockerManifest],
      [index, mediaTypes.imageManifest],
    ] as const) {
      expectError(await repository.putManifest('v1', manifest, { type }), 400, 'MANIFEST_INVALID');
    }
    expectStatus(await repository.headManifest('v1'), 404);
  },
});

const withoutMediaType = check({
  id: 'MAN-6',
  name: 'a manifest without mediaType is accepted and served with the type of the request',
  clause: 'conformance suite v1.1.1: empty-layer manifest',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf({ fields: { mediaType: undefined } });
    await repository.pushImage(image, 'v1');
    expectHeader(await repository.getManifest('v1'), 'Content-Type', mediaTypes.imageManifest);
  },
});

const fourMegabytes = check({
  id: 'MAN-10',
  name: 'a manifest of exactly 4 MiB is accepted and comes back',
  clause: `${pushing} ("at least 4 megabytes")`,
  level: 'SHOULD',
  run: async (registry) => {
    const repository = registry.repository();
    const manifest = manifestOfSize(4 * 1024 * 1024);
    await repository.pushManifest('large', manifest);
    expectBody(await repository.getManifest('large'), manifest.bytes);
  },
});

const tooLarge = check({
  id: 'MAN-10',
  name: 'a manifest of 32 MiB is 413, with a length and without, and the answer is readable',
  clause: pushing,
  level: 'SHOULD',
  run: async (registry) => {
    const repository = registry.repository();
    const { bytes } = manifestOfSize(32 * 1024 * 1024);
    const headers = { 'Content-Type': mediaTypes.imageManifest };
    expectError(await repository.request('PUT', 'manifests/large', { headers, body: bytes }), 413, 'MANIFEST_INVALID');
    const stream = Array.from({ length: 32 }, (_, at) => bytes.subarray(at * 1_048_576, (at + 1) * 1_048_576));
    expectError(await repository.request('PUT', 'manifests/large', { headers, stream }), 413, 'MANIFEST_INVALID');
    expectStatus(await repository.headManifest('large'), 404);
  },
});

/** Padded by an annotation; refers to nothing that would have to exist. */
function manifestOfSize(bytes: number): Manifest {
  const of = (padding: number) => indexOf([], { fields: { annotations: { padding: 'x'.repeat(padding) } } });
  return of(bytes - of(0).bytes.length);
}

const movedTag = check({
  id: 'MAN-13',
  name: 'PUT by tag moves the tag; the old manifest stays by digest',
  clause: pushing,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const [one, two] = [imageOf(), imageOf()];
    await repository.pushImage(one, 'latest');
    await repository.pushImage(two, 'latest');
    expectBody(await repository.getManifest('latest'), two.manifest.bytes);
    expectBody(await repository.getManifest(one.manifest.digest), one.manifest.bytes);
    expectEqual((await repository.listTags()).json(), { name: repository.name, tags: ['latest'] }, 'tags');
  },
});

export const manifests: Section = {
  title: 'Manifests',
  checks: [
    exactBytes,
    location,
    digestHeader,
    sha512,
    mismatch,
    malformedDigest,
    otherBadDigests,
    badTag,
    goodTag,
    contentTypeParameters,
    noContentType,
    contradiction,
    withoutMediaType,
    fourMegabytes,
    tooLarge,
    movedTag,
  ],
};
