// Mounting blobs from other repositories (distribution-spec, Mounting a blob from another repository).
import { check, type Section } from '../check/check.ts';
import { expectBody, expectEqual, expectError, expectHeader, expectStatus, expectTrue, skip } from '../check/expect.ts';
import type { Answer } from '../client/answer.ts';
import { absentDigest, blobOf, randomBlob } from '../registry/content.ts';
import type { Registry } from '../registry/registry.ts';
import type { Repository } from '../registry/repository.ts';
import { octetStream } from '../registry/upload-session.ts';

const mounting = 'distribution-spec: Mounting a blob from another repository';

function mount(target: Repository, digest: string, from?: string): Promise<Answer> {
  const source = from === undefined ? '' : `&from=${encodeURIComponent(from)}`;
  return target.postUpload(`?mount=${digest}${source}`, { headers: { 'Content-Length': '0' } });
}

function expectMounted(answer: Answer, target: Repository, digest: string, registry: Registry): void {
  if (answer.status === 202) skip('mounting is not supported, or not of this blob: 202');
  expectStatus(answer, 201);
  const { pathname } = new URL(expectHeader(answer, 'Location'), registry.baseUrl);
  expectEqual(pathname, target.path(`blobs/${digest}`), 'path of the Location', answer);
}

const withFrom = check({
  id: 'MNT-1',
  name: 'mount with from is 201 with the Location /v2/<target>/blobs/<digest>, which gives the blob',
  clause: mounting,
  level: 'MUST',
  run: async (registry) => {
    const [source, target] = [registry.repository(), registry.repository()];
    for (const blob of [randomBlob(), randomBlob(3_000_000), blobOf('')]) {
      await source.pushBlob(blob);
      expectMounted(await mount(target, blob.digest, source.name), target, blob.digest, registry);
      expectBody(await target.getBlob(blob.digest), blob.bytes);
    }
  },
});

const sha512 = check({
  id: 'MNT-1',
  name: 'a blob is mounted by its sha512 digest as well',
  clause: `${mounting}; sha512 is not mandatory`,
  level: 'CHOSEN',
  run: async (registry) => {
    const [source, target] = [registry.repository(), registry.repository()];
    const blob = randomBlob(512, 'sha512');
    await source.pushBlob(blob);
    expectMounted(await mount(target, blob.digest, source.name), target, blob.digest, registry);
    expectBody(await target.getBlob(blob.digest), blob.bytes);
  },
});

const literalLocation = check({
  id: 'MNT-1',
  name: 'the Location of a mount is path-only and not percent-encoded, Docker-Content-Digest beside it',
  clause: 'conformance suite v1.1.1 compares it literally',
  level: 'CHOSEN',
  run: async (registry) => {
    const [source, target] = [registry.repository(), registry.repository()];
    const blob = randomBlob();
    await source.pushBlob(blob);
    const answer = await mount(target, blob.digest, source.name);
    expectHeader(answer, 'Location', target.path(`blobs/${blob.digest}`));
    expectHeader(answer, 'Docker-Content-Digest', blob.digest);
  },
});

const survives = check({
  id: 'MNT-1',
  name: 'a mounted blob stays when the source deletes its own',
  clause: mounting,
  level: 'MUST',
  run: async (registry) => {
    const [source, target] = [registry.repository(), registry.repository()];
    const blob = randomBlob();
    await source.pushBlob(blob);
    expectMounted(await mount(target, blob.digest, source.name), target, blob.digest, registry);
    const deleted = await source.deleteBlob(blob.digest);
    if (deleted.status === 405) return skip('blobs cannot be deleted');
    expectStatus(deleted, 202);
    expectStatus(await source.getBlob(blob.digest), 404);
    expectBody(await target.getBlob(blob.digest), blob.bytes);
  },
});

const impossible = check({
  id: 'MNT-2',
  name: 'a blob that is nowhere: 202 with a session, with from and without, and the push goes on there',
  clause: mounting,
  level: 'MUST',
  run: async (registry) => {
    const [source, target] = [registry.repository(), registry.repository()];
    await source.pushBlob(randomBlob());
    for (const from of [source.name, undefined, target.name]) {
      const blob = randomBlob();
      const session = target.sessionOf(await mount(target, blob.digest, from));
      expectStatus(await session.put(blob.digest, blob.bytes), 201);
      expectBody(await target.getBlob(blob.digest), blob.bytes);
    }
  },
});

const badFrom = check({
  id: 'MNT-2',
  name: 'from that is unknown or no name at all is 202 (never 404), and the session works',
  clause: mounting,
  level: 'SHOULD',
  run: async (registry) => {
    const target = registry.repository();
    const unknown = registry.repository().name;
    for (const from of [unknown, 'UPPER/Case', '../../etc', '', 'a//b', 'x'.repeat(300)]) {
      const blob = randomBlob();
      const answer = await mount(target, blob.digest, from);
      expectStatus(answer, 202);
      expectStatus(await target.sessionOf(answer).put(blob.digest, blob.bytes), 201);
    }
  },
});

