// Manifests that are none: each is refused with 400 MANIFEST_INVALID and leaves neither a tag nor a digest behind.
import { check, type Section } from '../check/check.ts';
import { CheckFailure, expectError, expectStatus } from '../check/expect.ts';
import type { Answer } from '../client/answer.ts';
import { absentDigest, blobOf, digestOf, mediaTypes } from '../registry/content.ts';
import type { Registry } from '../registry/registry.ts';
import type { Repository } from '../registry/repository.ts';

const descriptor = { mediaType: mediaTypes.layer, digest: absentDigest(), size: 5 };
const config = { mediaType: mediaTypes.imageConfig, digest: absentDigest(), size: 5 };
const image = { schemaVersion: 2, mediaType: mediaTypes.imageManifest, config, layers: [descriptor] };
const child = { mediaType: mediaTypes.imageManifest, digest: absentDigest(), size: 5 };
const index = { schemaVersion: 2, mediaType: mediaTypes.imageIndex, manifests: [child] };

type Bodies = Readonly<Record<string, string | Buffer | object>>;

const notJson: Bodies = {
  nothing: '',
  'plain text': 'this is no JSON',
  'half a manifest': JSON.stringify(image).slice(0, -20),
  'something after the end': `${JSON.stringify(image)}}`,
  'bytes that are not UTF-8': Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
  'UTF-16': Buffer.from(JSON.stringify(image), 'utf16le'),
  'a gzip stream': Buffer.from('1f8b08000000000000030300000000000000000000', 'hex'),
};

const notAnObject: Bodies = { null: 'null', 'an array': '[]', 'a string': '"image"', 'a number': '2', true: 'true' };

const wrongShapes: Bodies = {
  'no schemaVersion': { ...image, schemaVersion: undefined },
  'schemaVersion 1': { ...image, schemaVersion: 1 },
  'schemaVersion "2"': { ...image, schemaVersion: '2' },
  'no config': { ...image, config: undefined },
  'config that is a list': { ...image, config: [config] },
  'config that is a string': { ...image, config: config.digest },
  'layers that is an object': { ...image, layers: { 0: descriptor } },
  'layers with a string': { ...image, layers: [descriptor.digest] },
  'layers with null': { ...image, layers: [null] },
  'annotations that is a list': { ...image, annotations: ['a'] },
  'annotations with a number': { ...image, annotations: { a: 1 } },
  'subject that is a string': { ...image, subject: absentDigest() },
  'subject without digest': { ...image, subject: { mediaType: mediaTypes.imageManifest, size: 5 } },
  'artifactType that is a number': { ...image, artifactType: 7 },
  'an empty object': {},
};

const wrongDescriptors: Bodies = {
  'no digest': { ...image, layers: [{ ...descriptor, digest: undefined }] },
  'no size': { ...image, layers: [{ ...descriptor, size: undefined }] },
  'a digest that is none': { ...image, layers: [{ ...descriptor, digest: 'sha256:xyz' }] },
  'a digest that is a path': { ...image, layers: [{ ...descriptor, digest: '../../../etc/passwd' }] },
  'a negative size': { ...image, layers: [{ ...descriptor, size: -1 }] },
  'a size that is a string': { ...image, layers: [{ ...descriptor, size: '5' }] },
  'a size with a fraction': { ...image, layers: [{ ...descriptor, size: 1.5 }] },
};

const wrongIndexes: Bodies = {
  'manifests that is an object': { ...index, manifests: {} },
  'manifests that is missing': { ...index, manifests: undefined },
  'manifests with a number': { ...index, manifests: [1] },
  'schemaVersion 1': { ...index, schemaVersion: 1 },
  'a child without digest': { ...index, manifests: [{ ...child, digest: undefined }] },
};

/** CVE-2021-41190: one body must not be an image to one client and an index to another. */
const both: Bodies = {
  'layers and manifests': { ...image, manifests: [child] },
  'config and manifests': { ...index, config },
};

const deep: Bodies = {
  '100,000 lists': `{"schemaVersion":2,"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  '100,000 objects': `{"schemaVersion":2,"x":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`,
  '100,000 lists never closed': '['.repeat(100_000),
};

async function expectRefused(repository: Repository, tag: string, bytes: Buffer, mediaType: string): Promise<void> {
  const refused: Answer[] = [
    await repository.putManifest(tag, { bytes, mediaType }),
    await repository.putManifest(digestOf(bytes), { bytes, mediaType }),
  ];
  for (const answer of refused) expectError(answer, 400, 'MANIFEST_INVALID');
  expectStatus(await repository.headManifest(tag), 404);
  expectStatus(await repository.headManifest(digestOf(bytes)), 404);
}

async function expectAllRefused(registry: Registry, bodies: Bodies, mediaType: string): Promise<void> {
  const repository = registry.repository();
  await repository.pushBlob(blobOf('so that the repository exists'));
  const failures: CheckFailure[] = [];
  for (const [at, [what, content]] of Object.entries(bodies).entries()) {
    const raw = typeof content === 'string' || Buffer.isBuffer(content);
    const bytes = Buffer.from(raw ? content : JSON.stringify(content));
    await expectRefused(repository, `bad-${at}`, bytes, mediaType).catch((error: unknown) => {
      if (!(error instanceof CheckFailure)) throw error;
      failures.push(new CheckFailure(`${what}: ${error.message}`, error.exchange));
    });
  }
  const [first] = failures;
  if (first !== undefined) throw new CheckFailure(failures.map(({ message }) => message).join('; '), first.exchange);
}

function refusal(what: string, bodies: Bodies, mediaType: string = mediaTypes.imageManifest) {
  return check({
    id: 'BAD-MANIFEST',
    name: `${what} (${Object.keys(bodies).join(', ')}): 400 MANIFEST_INVALID, nothing stored`,
    clause: 'distribution-spec: Error Codes, MANIFEST_INVALID; image-spec: manifest.md, image-index.md',
    // The spec names the code, but nowhere says that a registry must look into what it stores.
    level: 'CHOSEN',
    run: (registry) => expectAllRefused(registry, bodies, mediaType),
  });
}

const unsupportedTypes = check({
  id: 'BAD-MANIFEST',
  name: 'types that are no manifest types, Docker schema 1 among them, are 400 MANIFEST_INVALID',
  clause: 'distribution-spec: Error Codes, MANIFEST_INVALID',
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    await repository.pushBlob(blobOf('so that the repository exists'));
    const bytes = Buffer.from(JSON.stringify({ ...image, mediaType: undefined }));
    const types = [
      'application/vnd.docker.distribution.manifest.v1+json',
      'application/vnd.docker.distribution.manifest.v1+prettyjws',
      'application/octet-stream',
      'text/html',
    ];
    for (const mediaType of types) {
      expectError(await repository.putManifest('v1', { bytes, mediaType }), 400, 'MANIFEST_INVALID');
    }
    expectStatus(await repository.headManifest('v1'), 404);
  },
});

export const manifestInput: Section = {
  title: 'Bad manifests',
  checks: [
    refusal('not JSON', notJson),
    refusal('not an object', notAnObject),
    refusal('wrong shapes', wrongShapes),
    refusal('wrong descriptors', wrongDescriptors),
    refusal('wrong indexes', wrongIndexes, mediaTypes.imageIndex),
    refusal('image and index at once', both),
    refusal('image and index at once, pushed as an index', { ...both }, mediaTypes.imageIndex),
    refusal('deep nesting', deep),
    unsupportedTypes,
  ],
};
