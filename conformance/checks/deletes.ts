// Deleting tags, manifests and blobs (distribution-spec, Content Management). What is deleted is gone at once.
import { check, type Section } from '../check/check.ts';
import {
  expectBody,
  expectDeleted,
  expectEqual,
  expectError,
  expectHeader,
  expectStatus,
  expectTrue,
} from '../check/expect.ts';
import { absentDigest, imageOf, indexOf, randomBlob, referrerOf } from '../registry/content.ts';
import { digestsOf, referrersOf } from './referrers.ts';
import { tagsOf } from './tags.ts';

const tagDelete = 'distribution-spec: Deleting tags';
const manifestDelete = 'distribution-spec: Deleting Manifests';
const blobDelete = 'distribution-spec: Deleting Blobs';
const sbom = 'application/vnd.example.sbom';

const tag = check({
  id: 'DEL-1',
  name: 'DELETE of a tag is 202; the tag is 404 at once, the manifest and its other tags stay',
  clause: tagDelete,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image, 'v1');
    await repository.pushManifest('v2', image.manifest);
    expectDeleted(await repository.deleteManifest('v1'));
    expectError(await repository.getManifest('v1'), 404, 'MANIFEST_UNKNOWN');
    expectStatus(await repository.headManifest('v1'), 404);
    expectBody(await repository.getManifest('v2'), image.manifest.bytes);
    expectDeleted(await repository.deleteManifest('v2'));
    expectBody(await repository.getManifest(image.manifest.digest), image.manifest.bytes);
    expectEqual(tagsOf(await repository.listTags()), [], 'tags');
    await repository.pushManifest('v1', image.manifest);
    expectStatus(await repository.headManifest('v1'), 200);
  },
});

const manifest = check({
  id: 'DEL-2',
  name: 'DELETE by digest is 202; the manifest and every tag to it are 404 at once, other tags stay',
  clause: manifestDelete,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const [image, other] = [imageOf(), imageOf()];
    for (const name of ['a', 'b', 'c']) await repository.pushImage(image, name);
    await repository.pushImage(other, 'd');
    expectDeleted(await repository.deleteManifest(image.manifest.digest));
    for (const reference of [image.manifest.digest, 'a', 'b', 'c']) {
      expectError(await repository.getManifest(reference), 404, 'MANIFEST_UNKNOWN');
      expectStatus(await repository.headManifest(reference), 404);
    }
    expectEqual(tagsOf(await repository.listTags()), ['d'], 'tags');
    expectBody(await repository.getManifest('d'), other.manifest.bytes);
  },
});

const child = check({
  id: 'DEL-2',
  name: 'a deleted manifest is 404 also when an index still lists it; the index stays',
  clause: manifestDelete,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image);
    const index = indexOf([image.manifest]);
    await repository.pushManifest('index', index);
    expectDeleted(await repository.deleteManifest(image.manifest.digest));
    expectError(await repository.getManifest(image.manifest.digest), 404, 'MANIFEST_UNKNOWN');
    expectBody(await repository.getManifest('index'), index.bytes);
  },
});

const index = check({
  id: 'DEL-2',
  name: 'deleting an index leaves its children',
  clause: `${manifestDelete}; the spec is silent`,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image);
    const list = indexOf([image.manifest]);
    await repository.pushManifest('index', list);
    expectDeleted(await repository.deleteManifest(list.digest));
    expectStatus(await repository.getManifest('index'), 404);
    expectBody(await repository.getManifest(image.manifest.digest), image.manifest.bytes);
  },
});

const again = check({
  id: 'DEL-2',
  name: 'what was deleted can be pushed again, manifest and blobs',
  clause: manifestDelete,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    for (let times = 0; times < 3; times += 1) {
      await repository.pushImage(image, 'v1');
      expectBody(await repository.getManifest('v1'), image.manifest.bytes);
      expectBody(await repository.getBlob(image.config.digest), image.config.bytes);
      expectDeleted(await repository.deleteManifest(image.manifest.digest));
      for (const { digest } of [image.config, ...image.layers]) expectDeleted(await repository.deleteBlob(digest));
    }
  },
});

