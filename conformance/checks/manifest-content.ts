// What manifests may hold and refer to (distribution-spec, Pushing Manifests; image-spec).
import { check, type Section } from '../check/check.ts';
import {
  expectBody,
  expectEqual,
  expectError,
  expectHeader,
  expectNoHeader,
  expectStatus,
  expectTrue,
  skip,
} from '../check/expect.ts';
import { errorEntries } from '../client/error-envelope.ts';
import {
  absentDigest,
  artifactOf,
  descriptorOf,
  descriptorOfManifest,
  imageOf,
  indexOf,
  manifestOf,
  mediaTypes,
  randomBlob,
  referrerOf,
} from '../registry/content.ts';

const pushing = 'distribution-spec: Pushing Manifests';

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
    await repository.pushManifest('index', indexOf([odd.manifest], { fields: { extra: 1 } }));
  },
});

const strangeChild = check({
  id: 'MAN-11',
  name: 'an index may list what is no manifest',
  clause: 'image-spec: image-index.md, "an encountered mediaType that is unknown MUST NOT generate an error"',
  level: 'CHOSEN',
  run: async (registry) => {
    const strange = { mediaType: 'application/xml', digest: absentDigest(), size: 7, unknown: 'field' };
    await registry.repository().pushManifest('index', indexOf([strange]));
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
    const pushed = await repository.pushImage(image);
    if (pushed.header('OCI-Subject') === undefined) skip('subjects are not processed: no OCI-Subject');
    expectHeader(pushed, 'OCI-Subject', digest);
    expectHeader(await repository.pushImage(image, 'by-tag'), 'OCI-Subject', digest);
    expectHeader(await repository.pushManifest(index.digest, index), 'OCI-Subject', digest);
    expectHeader(await repository.pushManifest('index', index), 'OCI-Subject', digest);
    expectNoHeader(await repository.pushManifest('v1', subject.manifest), 'OCI-Subject');
  },
});

export const manifestContent: Section = {
  title: 'Manifest content',
  checks: [
    emptyLists,
    missingSubject,
    sparse,
    sparseAccepted,
    strict,
    unknownFields,
    strangeChild,
    unknownAlgorithm,
    dockerTypes,
    subjectHeader,
  ],
};
