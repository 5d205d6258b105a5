// Pushing manifests (distribution-spec, Pushing Manifests).
import { check, type Section } from '../check/check.ts';
import {
  expectBody,
  expectEqual,
  expectError,
  expectHeader,
  expectNoHeader,
  expectStatus,
  expectTrue,
} from '../check/expect.ts';
import { errorEntries } from '../client/error-envelope.ts';
import {
  absentDigest,
  artifactOf,
  blobOf,
  descriptorOf,
  descriptorOfManifest,
  imageOf,
  indexOf,
  type Manifest,
  manifestOf,
  mediaTypes,
  randomBlob,
  referrerOf,
} from '../registry/content.ts';
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
  name: 'Docker-Content-Digest on PUT is the digest of the manifest, by tag and by digest, sha512 too',
  clause: `${pushing}; containerd verifies it`,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const [image, sha512] = [imageOf(), imageOf({ algorithm: 'sha512' })];
    expectHeader(await repository.pushImage(image, 'v1'), 'Docker-Content-Digest', image.manifest.digest);
    expectHeader(await repository.pushImage(image), 'Docker-Content-Digest', image.manifest.digest);
    expectHeader(await repository.pushImage(sha512), 'Docker-Content-Digest', sha512.manifest.digest);
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
  name: 'PUT by a malformed or unsupported digest is 400',
  clause: 'conformance suite (main): invalid-digest-format',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image);
    const digests = ['sha256:baddigeststring', 'sha256:', `sha256:${'A'.repeat(64)}`, `md5:${'a'.repeat(32)}`, ':'];
    for (const digest of digests) {
      expectError(await repository.putManifest(digest, image.manifest), 400, 'DIGEST_INVALID');
    }
  },
});

const badTag = check({
  id: 'BAD-MANIFEST',
  name: 'PUT by what is no tag is 400 MANIFEST_INVALID',
  clause: 'distribution-spec: Pulling manifests, <tag-or-digest>',
  level: 'SHOULD',
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

const emptyLists = check({
  id: 'MAN-7',
  name: 'an image without layers and an index without manifests are accepted',
  clause: `${pushing} ("the list of blobs MAY be empty")`,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    await repository.pushImage(imageOf({ layers: [] }), 'image');
    await repository.pushManifest('index', indexOf([]));
    expectStatus(await repository.getManifest('image'), 200);
    expectStatus(await repository.getManifest('index'), 200);
  },
});

const missingSubject = check({
  id: 'MAN-8',
  name: 'an image and an index whose subject is nowhere are accepted',
  clause: pushing,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const subject = descriptorOfManifest(imageOf().manifest);
    await repository.pushImage(artifactOf('application/vnd.example.sig', { subject }), 'image');
    await repository.pushManifest('index', indexOf([], { fields: { subject } }));
  },
});

const sparse = check({
  id: 'MAN-9',
  name: 'missing layers and children: accepted, or MANIFEST_BLOB_UNKNOWN',
  clause: pushing,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushBlob(image.config);
    const answers = [
      await repository.putManifest('image', image.manifest),
      await repository.putManifest('index', indexOf([imageOf().manifest])),
    ];
    for (const answer of answers) {
      expectStatus(answer, 201, 400, 404);
      if (answer.status !== 201) expectError(answer, [400, 404], 'MANIFEST_BLOB_UNKNOWN');
    }
  },
});

const sparseAccepted = check({
  id: 'MAN-9',
  name: 'missing layers and children are accepted by default',
  clause: 'conformance suite (main): sparse',
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    expectStatus(await repository.putManifest('image', image.manifest), 201);
    expectStatus(await repository.putManifest('index', indexOf([image.manifest, imageOf().manifest])), 201);
    expectStatus(await repository.getManifest('image'), 200);
  },
});