const twice = check({
  id: 'DEL-3',
  name: 'a second DELETE of a tag, manifest or blob is 404',
  clause: manifestDelete,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image, 'v1');
    const { digest } = image.manifest;
    expectDeleted(await repository.deleteManifest('v1'));
    expectError(await repository.deleteManifest('v1'), 404, 'MANIFEST_UNKNOWN');
    expectDeleted(await repository.deleteManifest(digest));
    expectError(await repository.deleteManifest(digest), 404, 'MANIFEST_UNKNOWN');
    expectDeleted(await repository.deleteBlob(image.config.digest));
    expectError(await repository.deleteBlob(image.config.digest), 404, 'BLOB_UNKNOWN');
  },
});

const unknown = check({
  id: 'DEL-3',
  name: 'deletes in a repository that does not exist, and of unknown things in one that does, are 404',
  clause: manifestDelete,
  level: 'MUST',
  run: async (registry) => {
    const [missing, existing] = [registry.repository(), registry.repository()];
    await existing.pushImage(imageOf(), 'v1');
    for (const reference of ['v2', absentDigest()]) {
      expectError(await missing.deleteManifest(reference), 404, 'NAME_UNKNOWN', 'MANIFEST_UNKNOWN');
      expectError(await existing.deleteManifest(reference), 404, 'MANIFEST_UNKNOWN');
    }
    expectError(await missing.deleteBlob(absentDigest()), 404, 'NAME_UNKNOWN', 'BLOB_UNKNOWN');
    expectError(await existing.deleteBlob(absentDigest()), 404, 'BLOB_UNKNOWN');
  },
});

const blob = check({
  id: 'DEL-4',
  name: 'DELETE of a blob is 202 and it is 404 at once, sha256 and sha512, empty too; elsewhere it stays',
  clause: blobDelete,
  level: 'MUST',
  run: async (registry) => {
    const [repository, other] = [registry.repository(), registry.repository()];
    for (const each of [randomBlob(), randomBlob(512, 'sha512'), randomBlob(0)]) {
      await repository.pushBlob(each);
      await other.pushBlob(each);
      expectDeleted(await repository.deleteBlob(each.digest));
      expectError(await repository.getBlob(each.digest), 404, 'BLOB_UNKNOWN');
      expectStatus(await repository.headBlob(each.digest), 404);
      expectBody(await other.getBlob(each.digest), each.bytes);
    }
  },
});

const referenced = check({
  id: 'CHOSEN-12',
  name: 'a blob that a manifest refers to is not deleted, 405 names the manifest; without the manifest it is',
  clause: `${blobDelete}; the spec is silent`,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image, 'v1');
    const refused = await repository.deleteBlob(image.config.digest);
    expectError(refused, 405, 'UNSUPPORTED');
    expectTrue(refused.body.includes(image.manifest.digest), 'the manifest in the detail', refused);
    expectStatus(await repository.getBlob(image.config.digest), 200);
    await repository.deleteManifest(image.manifest.digest);
    expectStatus(await repository.deleteBlob(image.config.digest), 202);
    expectStatus(await repository.getBlob(image.config.digest), 404);
  },
});

const manifestAsBlob = check({
  id: 'DEL-4',
  name: 'DELETE blobs/<digest of a manifest> does not take the manifest away: 404 or 405',
  clause: `${blobDelete}; the spec is silent`,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image, 'v1');
    expectError(await repository.deleteBlob(image.manifest.digest), [404, 405]);
    expectBody(await repository.getManifest('v1'), image.manifest.bytes);
  },
});

const badReference = check({
  id: 'DEL-3',
  name: 'DELETE of what is no tag is 404 (or 400); nothing else goes',
  clause: tagDelete,
  level: 'SHOULD',
  run: async (registry) => {
    const repository = registry.repository();
    await repository.pushImage(imageOf(), 'v1');
    for (const reference of ['.bad', 'a%20b', 'x'.repeat(129), '*']) {
      expectError(await repository.deleteManifest(reference), [404, 400]);
    }
    expectEqual(tagsOf(await repository.listTags()), ['v1'], 'tags');
  },
});

