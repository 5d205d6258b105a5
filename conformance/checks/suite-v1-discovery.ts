// The content discovery tests of the official suite v1.1.1, by its names.
import { type Check, check, type Section } from '../check/check.ts';
import { expectEqual, expectHeader, expectStatus, expectTrue, skip } from '../check/expect.ts';
import {
  absentDigest,
  descriptorOfManifest,
  emptyJsonBlob,
  imageOf,
  indexOf,
  mediaTypes,
  randomBlob,
} from '../registry/content.ts';
import type { Registry } from '../registry/registry.ts';
import { digestsOf, referrersOf } from './referrers.ts';
import { expectTornDown } from './suite-v1-pull.ts';
import { tagsOf } from './tags.ts';

const clause = 'conformance suite v1.1.1: Content Discovery';
const listingTags = 'Test content discovery endpoints (listing tags)';
const listingReferences = 'Test content discovery endpoints (listing references)';
const [typeA, typeB] = ['application/vnd.example.referenceA', 'application/vnd.example.referenceB'];

function test(name: string, run: Check['run'], level: Check['level'] = 'MUST'): Check {
  return check({ id: `Content Discovery ${name}`, name: 'as there', clause, level, run });
}

/** Its later version adds tags in upper case, to see the order. */
async function taggedImage(registry: Registry) {
  const repository = registry.repository();
  const image = imageOf();
  const tags = ['test0', 'test1', 'test2', 'test3', 'TEST0', 'TEST1', 'TEST2', 'TEST3'];
  for (const tag of tags) expectHeader(await repository.pushImage(image, tag), 'Location');
  return { repository, image, tags };
}

/** Five referrers, one of them an index, two pushed before their subject; and one whose subject never comes. */
async function references(registry: Registry) {
  const repository = registry.repository();
  const subject = imageOf();
  const missing = imageOf();
  const referring = (target: typeof subject, type: string, ownType: boolean, note: string) =>
    imageOf({
      ...(ownType ? { config: emptyJsonBlob, configType: mediaTypes.emptyJson } : { configType: type }),
      layers: [randomBlob(30)],
      fields: {
        ...(ownType ? { artifactType: type } : {}),
        subject: descriptorOfManifest(target.manifest),
        annotations: { 'org.example.test': note },
      },
    });
  const before = [referring(subject, typeA, false, 'A config'), referring(subject, typeA, true, 'A layer')];
  const after = [referring(subject, typeB, false, 'B config'), referring(subject, typeB, true, 'B layer')];
  const lonely = referring(missing, typeB, true, 'C layer');
  const index = indexOf([], {
    fields: {
      artifactType: 'application/vnd.example.index',
      subject: descriptorOfManifest(subject.manifest),
      annotations: { 'org.example.test': 'index' },
    },
  });
  const { digest } = subject.manifest;
  for (const image of before) expectHeader(await repository.pushImage(image), 'OCI-Subject', digest);
  await repository.pushImage(subject, 'subject');
  for (const image of after) expectHeader(await repository.pushImage(image), 'OCI-Subject', digest);
  expectHeader(await repository.pushManifest(index.digest, index), 'OCI-Subject', digest);
  expectHeader(await repository.pushImage(lonely), 'OCI-Subject', missing.manifest.digest);
  const manifests = [...before, ...after].map(({ manifest }) => manifest);
  return { repository, subject, missing, lonely, referrers: [...manifests, index] };
}

const setup: readonly Check[] = [
  test('Setup Populate registry with test blob', async (registry) => void (await taggedImage(registry))),
  test('Setup Populate registry with test layer', async (registry) => void (await taggedImage(registry))),
  test('Setup Populate registry with test tags', async (registry) => void (await taggedImage(registry))),
  test('Setup Populate registry with test tags (no push)', async (registry) => {
    // There a list of tags that somebody else pushed.
    const { repository, tags } = await taggedImage(registry);
    const listed = tagsOf(await registry.named(repository.name).listTags());
    for (const tag of tags) expectTrue(listed.includes(tag), `${tag} is not listed`);
  }),
  test('Setup References setup', async (registry) => void (await references(registry))),
];