const strict = check({
  id: 'CHOSEN-2',
  name: 'with manifests.requireReferences: 400, one MANIFEST_BLOB_UNKNOWN a missing descriptor, never for subject',
  clause: pushing,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.variant('strict-references').repository();
    const image = imageOf();
    const [present = image.config, absent = image.config] = image.layers;
    await repository.pushBlob(present);
    const refused = await repository.putManifest('v1', image.manifest);
    expectError(refused, 400, 'MANIFEST_BLOB_UNKNOWN');
    expectEqual(errorEntries(refused).length, 2, 'entries: the config and one layer', refused);
    for (const { digest } of [image.config, absent]) {
      expectTrue(refused.body.includes(digest), `the answer does not name ${digest}`, refused);
    }
    expectError(await repository.putManifest('index', indexOf([imageOf().manifest])), 400, 'MANIFEST_BLOB_UNKNOWN');
    expectStatus(await repository.headManifest('v1'), 404);
    await repository.pushImage(image, 'v1');
    await repository.pushImage(
      artifactOf('application/vnd.example.sig', { subject: descriptorOfManifest(imageOf().manifest) }),
    );
    const remote = descriptorOf(randomBlob(), mediaTypes.nonDistributableLayer, {
      urls: ['https://example.com/layer'],
    });
    const json = JSON.parse(image.manifest.bytes.toString('utf8'));
    await repository.pushManifest('remote', manifestOf({ ...json, layers: [remote] }, mediaTypes.imageManifest));
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

const unknownFields = check({
  id: 'MAN-11',
  name: 'unknown fields, media types and artifact types are stored and served',
  clause: 'image-spec: manifest.md, "MUST NOT error"; distribution-spec: Pushing Manifests',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const odd = imageOf({
      configType: 'application/vnd.example.unheard-of+json',
      layerType: 'x-nothing/known',
      fields: { 'org.example.extra': { nested: [1, null, true] }, artifactType: 'application/vnd.example.odd' },
    });
    await repository.pushImage(odd, 'v1');
    expectBody(await repository.getManifest('v1'), odd.manifest.bytes);
    const strange = { mediaType: 'application/xml', digest: absentDigest(), size: 7, unknown: 'field' };
    await repository.pushManifest('index', indexOf([strange], { fields: { extra: 1 } }));
  },
});

const unknownAlgorithm = check({
  id: 'MAN-11',
  name: 'a descriptor with an unregistered digest algorithm is no error',
  clause: 'image-spec: descriptor.md, Digests (implementations SHOULD allow them)',
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const layer = { mediaType: mediaTypes.layer, digest: 'multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDe', size: 5 };
    const image = imageOf();
    await repository.pushBlob(image.config);
    const json = JSON.parse(image.manifest.bytes.toString('utf8'));
    await repository.pushManifest('v1', manifestOf({ ...json, layers: [layer] }, mediaTypes.imageManifest));
  },
});

const dockerTypes = check({
  id: 'MAN-11',
  name: 'Docker schema 2 manifests and manifest lists are accepted and served with their types',
  clause: 'docker before 29 and skopeo push them',
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const { config, layers } = imageOf();
    for (const blob of [config, ...layers]) await repository.pushBlob(blob);
    const image = manifestOf(
      {
        schemaVersion: 2,
        mediaType: mediaTypes.dockerManifest,
        config: descriptorOf(config, mediaTypes.dockerConfig),
        layers: layers.map((layer) => descriptorOf(layer, mediaTypes.dockerLayer)),
      },
      mediaTypes.dockerManifest,
    );
    const platform = { architecture: 'amd64', os: 'linux' };
    const manifests = [descriptorOfManifest(image, { platform })];
    const list = manifestOf(
      { schemaVersion: 2, mediaType: mediaTypes.dockerManifestList, manifests },
      mediaTypes.dockerManifestList,
    );
    for (const [tag, manifest] of Object.entries({ image, list })) {
      await repository.pushManifest(tag, manifest);
      const answer = await repository.getManifest(tag);
      expectHeader(answer, 'Content-Type', manifest.mediaType);
      expectBody(answer, manifest.bytes);
    }
  },
});

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

const subjectHeader = check({
  id: 'SUBJ-1',
  name: 'PUT of an image and of an index with subject answers OCI-Subject, by tag and by digest',
  clause: 'distribution-spec: Pushing Manifests with Subject',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const subject = imageOf();
    await repository.pushImage(subject, 'v1');
    const image = referrerOf(subject.manifest, 'application/vnd.example.sbom');
    const index = indexOf([], { fields: { subject: descriptorOfManifest(subject.manifest) } });
    const { digest } = subject.manifest;
    expectHeader(await repository.pushImage(image), 'OCI-Subject', digest);
    expectHeader(await repository.pushImage(image, 'by-tag'), 'OCI-Subject', digest);
    expectHeader(await repository.pushManifest(index.digest, index), 'OCI-Subject', digest);
    expectHeader(await repository.pushManifest('index', index), 'OCI-Subject', digest);
    expectNoHeader(await repository.pushManifest('v1', subject.manifest), 'OCI-Subject');
  },
});

export const manifests: Section = {
  title: 'Manifests',
  checks: [
    exactBytes,
    location,
    digestHeader,
    mismatch,
    malformedDigest,
    badTag,
    goodTag,
    contentTypeParameters,
    noContentType,
    contradiction,
    withoutMediaType,
    emptyLists,
    missingSubject,
    sparse,
    sparseAccepted,
    strict,
    fourMegabytes,
    tooLarge,
    unknownFields,
    unknownAlgorithm,
    dockerTypes,
    movedTag,
    subjectHeader,
  ],
};
