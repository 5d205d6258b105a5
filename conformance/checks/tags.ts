// Listing tags (distribution-spec, Listing Tags): order, n, last, Link.
import { check, type Section } from '../check/check.ts';
import {
  expectDeleted,
  expectEqual,
  expectError,
  expectHeader,
  expectNoHeader,
  expectStatus,
  expectTrue,
  fail,
} from '../check/expect.ts';
import type { Answer } from '../client/answer.ts';
import { blobOf, imageOf, indexOf, randomBlob } from '../registry/content.ts';
import type { Registry } from '../registry/registry.ts';
import type { Repository } from '../registry/repository.ts';

const listing = 'distribution-spec: Listing Tags';

/** In byte order, which is not the case-insensitive one. */
const mixed = ['0', '1.0', '10', '9', 'A', 'Z', '_x', 'a', 'a-b', 'a.b', 'aB', 'a_b', 'b', 'latest'];

async function tagged(registry: Registry, tags: readonly string[]): Promise<Repository> {
  const repository = registry.repository();
  const manifest = indexOf([]);
  for (const tag of [...tags].reverse()) await repository.pushManifest(tag, manifest);
  return repository;
}

export function tagsOf(answer: Answer): string[] {
  expectStatus(answer, 200);
  const body = answer.json();
  if (typeof body !== 'object' || body === null || !('tags' in body) || !Array.isArray(body.tags)) {
    return fail('the body has no "tags" array', answer);
  }
  return body.tags.map(String);
}

/** The target of the Link with rel="next" (RFC 5988), resolved; undefined when there is none. */
export function nextPage(answer: Answer, baseUrl: URL): string | undefined {
  const link = answer.header('Link');
  if (link === undefined) return undefined;
  const target = /^<([^>]+)>; *rel="?next"?$/.exec(link)?.[1];
  if (target === undefined) return fail(`Link is not <url>; rel="next": ${link}`, answer);
  return new URL(target, new URL(answer.request.target, baseUrl)).href;
}

const list = check({
  id: 'TAG-1',
  name: 'the list is 200, JSON, {name, tags}',
  clause: listing,
  level: 'MUST',
  run: async (registry) => {
    const repository = await tagged(registry, ['v1', 'v2']);
    const answer = await repository.listTags();
    expectHeader(answer, 'Content-Type', /^application\/json\b/);
    expectEqual(answer.json(), { name: repository.name, tags: ['v1', 'v2'] }, 'body', answer);
  },
});

const empty = check({
  id: 'TAG-1',
  name: 'a repository without tags lists [], not null: after a push by digest, and after its last tag went',
  clause: listing,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const manifest = indexOf([]);
    await repository.pushManifest(manifest.digest, manifest);
    expectEqual((await repository.listTags()).json(), { name: repository.name, tags: [] }, 'body');
    await repository.pushManifest('v1', manifest);
    expectDeleted(await repository.deleteManifest('v1'));
    expectEqual((await repository.listTags()).json(), { name: repository.name, tags: [] }, 'body');
  },
});

const ordered = check({
  id: 'TAG-2',
  name: 'tags are in lexical (case-insensitive) or in byte order',
  clause: listing,
  level: 'MUST',
  run: async (registry) => {
    const tags = ['B', 'a', 'b1', 'C', 'd'];
    const listed = tagsOf(await (await tagged(registry, tags)).listTags());
    const bytes = ['B', 'C', 'a', 'b1', 'd'];
    const lexical = ['a', 'B', 'b1', 'C', 'd'];
    const orders = [bytes, lexical].map((order) => JSON.stringify(order));
    expectTrue(orders.includes(JSON.stringify(listed)), `tags are neither in lexical nor in byte order: ${listed}`);
  },
});

const byteOrder = check({
  id: 'CHOSEN-6',
  name: 'tags are in byte order',
  clause: `${listing} (main: "ASCIIbetical")`,
  level: 'CHOSEN',
  run: async (registry) => {
    const listed = tagsOf(await (await tagged(registry, mixed)).listTags());
    expectEqual(listed, mixed, 'tags');
  },
});

const limited = check({
  id: 'TAG-3',
  name: 'n gives exactly n tags, the first ones; fewer only when there are no more',
  clause: listing,
  level: 'MUST',
  run: async (registry) => {
    const repository = await tagged(registry, ['a', 'b', 'c', 'd', 'e']);
    for (const [n, expected] of [
      [1, ['a']],
      [3, ['a', 'b', 'c']],
      [5, ['a', 'b', 'c', 'd', 'e']],
      [6, ['a', 'b', 'c', 'd', 'e']],
    ] as const) {
      expectEqual(tagsOf(await repository.listTags(`?n=${n}`)), expected, `tags with n=${n}`);
    }
  },
});

const hugeN = check({
  id: 'BAD-N',
  name: 'n=1000000000 is 200 with everything and no Link',
  clause: listing,
  level: 'SHOULD',
  run: async (registry) => {
    const repository = await tagged(registry, ['a', 'b']);
    const answer = await repository.listTags('?n=1000000000');
    expectEqual(tagsOf(answer), ['a', 'b'], 'tags');
    expectNoHeader(answer, 'Link');
  },
});

