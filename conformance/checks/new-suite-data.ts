// The data tests of the official suite on main, by its names ("<set>/push", "<set>/pull", ...), and its error tests.
// Every check pushes its set anew, so that each can run, and fail, alone.
import { type Check, check, type Section } from '../check/check.ts';
import {
  expectBody,
  expectEmptyBody,
  expectEqual,
  expectError,
  expectHeader,
  expectNoHeader,
  expectStatus,
  expectTrue,
  skip,
} from '../check/expect.ts';
import type { Answer } from '../client/answer.ts';
import { absentDigest, imageOf, mediaTypes } from '../registry/content.ts';
import type { Registry } from '../registry/registry.ts';
import type { Repository } from '../registry/repository.ts';
import { atLocation } from './blob-upload.ts';
import { type DataSet, dataSets, type Entry } from './new-suite-data-sets.ts';
import { digestsOf, referrersOf } from './referrers.ts';
import { tagsOf } from './tags.ts';

const clause = 'conformance suite (main)';

function subjectOf({ manifest }: Entry): string | undefined {
  return JSON.parse(manifest.bytes.toString('utf8')).subject?.digest;
}

async function push(registry: Registry, set: DataSet): Promise<Repository> {
  const repository = registry.repository();
  for (const blob of set.blobs) {
    const stored = await atLocation(registry, await repository.pushBlob(blob));
    expectBody(stored, blob.bytes);
  }
  for (const entry of set.entries) await pushEntry(registry, repository, set, entry);
  return repository;
}

async function pushEntry(registry: Registry, repository: Repository, set: DataSet, entry: Entry): Promise<void> {
  const { manifest, tags } = entry;
  if (set.altered === true) {
    const bytes = Buffer.concat([manifest.bytes, Buffer.from('  ')]);
    return expectStatus(await repository.putManifest(manifest.digest, { ...manifest, bytes }), 400);
  }
  const withTags = set.tagParameters === true && tags.length > 0;
  const query = tags.map((tag) => `tag=${tag}`).join('&');
  const pushed = await repository.putManifest(manifest.digest, manifest, withTags ? { query } : {});
  expectStatus(pushed, 201);
  expectHeader(pushed, 'Docker-Content-Digest', manifest.digest);
  const subject = subjectOf(entry);
  if (subject === undefined) expectNoHeader(pushed, 'OCI-Subject');
  else expectHeader(pushed, 'OCI-Subject', subject);
  expectManifest(await atLocation(registry, pushed), entry);
  if (withTags) {
    if (pushed.header('OCI-Tag') === undefined) return skip('tag parameters are not supported: no OCI-Tag');
    const accepted = expectHeader(pushed, 'OCI-Tag').split(/, */).sort();
    return expectEqual(accepted, [...tags].sort(), 'OCI-Tag', pushed);
  }
  for (const tag of tags) expectStatus(await repository.putManifest(tag, manifest), 201);
}

function expectManifest(answer: Answer, { manifest }: Entry, withBody = true): void {
  expectStatus(answer, 200);
  expectHeader(answer, 'Content-Type', manifest.mediaType);
  expectHeader(answer, 'Content-Length', String(manifest.bytes.length));
  expectHeader(answer, 'Docker-Content-Digest', manifest.digest);
  if (withBody) expectBody(answer, manifest.bytes);
  else expectEmptyBody(answer);
}

const referencesOf = ({ manifest, tags }: Entry): string[] => [...tags, manifest.digest];

type Phase = (registry: Registry, set: DataSet) => Promise<void>;

const tagList: Phase = async (registry, set) => {
  const repository = await push(registry, set);
  const expected = set.altered === true ? [] : set.entries.flatMap(({ tags }) => tags);
  const answer = await repository.listTags();
  if (expected.length === 0) return expectStatus(answer, 200, 404);
  const listed = tagsOf(answer);
  for (const tag of expected) expectTrue(listed.includes(tag), `${tag} is not listed`, answer);
  const middle = listed[Math.floor(listed.length / 2)] ?? '';
  const after = tagsOf(await repository.listTags(`?last=${middle}`));
  expectEqual(after, listed.slice(listed.indexOf(middle) + 1), `tags after ${middle}`);
};

const head: Phase = async (registry, set) => {
  const repository = await push(registry, set);
  for (const entry of set.altered === true ? [] : set.entries) {
    for (const reference of referencesOf(entry)) {
      expectManifest(await repository.headManifest(reference), entry, false);
    }
  }
  for (const blob of set.blobs) {
    const answer = await repository.headBlob(blob.digest);
    expectStatus(answer, 200);
    expectHeader(answer, 'Content-Length', String(blob.bytes.length));
    expectHeader(answer, 'Docker-Content-Digest', blob.digest);
  }
};

/** The suite sends Accept for indexes and for manifests as two header lines. */
const accept = { Accept: [mediaTypes.imageIndex, mediaTypes.imageManifest] };

const pull: Phase = async (registry, set) => {
  const repository = await push(registry, set);
  for (const entry of set.entries) {
    if (set.altered === true) {
      expectStatus(await repository.getManifest(entry.manifest.digest, accept), 404);
      continue;
    }
    for (const reference of referencesOf(entry)) {
      expectManifest(await repository.getManifest(reference, accept), entry);
    }
  }
  for (const blob of set.blobs) {
    const answer = await repository.getBlob(blob.digest);
    expectStatus(answer, 200);
    expectBody(answer, blob.bytes);
  }
};

