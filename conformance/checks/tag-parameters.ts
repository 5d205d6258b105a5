// Tags pushed with a manifest by digest (distribution-spec main, Pushing Manifests: `tag` query parameters).
import { check, type Section } from '../check/check.ts';
import { expectBody, expectEqual, expectError, expectHeader, expectStatus, expectTrue, skip } from '../check/expect.ts';
import type { Answer } from '../client/answer.ts';
import { imageOf, indexOf, type Manifest } from '../registry/content.ts';
import type { Repository } from '../registry/repository.ts';
import { tagsOf } from './tags.ts';

const clause = 'distribution-spec (main): Pushing Manifests, tag parameters (end-7b)';

const query = (tags: readonly string[]): string => tags.map((tag) => `tag=${encodeURIComponent(tag)}`).join('&');

function pushTagged(repository: Repository, manifest: Manifest, tags: readonly string[]): Promise<Answer> {
  return repository.putManifest(manifest.digest, manifest, { query: query(tags) });
}

/** The tags of all OCI-Tag lines. */
function acceptedTags(answer: Answer): string[] {
  expectStatus(answer, 201);
  const value = answer.header('OCI-Tag');
  if (value === undefined) return skip('tag parameters are not supported: no OCI-Tag');
  return value.split(',').map((tag) => tag.trim());
}

const several = check({
  id: 'MAN-12',
  name: 'twelve tags with one PUT: OCI-Tag names each, all resolve to the digest and are listed',
  clause,
  level: 'MAY',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image);
    const tags = Array.from({ length: 12 }, (_, at) => `1.${at}`);
    const answer = await pushTagged(repository, image.manifest, tags);
    expectEqual(acceptedTags(answer).sort(), [...tags].sort(), 'OCI-Tag', answer);
    for (const tag of tags) {
      const found = await repository.getManifest(tag);
      expectHeader(found, 'Docker-Content-Digest', image.manifest.digest);
      expectBody(found, image.manifest.bytes);
    }
    expectEqual((await repository.listTags()).json(), { name: repository.name, tags: [...tags].sort() }, 'tags');
  },
});

const sha512 = check({
  id: 'MAN-12',
  name: 'a tag of a manifest pushed by sha512 answers with the sha512 digest',
  clause: `${clause}; conformance suite (main): tag-param-sha512`,
  level: 'MAY',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf({ algorithm: 'sha512' });
    await repository.pushImage(image);
    acceptedTags(await pushTagged(repository, image.manifest, ['long']));
    const answer = await repository.getManifest('long');
    expectHeader(answer, 'Docker-Content-Digest', image.manifest.digest);
    expectHeader(await repository.headManifest('long'), 'Docker-Content-Digest', image.manifest.digest);
    expectBody(answer, image.manifest.bytes);
  },
});

const moves = check({
  id: 'MAN-12',
  name: 'tag parameters move tags that exist, also on an index and when the manifest is there already',
  clause,
  level: 'MAY',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image, 'latest');
    const index = indexOf([image.manifest]);
    acceptedTags(await pushTagged(repository, index, ['latest', 'v2']));
    expectHeader(await repository.headManifest('latest'), 'Docker-Content-Digest', index.digest);
    acceptedTags(await pushTagged(repository, image.manifest, ['latest']));
    expectHeader(await repository.headManifest('latest'), 'Docker-Content-Digest', image.manifest.digest);
    expectHeader(await repository.headManifest('v2'), 'Docker-Content-Digest', index.digest);
  },
});

const noTag = check({
  id: 'MAN-12',
  name: 'PUT by digest without tag parameters makes no tag and sends no OCI-Tag',
  clause,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const answer = await repository.pushImage(imageOf());
    expectTrue(answer.header('OCI-Tag') === undefined, 'OCI-Tag without tag parameters', answer);
    const listed = await repository.listTags();
    // Some registries know a repository only by its tags.
    expectStatus(listed, 200, 404);
    if (listed.status === 200) expectEqual(tagsOf(listed), [], 'tags', listed);
  },
});

const tooMany = check({
  id: 'MAN-12',
  name: 'more tags than fit: all of them, or 414 or 431 or 400 and none',
  clause,
  level: 'MAY',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image);
    const tags = Array.from({ length: 3000 }, (_, at) => `many-${at}`);
    const answer = await pushTagged(repository, image.manifest, tags);
    expectStatus(answer, 201, 400, 414, 431);
    if (answer.status === 201) return expectEqual(acceptedTags(answer).length, 3000, 'accepted tags');
    expectError(answer, answer.status);
    expectEqual((await repository.listTags()).json(), { name: repository.name, tags: [] }, 'tags');
  },
});

const tagInPath = check({
  id: 'CHOSEN-9',
  name: 'tag parameters with a tag in the path are 400, and nothing is stored',
  clause: `${clause} ("when pushing a manifest by digest")`,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const [old, image] = [imageOf(), imageOf()];
    await repository.pushImage(old, 'v1');
    for (const blob of [image.config, ...image.layers]) await repository.pushBlob(blob);
    expectError(await repository.putManifest('v1', image.manifest, { query: query(['v2']) }), 400);
    expectHeader(await repository.headManifest('v1'), 'Docker-Content-Digest', old.manifest.digest);
    expectStatus(await repository.headManifest('v2'), 404);
    expectStatus(await repository.headManifest(image.manifest.digest), 404);
  },
});

const invalidTag = check({
  id: 'CHOSEN-10',
  name: 'one invalid tag among them is 400 MANIFEST_INVALID, and nothing is stored',
  clause: `${clause}; all or nothing`,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const [old, image] = [imageOf(), imageOf()];
    await repository.pushImage(old, 'v1');
    for (const blob of [image.config, ...image.layers]) await repository.pushBlob(blob);
    for (const bad of ['.bad', 'a b', '', 'x'.repeat(129), '../v1', image.manifest.digest]) {
      expectError(await pushTagged(repository, image.manifest, ['v1', bad, 'v2']), 400, 'MANIFEST_INVALID');
      expectHeader(await repository.headManifest('v1'), 'Docker-Content-Digest', old.manifest.digest);
      expectStatus(await repository.headManifest('v2'), 404);
      expectStatus(await repository.headManifest(image.manifest.digest), 404);
    }
  },
});

const repeated = check({
  id: 'MAN-12',
  name: 'the same tag twice is one tag',
  clause,
  level: 'MAY',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image);
    acceptedTags(await pushTagged(repository, image.manifest, ['v1', 'v1']));
    expectEqual((await repository.listTags()).json(), { name: repository.name, tags: ['v1'] }, 'tags');
  },
});

export const tagParameters: Section = {
  title: 'Tag parameters',
  checks: [several, sha512, moves, noTag, tooMany, tagInPath, invalidTag, repeated],
};
