// Listing referrers (distribution-spec, Listing Referrers).
import { check, type Section } from '../check/check.ts';
import { expectBody, expectEqual, expectError, expectHeader, expectStatus, fail, skip } from '../check/expect.ts';
import type { Answer } from '../client/answer.ts';
import {
  absentDigest,
  artifactOf,
  type Descriptor,
  descriptorOfManifest,
  imageOf,
  indexOf,
  mediaTypes,
  referrerOf,
} from '../registry/content.ts';
import type { Registry } from '../registry/registry.ts';

const listing = 'distribution-spec: Listing Referrers';
const sbom = 'application/vnd.example.sbom+json';
const signature = 'application/vnd.example.signature';

/** The entries of a referrers answer, after its status, type and shape were judged. */
export function referrersOf(answer: Answer): Descriptor[] {
  if (answer.status === 404) skip('the referrers API is not offered: 404');
  expectStatus(answer, 200);
  expectHeader(answer, 'Content-Type', mediaTypes.imageIndex);
  const body = answer.json() as { schemaVersion?: unknown; mediaType?: unknown; manifests?: unknown };
  expectEqual(body.schemaVersion, 2, 'schemaVersion', answer);
  expectEqual(body.mediaType, mediaTypes.imageIndex, 'mediaType', answer);
  return Array.isArray(body.manifests) ? body.manifests : fail('"manifests" is not an array', answer);
}

export const digestsOf = (entries: readonly Descriptor[]): string[] => entries.map(({ digest }) => digest).sort();

/** An image with an SBOM, two signatures and a referring index. */
export async function attached(registry: Registry) {
  const repository = registry.repository();
  const subject = imageOf();
  await repository.pushImage(subject, 'v1');
  const referrers = [
    referrerOf(subject.manifest, sbom, { annotations: { kind: 'sbom', 'org.example.a': 'b' } }),
    referrerOf(subject.manifest, signature),
    referrerOf(subject.manifest, signature),
  ];
  for (const referrer of referrers) await repository.pushImage(referrer);
  const index = indexOf([], { fields: { subject: descriptorOfManifest(subject.manifest) } });
  await repository.pushManifest(index.digest, index);
  return { repository, subject, referrers, index };
}

const never404 = check({
  id: 'REF-1',
  name: 'an unknown digest is 200 with an empty index, sha256 and sha512 (oras probes with zeros)',
  clause: listing,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    await repository.pushImage(imageOf(), 'v1');
    for (const digest of [absentDigest(), absentDigest('sha512'), `sha256:${'0'.repeat(64)}`]) {
      expectEqual(referrersOf(await repository.listReferrers(digest)), [], 'referrers');
    }
  },
});

const unknownRepository = check({
  id: 'CHOSEN-5',
  name: 'a repository that does not exist is 200 with an empty index',
  clause: `${listing} ("MUST NOT return a 404"); conformance suite (main): empty/referrers`,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    expectEqual(referrersOf(await repository.listReferrers(absentDigest())), [], 'referrers');
    expectEqual(
      referrersOf(await repository.listReferrers(absentDigest(), `?artifactType=${signature}`)),
      [],
      'referrers',
    );
  },
});

const malformed = check({
  id: 'REF-2',
  name: 'a malformed digest, or a tag instead of one, is 400',
  clause: listing,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    await repository.pushImage(imageOf(), 'v1');
    referrersOf(await repository.listReferrers(absentDigest()));
    for (const digest of ['sha256:short', `sha256:${'A'.repeat(64)}`, 'v1', 'sha256:', `sha256:${'a'.repeat(65)}`]) {
      expectError(await repository.listReferrers(digest), 400, 'DIGEST_INVALID');
    }
  },
});

const contentType = check({
  id: 'REF-3',
  name: 'Content-Type is exactly the index type, no parameters, with and without entries',
  clause: listing,
  level: 'MUST',
  run: async (registry) => {
    const { repository, subject } = await attached(registry);
    for (const digest of [subject.manifest.digest, absentDigest()]) {
      const answer = await repository.listReferrers(digest);
      referrersOf(answer);
      expectHeader(answer, 'Content-Type', mediaTypes.imageIndex);
    }
  },
});