const referrer = check({
  id: 'DEL-6',
  name: 'a deleted referrer leaves the list of its subject at once, the others stay',
  clause: manifestDelete,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const subject = imageOf();
    await repository.pushImage(subject, 'v1');
    const [one, two] = [referrerOf(subject.manifest, sbom), referrerOf(subject.manifest, sbom)];
    await repository.pushImage(one);
    await repository.pushImage(two);
    const listed = async () => digestsOf(referrersOf(await repository.listReferrers(subject.manifest.digest)));
    expectDeleted(await repository.deleteManifest(one.manifest.digest));
    expectEqual(await listed(), [two.manifest.digest], 'referrers after one was deleted');
    expectDeleted(await repository.deleteManifest(two.manifest.digest));
    expectEqual(await listed(), [], 'referrers after both were deleted');
    await repository.pushImage(one);
    expectEqual(await listed(), [one.manifest.digest], 'referrers after one was pushed again');
  },
});

const untagged = check({
  id: 'DEL-6',
  name: 'a referrer that only loses its tag stays listed',
  clause: `${tagDelete}; the manifest stays by digest`,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image, 'v1');
    const attached = referrerOf(image.manifest, sbom);
    await repository.pushImage(attached, 'tagged');
    expectDeleted(await repository.deleteManifest('tagged'));
    const listed = digestsOf(referrersOf(await repository.listReferrers(image.manifest.digest)));
    expectEqual(listed, [attached.manifest.digest], 'referrers');
  },
});

const subject = check({
  id: 'CHOSEN-11',
  name: 'referrers stay when their subject is deleted, and are listed when it comes back',
  clause: `${manifestDelete}; the spec is silent`,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image, 'v1');
    const attached = referrerOf(image.manifest, sbom);
    await repository.pushImage(attached);
    const listed = async () => digestsOf(referrersOf(await repository.listReferrers(image.manifest.digest)));
    expectStatus(await repository.deleteManifest(image.manifest.digest), 202);
    expectEqual(await listed(), [attached.manifest.digest], 'referrers of a deleted subject');
    expectStatus(await repository.getManifest(attached.manifest.digest), 200);
    await repository.pushManifest('v1', image.manifest);
    expectEqual(await listed(), [attached.manifest.digest], 'referrers of the subject');
  },
});

const disabled = check({
  id: 'DEL-5',
  name: 'with deletes.enabled false every delete is 405 UNSUPPORTED with Allow, and everything stays',
  clause: `${tagDelete}; ${manifestDelete}; ${blobDelete}`,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.variant('no-deletes').repository();
    const image = imageOf();
    await repository.pushImage(image, 'v1');
    for (const answer of [
      await repository.deleteManifest('v1'),
      await repository.deleteManifest(image.manifest.digest),
      await repository.deleteBlob(image.config.digest),
      await repository.deleteManifest('unknown'),
    ]) {
      expectError(answer, 405, 'UNSUPPORTED');
      expectTrue(!expectHeader(answer, 'Allow').includes('DELETE'), 'Allow names DELETE', answer);
    }
    expectStatus(await repository.getManifest('v1'), 200);
    expectStatus(await repository.getBlob(image.config.digest), 200);
    const session = await repository.startUpload();
    expectStatus(await session.cancel(), 204);
  },
});

const enabled = check({
  id: 'DEL-5',
  name: 'a registry either deletes (202) or says 405 (400 with UNSUPPORTED for manifests)',
  clause: `${tagDelete}; ${manifestDelete}; ${blobDelete}`,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image, 'v1');
    for (const answer of [
      await repository.deleteManifest('v1'),
      await repository.deleteManifest(image.manifest.digest),
      await repository.deleteBlob(image.config.digest),
    ]) {
      expectStatus(answer, 202, 405, 400);
      if (answer.status !== 202) expectError(answer, answer.status, 'UNSUPPORTED');
    }
  },
});

export const deletes: Section = {
  title: 'Deletes',
  checks: [
    tag,
    manifest,
    child,
    index,
    again,
    twice,
    unknown,
    blob,
    referenced,
    manifestAsBlob,
    badReference,
    referrer,
    untagged,
    subject,
    disabled,
    enabled,
  ],
};