const tagTests: readonly Check[] = [
  test(`${listingTags} GET request to list tags should yield 200 response`, async (registry) => {
    const { repository, tags } = await taggedImage(registry);
    const listed = tagsOf(await repository.listTags());
    const bytes = [...tags].sort();
    const lexical = [...tags].sort((a, b) => a.toLowerCase().localeCompare(b.toLowerCase()) || (a < b ? -1 : 1));
    const lowered = (list: readonly string[]) => JSON.stringify(list.map((tag) => tag.toLowerCase()));
    const ordered = JSON.stringify(listed) === JSON.stringify(bytes) || lowered(listed) === lowered(lexical);
    expectTrue(ordered, `tags are in neither order: ${listed}`);
  }),
  test(`${listingTags} GET number of tags should be limitable by \`n\` query parameter`, async (registry) => {
    const { repository } = await taggedImage(registry);
    expectEqual(tagsOf(await repository.listTags('?n=4')).length, 4, 'number of tags with n=4');
  }),
  test(`${listingTags} GET start of tag is set by \`last\` query parameter`, async (registry) => {
    const { repository } = await taggedImage(registry);
    const last = tagsOf(await repository.listTags('?n=4')).at(-1) ?? '';
    const rest = tagsOf(await repository.listTags(`?n=4&last=${last}`));
    expectTrue(rest.length <= 4 && !rest.includes(last), `tags after ${last}: ${rest}`);
  }),
];

const referenceTests: readonly Check[] = [
  test(`${listingReferences} GET request to nonexistent blob should result in empty 200 response`, async (registry) => {
    const { repository } = await references(registry);
    expectEqual(referrersOf(await repository.listReferrers(absentDigest())), [], 'referrers');
  }),
  test(`${listingReferences} GET request to existing blob should yield 200`, async (registry) => {
    const { repository, subject, referrers } = await references(registry);
    const answer = await repository.listReferrers(subject.manifest.digest);
    const found = referrersOf(answer);
    expectEqual(digestsOf(found), referrers.map(({ digest }) => digest).sort(), 'referrers', answer);
    for (const entry of found) {
      const pushed = referrers.find(({ digest }) => digest === entry.digest);
      const { annotations } = JSON.parse(pushed?.bytes.toString('utf8') ?? '{}');
      expectEqual(entry.annotations, annotations, `annotations of ${entry.digest}`, answer);
    }
  }),
  test(
    `${listingReferences} GET request to existing blob with filter should yield 200`,
    async (registry) => {
      const { repository, subject } = await references(registry);
      const answer = await repository.listReferrers(subject.manifest.digest, `?artifactType=${typeA}`);
      const found = referrersOf(answer);
      if (answer.header('OCI-Filters-Applied') === undefined) return skip('artifactType filters are not applied');
      expectHeader(answer, 'OCI-Filters-Applied', 'artifactType');
      expectEqual(found.length, 2, 'number of referrers', answer);
    },
    'SHOULD',
  ),
  test(`${listingReferences} GET request to missing manifest should yield 200`, async (registry) => {
    const { repository, missing, lonely } = await references(registry);
    const answer = await repository.listReferrers(missing.manifest.digest);
    expectEqual(digestsOf(referrersOf(answer)), [lonely.manifest.digest], 'referrers', answer);
  }),
];

const teardown: readonly Check[] = [
  test('Teardown Delete created manifest & associated tags', async (registry) => {
    const { repository, subject, lonely, referrers } = await references(registry);
    for (const { digest } of [subject.manifest, ...referrers, lonely.manifest]) {
      expectTornDown(await repository.deleteManifest(digest), 404);
    }
  }),
  test('Teardown Delete config blob created in tests', async (registry) => {
    const { repository, image } = await taggedImage(registry);
    await repository.deleteManifest(image.manifest.digest);
    expectTornDown(await repository.deleteBlob(image.config.digest), 404);
  }),
  test('Teardown Delete layer blob created in setup', async (registry) => {
    const { repository, image } = await taggedImage(registry);
    await repository.deleteManifest(image.manifest.digest);
    for (const { digest } of image.layers) expectTornDown(await repository.deleteBlob(digest), 404);
  }),
  test('Teardown References teardown', async (registry) => {
    const { repository, subject, lonely } = await references(registry);
    for (const { manifest } of [subject, lonely]) await repository.deleteManifest(manifest.digest);
    for (const blob of [subject.config, ...subject.layers, ...lonely.layers, emptyJsonBlob]) {
      expectTornDown(await repository.deleteBlob(blob.digest), 404);
    }
    expectStatus(await repository.listReferrers(subject.manifest.digest), 200);
  }),
];

export const suiteV1Discovery: Section = {
  title: 'Official suite v1.1.1: content discovery',
  checks: [...setup, ...tagTests, ...referenceTests, ...teardown],
};
