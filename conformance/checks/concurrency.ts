// Many clients at once: nothing acknowledged is lost, nothing is half there.
import { check, type Section } from '../check/check.ts';
import { expectBody, expectEqual, expectHeader, expectStatus, expectTrue, skip } from '../check/expect.ts';
import { imageOf, indexOf, randomBlob, referrerOf } from '../registry/content.ts';
import { digestsOf, referrersOf } from './referrers.ts';
import { tagsOf } from './tags.ts';

const clause = 'distribution-spec: Pushing Manifests; every 201 is a promise';

const tagsAtOnce = check({
  id: 'MAN-13',
  name: '64 tags pushed at once are all there',
  clause,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const tags = Array.from({ length: 64 }, (_, at) => `t${String(at).padStart(2, '0')}`);
    const manifests = tags.map((tag) => indexOf([], { fields: { annotations: { tag } } }));
    await Promise.all(manifests.map((manifest, at) => repository.pushManifest(tags[at] ?? manifest.digest, manifest)));
    expectEqual(tagsOf(await repository.listTags()), tags, 'tags');
    for (const [at, manifest] of manifests.entries()) {
      expectBody(await repository.getManifest(tags[at] ?? ''), manifest.bytes);
    }
  },
});

const oneTag = check({
  id: 'MAN-13',
  name: '32 pushes of one tag at once: it ends at one of them, and all stay by digest',
  clause,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const manifests = Array.from({ length: 32 }, (_, at) =>
      indexOf([], { fields: { annotations: { at: String(at) } } }),
    );
    await Promise.all(manifests.map((manifest) => repository.pushManifest('latest', manifest)));
    const latest = expectHeader(await repository.getManifest('latest'), 'Docker-Content-Digest');
    expectTrue(
      manifests.some(({ digest }) => digest === latest),
      `latest is ${latest}, which nobody pushed`,
    );
    for (const { digest } of manifests) expectStatus(await repository.headManifest(digest), 200);
  },
});

const readersAndWriters = check({
  id: 'MAN-13',
  name: 'while a tag moves 40 times, every reader gets one whole manifest, never a 404 or a half',
  clause: 'distribution-spec: Pushing Manifests; the tag moves in one step',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const manifests = Array.from({ length: 40 }, (_, at) =>
      indexOf([], { fields: { annotations: { at: String(at) } } }),
    );
    const [first = indexOf([])] = manifests;
    await repository.pushManifest('latest', first);
    let writing = true;
    const reader = async (): Promise<void> => {
      while (writing) {
        const answer = await repository.getManifest('latest');
        expectStatus(answer, 200);
        const known = manifests.some(({ bytes }) => answer.body.equals(bytes));
        expectTrue(known, 'a reader got something that nobody pushed', answer);
      }
    };
    const readers = Promise.all([reader(), reader(), reader(), reader()]);
    // A reader that fails must not leave the others running for ever.
    const writer = (async () => {
      for (const manifest of manifests) await repository.pushManifest('latest', manifest);
    })().finally(() => {
      writing = false;
    });
    await Promise.all([readers, writer]);
  },
});

const referrersAtOnce = check({
  id: 'REF-5',
  name: '32 referrers attached at once are all listed',
  clause: 'distribution-spec: Listing Referrers',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const subject = imageOf();
    await repository.pushImage(subject, 'v1');
    const referrers = Array.from({ length: 32 }, () => referrerOf(subject.manifest, 'application/vnd.example.sbom'));
    const [first = subject] = referrers;
    await repository.pushImage(first);
    await Promise.all(referrers.map(({ manifest }) => repository.pushManifest(manifest.digest, manifest)));
    const listed = digestsOf(referrersOf(await repository.listReferrers(subject.manifest.digest)));
    expectEqual(listed, referrers.map(({ manifest }) => manifest.digest).sort(), 'referrers');
  },
});

const sameBlob = check({
  id: 'BLOB-3',
  name: 'the same blob pushed 16 times at once into 4 repositories is whole everywhere',
  clause: 'distribution-spec: Layer Upload De-duplication',
  level: 'MUST',
  run: async (registry) => {
    const repositories = Array.from({ length: 4 }, () => registry.repository());
    const blob = randomBlob(400_000);
    const pushes = repositories.flatMap((repository) => Array.from({ length: 4 }, () => repository.pushBlob(blob)));
    await Promise.all(pushes);
    for (const repository of repositories) expectBody(await repository.getBlob(blob.digest), blob.bytes);
  },
});

const deletesAndPushes = check({
  id: 'DEL-2',
  name: 'pushes and deletes of 24 tags at once end as acknowledged',
  clause,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const manifests = Array.from({ length: 24 }, (_, at) =>
      indexOf([], { fields: { annotations: { at: String(at) } } }),
    );
    await Promise.all(manifests.map((manifest, at) => repository.pushManifest(`old-${at}`, manifest)));
    const answers = await Promise.all(
      manifests.flatMap((manifest, at) => [
        repository.deleteManifest(`old-${at}`),
        repository.putManifest(`new-${at}`, manifest),
      ]),
    );
    if (answers.some(({ status }) => status === 405)) return skip('deletes are switched off');
    for (const answer of answers) expectStatus(answer, answer.request.method === 'DELETE' ? 202 : 201);
    const expected = manifests.map((_, at) => `new-${at}`).sort();
    expectEqual(tagsOf(await repository.listTags()).sort(), expected, 'tags');
  },
});

export const concurrency: Section = {
  title: 'Concurrency',
  checks: [tagsAtOnce, oneTag, readersAndWriters, referrersAtOnce, sameBlob, deletesAndPushes],
};