const remove: Phase = async (registry, set) => {
  const repository = await push(registry, set);
  const expectGone = (answer: Answer, ...allowed: number[]): boolean => {
    expectStatus(answer, 202, 404, 405, ...allowed);
    return answer.status === 202 || answer.status === 404;
  };
  for (const tag of set.entries.flatMap(({ tags }) => tags)) {
    const gone = expectGone(await repository.deleteManifest(tag), 400);
    if (gone) expectStatus(await repository.headManifest(tag), 404);
  }
  for (const { manifest } of [...set.entries].reverse()) {
    const gone = expectGone(await repository.deleteManifest(manifest.digest), 400);
    if (gone) expectStatus(await repository.headManifest(manifest.digest), 404);
  }
  for (const { digest } of set.blobs) {
    if (expectGone(await repository.deleteBlob(digest))) expectStatus(await repository.headBlob(digest), 404);
  }
};

const referrers: Phase = async (registry, set) => {
  const repository = await push(registry, set);
  for (const [subject, expected] of set.referrers ?? []) {
    const answer = await repository.listReferrers(subject);
    const found = referrersOf(answer);
    expectEqual(digestsOf(found), digestsOf(expected), 'digests of the referrers', answer);
    for (const wanted of expected) {
      const entry = found.find(({ digest }) => digest === wanted.digest);
      for (const field of ['mediaType', 'size', 'artifactType']) {
        expectEqual(entry?.[field], wanted[field], `${field} of ${wanted.digest}`, answer);
      }
      const annotations = { ...(entry?.annotations ?? {}), ...(wanted.annotations ?? {}) };
      const sorted = (record: object) => Object.entries(record).sort();
      expectEqual(sorted(entry?.annotations ?? {}), sorted(annotations), `annotations of ${wanted.digest}`, answer);
    }
    for (const type of new Set(expected.map(({ artifactType }) => String(artifactType)))) {
      const filtered = await repository.listReferrers(subject, `?artifactType=${encodeURIComponent(type)}`);
      if (filtered.header('OCI-Filters-Applied') === undefined) return skip('artifactType filters are not applied');
      expectHeader(filtered, 'OCI-Filters-Applied', /\bartifactType\b/);
      const wanted = expected.filter(({ artifactType }) => artifactType === type);
      expectEqual(digestsOf(referrersOf(filtered)), digestsOf(wanted), `referrers of type ${type}`, filtered);
    }
  }
};

const phases: Readonly<Record<string, { readonly run: Phase; readonly name: string }>> = {
  push: { run: async (registry, set) => void (await push(registry, set)), name: 'is pushed, with all headers' },
  'tag-list': { run: tagList, name: 'its tags are listed, and cut by last' },
  head: { run: head, name: 'HEAD by tag and digest, and of blobs' },
  pull: { run: pull, name: 'GET by tag and digest, and of blobs' },
  delete: { run: remove, name: 'tags, manifests and blobs go at once' },
};

const setsWithReferrers = new Set(['artifacts-with-subject', 'index-with-subject', 'missing-subject']);

/** Sets that a registry may refuse or not support. */
const optionalSets = new Set(['sparse', 'tag-param-sha256', 'tag-param-sha512']);

function dataTest(set: string, phase: string, make: () => DataSet, run: Phase, name: string): Check {
  const level = optionalSets.has(set) ? 'MAY' : 'MUST';
  return check({ id: `${set}/${phase}`, name, clause, level, run: (registry) => run(registry, make()) });
}

const dataTests = Object.entries(dataSets).flatMap(([set, make]) => [
  ...Object.entries(phases).map(([phase, { run, name }]) => dataTest(set, phase, make, run, name)),
  ...(setsWithReferrers.has(set) ? [dataTest(set, 'referrers', make, referrers, 'its referrers are listed')] : []),
]);

const globalTests: readonly Check[] = [
  check({
    id: 'ping',
    name: 'GET /v2/ completes',
    clause,
    level: 'MUST',
    run: async (registry) => expectStatus(await registry.request('GET', '/v2/'), 200, 401),
  }),
  check({
    id: 'empty/tag list',
    name: 'before any push the list is 404, or 200 with JSON',
    clause,
    level: 'MUST',
    run: async (registry) => {
      const answer = await registry.repository().listTags();
      expectStatus(answer, 200, 404);
      if (answer.status === 200) tagsOf(answer);
    },
  }),
  check({
    id: 'empty/referrers',
    name: 'before any push the referrers are 200 with an empty index',
    clause,
    level: 'MUST',
    run: async (registry) => {
      const answer = await registry.repository().listReferrers(absentDigest());
      expectEqual(referrersOf(answer), [], 'referrers', answer);
    },
  }),
];

const errorTests: readonly Check[] = [
  check({
    id: 'missing-manifest/by-digest',
    name: 'is 404',
    clause,
    level: 'MUST',
    run: async (registry) => expectStatus(await registry.repository().getManifest(absentDigest()), 404),
  }),
  check({
    id: 'missing-manifest/by-tag',
    name: 'is 404',
    clause,
    level: 'MUST',
    run: async (registry) => expectStatus(await registry.repository().getManifest('missing'), 404),
  }),
  check({
    id: 'invalid-digest-format/manifest-put',
    name: 'is 400',
    clause,
    level: 'MUST',
    run: async (registry) => {
      const repository = registry.repository();
      const image = imageOf();
      await repository.pushImage(image);
      expectError(await repository.putManifest('sha256:baddigeststring', image.manifest), 400);
    },
  }),
  check({
    id: 'invalid-digest-format/manifest-get',
    name: 'is 400 or 404',
    clause,
    level: 'MUST',
    run: async (registry) => {
      expectStatus(await registry.repository().getManifest('sha256:baddigeststring'), 400, 404);
    },
  }),
];

export const newSuiteData: Section = {
  title: 'Official suite (main): data',
  checks: [...globalTests, ...dataTests, ...errorTests],
};