const zero = check({
  id: 'TAG-4',
  name: 'n=0 gives an empty list and no Link, with last too',
  clause: listing,
  level: 'MUST',
  run: async (registry) => {
    const repository = await tagged(registry, ['a', 'b']);
    for (const query of ['?n=0', '?n=0&last=a']) {
      const answer = await repository.listTags(query);
      expectEqual(tagsOf(answer), [], `tags with ${query}`, answer);
      expectNoHeader(answer, 'Link');
    }
  },
});

const badN = check({
  id: 'BAD-N',
  name: 'n=-1, n=abc, n=1.5 and the like are 400',
  clause: listing,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = await tagged(registry, ['a', 'b']);
    for (const n of ['-1', 'abc', '1.5', '1e3', '0x10', '%201', '1%00', 'NaN', 'Infinity']) {
      expectError(await repository.listTags(`?n=${n}`), 400);
    }
  },
});

const links = check({
  id: 'TAG-5',
  name: 'following Link rel=next from n=3 gives every tag once, in order, and ends',
  clause: `${listing}; RFC 5988`,
  level: 'MAY',
  run: async (registry) => {
    const repository = await tagged(registry, mixed);
    const [seen, pages]: [string[], number[]] = [[], []];
    let next: string | undefined = repository.path('tags/list?n=3');
    while (next !== undefined && pages.length < 20) {
      const answer = await registry.request('GET', next);
      const tags = tagsOf(answer);
      seen.push(...tags);
      pages.push(tags.length);
      next = nextPage(answer, registry.baseUrl);
    }
    expectEqual(seen, mixed, 'tags of all pages');
    expectEqual(pages, [3, 3, 3, 3, 2], 'tags a page');
  },
});

const noLink = check({
  id: 'TAG-5',
  name: 'no Link on the last page, also when it is full',
  clause: listing,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = await tagged(registry, ['a', 'b', 'c', 'd']);
    expectHeader(await repository.listTags('?n=2'), 'Link');
    for (const query of ['', '?n=4', '?n=5', '?n=2&last=b', '?last=a']) {
      expectNoHeader(await repository.listTags(query), 'Link');
    }
  },
});

const last = check({
  id: 'TAG-6',
  name: 'last excludes itself and everything before it, with n and without',
  clause: listing,
  level: 'MUST',
  run: async (registry) => {
    const repository = await tagged(registry, ['a', 'b', 'c', 'd', 'e']);
    expectEqual(tagsOf(await repository.listTags('?last=b')), ['c', 'd', 'e'], 'tags after b');
    expectEqual(tagsOf(await repository.listTags('?n=2&last=b')), ['c', 'd'], 'two tags after b');
    expectEqual(tagsOf(await repository.listTags('?n=2&last=e')), [], 'tags after the last one');
  },
});

const lastAbsent = check({
  id: 'CHOSEN-7',
  name: 'last that names no tag is a position',
  clause: listing,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = await tagged(registry, ['b', 'd', 'f']);
    for (const [position, expected] of [
      ['a', ['b', 'd', 'f']],
      ['c', ['d', 'f']],
      ['ca', ['d', 'f']],
      ['zzz', []],
      ['', ['b', 'd', 'f']],
    ] as const) {
      expectEqual(tagsOf(await repository.listTags(`?last=${position}`)), expected, `tags after "${position}"`);
    }
  },
});

const everything = check({
  id: 'TAG-7',
  name: 'without n a repository with 150 tags lists them all on one page',
  clause: `${listing}; neither official suite follows Link`,
  level: 'CHOSEN',
  run: async (registry) => {
    const tags = Array.from({ length: 150 }, (_, at) => `t${String(at).padStart(3, '0')}`);
    const repository = registry.repository();
    const manifest = indexOf([]);
    await Promise.all(tags.map((tag) => repository.pushManifest(tag, manifest)));
    expectEqual(tagsOf(await repository.listTags()), tags, 'tags');
  },
});

const unknownRepository = check({
  id: 'CHOSEN-4',
  name: 'tags of a repository that does not exist are 404 NAME_UNKNOWN',
  clause: 'distribution-spec: Pushing Manifests ("an attempt to pull a nonexistent repository")',
  level: 'CHOSEN',
  run: async (registry) => {
    expectError(await registry.repository().listTags(), 404, 'NAME_UNKNOWN');
    expectError(await registry.repository().listTags('?n=5'), 404, 'NAME_UNKNOWN');
  },
});

const hiddenFallback = check({
  id: 'TAG-1',
  name: 'referrers that the registry keeps under fallback tags of its own are not listed as tags',
  clause: 'distribution-spec: Referrers Tag Schema is the client’s; the registry lists what was tagged',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf({ layers: [randomBlob()] });
    await repository.pushImage(image, 'v1');
    const subject = {
      mediaType: image.manifest.mediaType,
      digest: image.manifest.digest,
      size: image.manifest.bytes.length,
    };
    const referrer = indexOf([], { fields: { subject, annotations: { a: blobOf('x').digest } } });
    await repository.pushManifest(referrer.digest, referrer);
    expectEqual(tagsOf(await repository.listTags()), ['v1'], 'tags');
  },
});

export const tags: Section = {
  title: 'Tags',
  checks: [
    list,
    empty,
    ordered,
    byteOrder,
    limited,
    hugeN,
    zero,
    badN,
    links,
    noLink,
    last,
    lastAbsent,
    everything,
    unknownRepository,
    hiddenFallback,
  ],
};