const badDigest = check({
  id: 'MNT-2',
  name: 'a malformed digest to mount is 400 DIGEST_INVALID or 202 with a session',
  clause: mounting,
  level: 'SHOULD',
  run: async (registry) => {
    const [source, target] = [registry.repository(), registry.repository()];
    await source.pushBlob(randomBlob());
    for (const digest of ['sha256:short', 'nonsense', `md5:${'a'.repeat(32)}`, '../..']) {
      const answer = await mount(target, digest, source.name);
      expectStatus(answer, 400, 202);
      if (answer.status === 400) expectError(answer, 400, 'DIGEST_INVALID');
    }
  },
});

const anonymous = check({
  id: 'MNT-3',
  name: 'mount without from finds the blob in another repository: 201',
  clause: mounting,
  level: 'MAY',
  run: async (registry) => {
    const [source, target] = [registry.repository(), registry.repository()];
    for (const blob of [randomBlob(), randomBlob(512, 'sha512')]) {
      await source.pushBlob(blob);
      expectMounted(await mount(target, blob.digest), target, blob.digest, registry);
      expectBody(await target.getBlob(blob.digest), blob.bytes);
    }
  },
});

const anonymousAfterDelete = check({
  id: 'MNT-3',
  name: 'a blob that its only repository deleted cannot be mounted any more: 202',
  clause: mounting,
  level: 'CHOSEN',
  run: async (registry) => {
    const [source, target] = [registry.repository(), registry.repository()];
    const blob = randomBlob();
    await source.pushBlob(blob);
    expectStatus(await source.deleteBlob(blob.digest), 202);
    expectStatus(await mount(target, blob.digest), 202);
    expectStatus(await mount(target, blob.digest, source.name), 202);
    expectStatus(await target.getBlob(blob.digest), 404);
  },
});

const noOracle = check({
  id: 'MNT-4',
  name: 'a source that exists without the blob and one that does not exist are answered alike',
  clause: `${mounting}; existence is not to be learned from a mount`,
  level: 'MUST',
  run: async (registry) => {
    const [existing, target] = [registry.repository(), registry.repository()];
    await existing.pushBlob(randomBlob());
    const answers = [
      await mount(target, absentDigest(), existing.name),
      await mount(target, absentDigest(), registry.repository().name),
    ];
    for (const answer of answers) expectStatus(answer, 202);
    const [one, two] = answers.map((answer) => answer.headerLines.map(([name]) => name).sort());
    expectEqual(one, two, 'header names of the two answers');
  },
});

const alreadyThere = check({
  id: 'MNT-5',
  name: 'a blob that the target has already: 201, with from and without, whatever from says',
  clause: `${mounting}; conformance suite v1.1.1: OCI_AUTOMATIC_CROSSMOUNT`,
  level: 'CHOSEN',
  run: async (registry) => {
    const target = registry.repository();
    const blob = randomBlob();
    await target.pushBlob(blob);
    for (const from of [undefined, target.name, registry.repository().name]) {
      expectMounted(await mount(target, blob.digest, from), target, blob.digest, registry);
    }
  },
});

const mountWins = check({
  id: 'MNT-1',
  name: 'mount and digest in one POST: the mount wins',
  clause: `${mounting}; distribution does the same`,
  level: 'CHOSEN',
  run: async (registry) => {
    const [source, target] = [registry.repository(), registry.repository()];
    const blob = randomBlob();
    await source.pushBlob(blob);
    const query = `?mount=${blob.digest}&from=${encodeURIComponent(source.name)}&digest=${absentDigest()}`;
    const answer = await target.postUpload(query, { headers: octetStream, body: Buffer.alloc(0) });
    expectMounted(answer, target, blob.digest, registry);
  },
});

const large = check({
  id: 'MNT-1',
  name: 'many mounts at once of one blob into many repositories all succeed',
  clause: mounting,
  level: 'MUST',
  run: async (registry) => {
    const source = registry.repository();
    const blob = randomBlob(100_000);
    await source.pushBlob(blob);
    const targets = Array.from({ length: 16 }, () => registry.repository());
    const answers = await Promise.all(targets.map((target) => mount(target, blob.digest, source.name)));
    for (const [at, answer] of answers.entries()) {
      const target = targets[at];
      if (target === undefined) continue;
      expectMounted(answer, target, blob.digest, registry);
      const found = await target.headBlob(blob.digest);
      expectTrue(found.header('Content-Length') === '100000', 'a mounted blob has another size', found);
    }
  },
});

export const mounts: Section = {
  title: 'Mounts',
  checks: [
    withFrom,
    sha512,
    literalLocation,
    survives,
    impossible,
    badFrom,
    badDigest,
    anonymous,
    anonymousAfterDelete,
    noOracle,
    alreadyThere,
    mountWins,
    large,
  ],
};