const shape = check({
  id: 'REF-4',
  name: 'the body is an index: schemaVersion 2, mediaType, manifests',
  clause: listing,
  level: 'MUST',
  run: async (registry) => {
    const { repository, subject } = await attached(registry);
    expectEqual(referrersOf(await repository.listReferrers(subject.manifest.digest)).length, 4, 'number of referrers');
  },
});

const entries = check({
  id: 'REF-5',
  name: 'entries have mediaType, digest, size and artifactType: its own, else the config’s; none for an index',
  clause: listing,
  level: 'MUST',
  run: async (registry) => {
    const { repository, subject, referrers, index } = await attached(registry);
    const derived = imageOf({ fields: { subject: descriptorOfManifest(subject.manifest) } });
    const emptyType = imageOf({ fields: { subject: descriptorOfManifest(subject.manifest), artifactType: '' } });
    await repository.pushImage(derived);
    await repository.pushImage(emptyType);
    const typedIndex = indexOf([], { fields: { subject: descriptorOfManifest(subject.manifest), artifactType: sbom } });
    await repository.pushManifest(typedIndex.digest, typedIndex);
    const expected = new Map<string, string | undefined>([
      ...referrers.map(({ manifest }, at) => [manifest.digest, at === 0 ? sbom : signature] as const),
      [index.digest, undefined],
      [derived.manifest.digest, mediaTypes.imageConfig],
      [emptyType.manifest.digest, mediaTypes.imageConfig],
      [typedIndex.digest, sbom],
    ]);
    const answer = await repository.listReferrers(subject.manifest.digest);
    const found = referrersOf(answer);
    expectEqual(digestsOf(found), [...expected.keys()].sort(), 'digests of the referrers', answer);
    for (const entry of found) {
      const stored = await repository.getManifest(entry.digest);
      expectEqual(entry.artifactType, expected.get(entry.digest), `artifactType of ${entry.digest}`, answer);
      expectEqual(entry.mediaType, stored.header('Content-Type'), `mediaType of ${entry.digest}`, answer);
      expectEqual(entry.size, stored.body.length, `size of ${entry.digest}`, answer);
    }
  },
});

const annotations = check({
  id: 'REF-6',
  name: 'entries have the annotations of the referrer, all of them and no others',
  clause: `${listing}; conformance suite v1.1.1 counts them`,
  level: 'MUST',
  run: async (registry) => {
    const { repository, subject, referrers, index } = await attached(registry);
    const answer = await repository.listReferrers(subject.manifest.digest);
    const found = referrersOf(answer);
    for (const { manifest } of referrers) {
      const pushed = JSON.parse(manifest.bytes.toString('utf8')).annotations;
      const entry = found.find(({ digest }) => digest === manifest.digest);
      expectEqual(sorted(entry?.annotations), sorted(pushed), `annotations of ${manifest.digest}`, answer);
    }
    const bare = found.find(({ digest }) => digest === index.digest);
    expectEqual(sorted(bare?.annotations), [], 'annotations of a referrer that has none', answer);
  },
});

const sorted = (record: unknown): unknown[] => Object.entries(record ?? {}).sort();

const sameRepository = check({
  id: 'REF-7',
  name: 'referrers of the same digest in another repository are not listed',
  clause: `${listing} ("in the same <name> namespace")`,
  level: 'MUST',
  run: async (registry) => {
    const { repository, subject } = await attached(registry);
    const other = registry.repository();
    await other.pushImage(subject, 'v1');
    expectEqual(referrersOf(await other.listReferrers(subject.manifest.digest)), [], 'referrers elsewhere');
    const own = referrerOf(subject.manifest, sbom);
    await other.pushImage(own);
    expectEqual(
      digestsOf(referrersOf(await other.listReferrers(subject.manifest.digest))),
      [own.manifest.digest],
      'referrers elsewhere',
    );
    expectEqual(referrersOf(await repository.listReferrers(subject.manifest.digest)).length, 4, 'referrers here');
  },
});

