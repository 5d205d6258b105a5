// Filters and pages of the referrers API (distribution-spec, Listing Referrers).
import { check, type Section } from '../check/check.ts';
import { expectEqual, expectHeader, expectNoHeader, expectTrue, skip } from '../check/expect.ts';
import type { Answer } from '../client/answer.ts';
import { type Descriptor, descriptorOfManifest, imageOf, mediaTypes, referrerOf } from '../registry/content.ts';
import { attached, digestsOf, referrersOf } from './referrers.ts';
import { nextPage } from './tags.ts';

const listing = 'distribution-spec: Listing Referrers';
const sbom = 'application/vnd.example.sbom+json';
const signature = 'application/vnd.example.signature';

function filtered(answer: Answer): Descriptor[] {
  const found = referrersOf(answer);
  if (answer.header('OCI-Filters-Applied') === undefined) skip('artifactType filters are not applied');
  expectHeader(answer, 'OCI-Filters-Applied', 'artifactType');
  return found;
}

const filter = check({
  id: 'REF-8',
  name: 'artifactType filters on the derived type, OCI-Filters-Applied: artifactType says so, without it no such header',
  clause: listing,
  level: 'SHOULD',
  run: async (registry) => {
    const { repository, subject, referrers } = await attached(registry);
    const { digest } = subject.manifest;
    const [first] = referrers;
    const derived = imageOf({ fields: { subject: descriptorOfManifest(subject.manifest) } });
    await repository.pushImage(derived);
    const by = async (type: string) =>
      digestsOf(filtered(await repository.listReferrers(digest, `?artifactType=${encodeURIComponent(type)}`)));
    expectEqual(await by(sbom), [first?.manifest.digest], 'referrers with a + in their type');
    expectEqual((await by(signature)).length, 2, 'number of signatures');
    expectEqual(await by(mediaTypes.imageConfig), [derived.manifest.digest], 'referrers by their config type');
    expectEqual(await by('application/vnd.example.none'), [], 'referrers of a type that none has');
    expectNoHeader(await repository.listReferrers(digest), 'OCI-Filters-Applied');
  },
});

const filterWithPlus = check({
  id: 'REF-8',
  name: 'a + in the filter that was not encoded still means +',
  clause: 'several clients do not encode it; a media type has no spaces',
  level: 'CHOSEN',
  run: async (registry) => {
    const { repository, subject } = await attached(registry);
    const answer = await repository.listReferrers(subject.manifest.digest, `?artifactType=${sbom}`);
    expectEqual(filtered(answer).length, 1, 'number of SBOMs', answer);
  },
});

const severalFilters = check({
  id: 'REF-8',
  name: 'several artifactType parameters match any of them (containerd sends several)',
  clause: `${listing}; containerd`,
  level: 'CHOSEN',
  run: async (registry) => {
    const { repository, subject } = await attached(registry);
    const query = `?artifactType=${encodeURIComponent(sbom)}&artifactType=${signature}`;
    const answer = await repository.listReferrers(subject.manifest.digest, query);
    expectEqual(filtered(answer).length, 3, 'number of SBOMs and signatures', answer);
  },
});

const paged = check({
  id: 'REF-9',
  name: 'more than 4 MiB of referrers come in pages with Link, each a whole index of at most 4 MiB, none twice',
  clause: listing,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const subject = imageOf();
    await repository.pushImage(subject, 'v1');
    const pushed: string[] = [];
    for (let at = 0; at < 7; at += 1) {
      const referrer = referrerOf(subject.manifest, signature, {
        annotations: { number: String(at), padding: 'x'.repeat(1_000_000) },
      });
      await repository.pushImage(referrer);
      pushed.push(referrer.manifest.digest);
    }
    for (const start of ['', `?artifactType=${signature}`]) {
      const found: string[] = [];
      let next: string | undefined = repository.path(`referrers/${subject.manifest.digest}${start}`);
      for (let pages = 0; next !== undefined && pages < 10; pages += 1) {
        const answer = await registry.request('GET', next);
        found.push(...digestsOf(referrersOf(answer)));
        expectTrue(answer.body.length <= 4 * 1024 * 1024, `a page of ${answer.body.length} bytes`, answer);
        if (start !== '') expectHeader(answer, 'OCI-Filters-Applied', 'artifactType');
        next = nextPage(answer, registry.baseUrl);
      }
      expectEqual(found.sort(), [...pushed].sort(), 'referrers of all pages');
    }
  },
});

export const referrerFilters: Section = {
  title: 'Referrers: filters and pages',
  checks: [filter, filterWithPlus, severalFilters, paged],
};