const fallbackTag = check({
  id: 'REF-10',
  name: 'a fallback tag’s index adds what really has the subject, once, and nothing else',
  clause: 'distribution-spec: Enabling the Referrers API',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const subject = imageOf();
    await repository.pushImage(subject, 'v1');
    const referrer = referrerOf(subject.manifest, sbom);
    const stranger = artifactOf(signature);
    await repository.pushImage(referrer);
    await repository.pushImage(stranger);
    const fallback = indexOf([
      descriptorOfManifest(referrer.manifest, { artifactType: sbom }),
      descriptorOfManifest(stranger.manifest, { artifactType: signature }),
    ]);
    await repository.pushManifest(subject.manifest.digest.replace(':', '-'), fallback);
    const answer = await repository.listReferrers(subject.manifest.digest);
    expectEqual(digestsOf(referrersOf(answer)), [referrer.manifest.digest], 'referrers', answer);
  },
});

const fallbackTagIsATag = check({
  id: 'REF-11',
  name: 'a client may push and pull tags of the referrers tag schema like any other',
  clause: 'distribution-spec: Referrers Tag Schema',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const subject = imageOf();
    await repository.pushImage(subject, 'v1');
    const index = indexOf([]);
    for (const digest of [subject.manifest.digest, absentDigest()]) {
      const tag = digest.replace(':', '-');
      expectStatus(await repository.getManifest(tag), 404);
      await repository.pushManifest(tag, index);
      expectBody(await repository.getManifest(tag), index.bytes);
    }
  },
});

const lateSubject = check({
  id: 'REF-1',
  name: 'referrers pushed before their subject are listed before and after it comes',
  clause: 'distribution-spec: Push ("in either order")',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const subject = imageOf();
    const referrer = referrerOf(subject.manifest, sbom);
    await repository.pushImage(referrer);
    const listed = async () => digestsOf(referrersOf(await repository.listReferrers(subject.manifest.digest)));
    expectEqual(await listed(), [referrer.manifest.digest], 'referrers before the subject');
    await repository.pushImage(subject, 'v1');
    expectEqual(await listed(), [referrer.manifest.digest], 'referrers after the subject');
  },
});

const once = check({
  id: 'REF-5',
  name: 'a referrer that is pushed again, or tagged, is listed once',
  clause: listing,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const subject = imageOf();
    await repository.pushImage(subject, 'v1');
    const referrer = referrerOf(subject.manifest, sbom);
    await repository.pushImage(referrer);
    await repository.pushImage(referrer);
    await repository.pushManifest('sbom', referrer.manifest);
    await repository.pushManifest('sbom-2', referrer.manifest);
    const answer = await repository.listReferrers(subject.manifest.digest);
    expectEqual(digestsOf(referrersOf(answer)), [referrer.manifest.digest], 'referrers', answer);
  },
});

const chained = check({
  id: 'REF-5',
  name: 'a referrer of a referrer, and of an index, are listed under their own subject',
  clause: listing,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const subject = imageOf();
    await repository.pushImage(subject, 'v1');
    const index = indexOf([subject.manifest]);
    await repository.pushManifest('index', index);
    const report = referrerOf(index, sbom);
    const signed = referrerOf(report.manifest, signature);
    await repository.pushImage(report);
    await repository.pushImage(signed);
    const listed = async (digest: string) => digestsOf(referrersOf(await repository.listReferrers(digest)));
    expectEqual(await listed(index.digest), [report.manifest.digest], 'referrers of the index');
    expectEqual(await listed(report.manifest.digest), [signed.manifest.digest], 'referrers of the referrer');
    expectEqual(await listed(subject.manifest.digest), [], 'referrers of the image');
  },
});

const sha512 = check({
  id: 'REF-5',
  name: 'subjects and referrers with sha512 digests are listed',
  clause: listing,
  level: 'SHOULD',
  run: async (registry) => {
    const repository = registry.repository();
    const subject = imageOf({ algorithm: 'sha512' });
    await repository.pushImage(subject);
    const referrer = imageOf({ algorithm: 'sha512', fields: { subject: descriptorOfManifest(subject.manifest) } });
    await repository.pushImage(referrer);
    const answer = await repository.listReferrers(subject.manifest.digest);
    expectEqual(digestsOf(referrersOf(answer)), [referrer.manifest.digest], 'referrers', answer);
  },
});

export const referrers: Section = {
  title: 'Referrers',
  checks: [
    never404,
    unknownRepository,
    malformed,
    contentType,
    shape,
    entries,
    annotations,
    sameRepository,
    fallbackTag,
    fallbackTagIsATag,
    lateSubject,
    once,
    chained,
    sha512,
  ],
};
