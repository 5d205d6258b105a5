// Around the spec's core: the catalog of Docker, extensions, proxying (distribution-spec, Extensions, Registry Proxying).
import { check, type Section } from '../check/check.ts';
import {
  expectEqual,
  expectError,
  expectHeader,
  expectNoHeader,
  expectStatus,
  expectTrue,
  fail,
} from '../check/expect.ts';
import type { Answer } from '../client/answer.ts';
import { absentDigest, acceptManifests, imageOf, indexOf, randomBlob } from '../registry/content.ts';
import type { Registry } from '../registry/registry.ts';
import { nextPage } from './tags.ts';

const docker = 'docker: Listing Repositories (_catalog); the spec only reserves the name';
const extensions = 'distribution-spec: extensions/README.md';
const proxying = 'distribution-spec (main): Registry Proxying';

/** A directory walk gets this order wrong: "-" and "." sort before "/", digits after it. */
const suffixes = ['a', 'a-b', 'a.b', 'a/b', 'a/b/c', 'a0', 'a_b', 'b'];

async function population(registry: Registry): Promise<{ prefix: string; names: string[] }> {
  const prefix = registry.repository().name;
  const names = suffixes.map((suffix) => `${prefix}/${suffix}`);
  const manifest = indexOf([]);
  for (const name of [...names].reverse()) await registry.named(name).pushManifest('v1', manifest);
  return { prefix, names };
}

function repositoriesOf(answer: Answer): string[] {
  expectStatus(answer, 200);
  const body = answer.json();
  if (typeof body !== 'object' || body === null || !('repositories' in body) || !Array.isArray(body.repositories)) {
    return fail('the body has no "repositories" array', answer);
  }
  return body.repositories.map(String);
}

const listed = check({
  id: 'GEN-1',
  name: '_catalog lists every repository, in byte order',
  clause: docker,
  level: 'CHOSEN',
  run: async (registry) => {
    const { prefix, names } = await population(registry);
    const all = repositoriesOf(await registry.request('GET', '/v2/_catalog'));
    expectEqual(
      all.filter((name) => name.startsWith(`${prefix}/`)),
      names,
      'repositories',
    );
    const ordered = [...all].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expectEqual(all, ordered, 'order of the whole catalog');
  },
});

const paged = check({
  id: 'GEN-1',
  name: '_catalog pages with n, last and Link rel=next',
  clause: docker,
  level: 'CHOSEN',
  run: async (registry) => {
    const { prefix, names } = await population(registry);
    const after = (n: number) => `/v2/_catalog?n=${n}&last=${encodeURIComponent(prefix)}`;
    expectEqual(repositoriesOf(await registry.request('GET', after(3))), names.slice(0, 3), 'first three');
    for (const n of [1, 3]) {
      const seen: string[] = [];
      let next: string | undefined = after(n);
      while (next !== undefined && seen.length < names.length) {
        const answer = await registry.request('GET', next);
        const page = repositoriesOf(answer);
        expectTrue(page.length <= n, `a page of ${page.length} with n=${n}`, answer);
        seen.push(...page);
        next = nextPage(answer, registry.baseUrl);
      }
      expectEqual(seen.slice(0, names.length), names, `repositories in pages of ${n}`);
    }
  },
});

const catalogN = check({
  id: 'BAD-N',
  name: '_catalog: n=0 is empty without Link, n=-1 and n=abc are 400, n=1000000000 is everything',
  clause: docker,
  level: 'CHOSEN',
  run: async (registry) => {
    await population(registry);
    const none = await registry.request('GET', '/v2/_catalog?n=0');
    expectEqual(repositoriesOf(none), [], 'repositories with n=0');
    expectNoHeader(none, 'Link');
    for (const n of ['-1', 'abc', '1.5']) expectError(await registry.request('GET', `/v2/_catalog?n=${n}`), 400);
    const all = await registry.request('GET', '/v2/_catalog?n=1000000000');
    expectEqual(
      repositoriesOf(all).length,
      repositoriesOf(await registry.request('GET', '/v2/_catalog')).length,
      'all',
    );
    expectNoHeader(all, 'Link');
  },
});

const onlyWritten = check({
  id: 'GEN-1',
  name: 'reading a repository that does not exist does not create it',
  clause: docker,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    await repository.listTags();
    await repository.listReferrers(absentDigest());
    await repository.getManifest('v1');
    await repository.headBlob(absentDigest());
    await repository.deleteManifest('v1');
    const query = `/v2/_catalog?n=1&last=${encodeURIComponent(repository.name.slice(0, -1))}`;
    const found = repositoriesOf(await registry.request('GET', query));
    expectTrue(!found.includes(repository.name), `${repository.name} is listed`);
    expectError(await repository.listTags(), 404, 'NAME_UNKNOWN');
  },
});

const namespaceParameter = check({
  id: 'PRX-1',
  name: 'ns is accepted on every request and, where it is used, echoed in OCI-Namespace (containerd mirrors send it)',
  clause: proxying,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image, 'v1');
    const ns = 'ns=registry.example.org';
    const requests = [
      ['GET', 'manifests/v1', 200],
      ['HEAD', 'manifests/v1', 200],
      ['GET', `manifests/${image.manifest.digest}`, 200],
      ['GET', `blobs/${image.config.digest}`, 200],
      ['HEAD', `blobs/${image.config.digest}`, 200],
      ['GET', 'tags/list', 200],
      ['POST', 'blobs/uploads/', 202],
    ] as const;
    for (const [method, rest, status] of requests) {
      const answer = await repository.request(method, `${rest}?${ns}`, { headers: { Accept: acceptManifests } });
      expectStatus(answer, status);
      if (answer.header('OCI-Namespace') !== undefined) expectHeader(answer, 'OCI-Namespace', 'registry.example.org');
    }
    expectStatus(await repository.listReferrers(image.manifest.digest, `?${ns}`), 200, 404);
    expectStatus(await repository.getManifest(`v2?${ns}`), 404);
  },
});

const unknownParameters = check({
  id: 'PRX-1',
  name: 'query parameters that nobody knows change nothing',
  clause: proxying,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image);
    expectStatus(await repository.putManifest('v1', image.manifest, { query: 'foo=bar&foo=baz&x&=y' }), 201);
    for (const rest of ['manifests/v1', `blobs/${image.config.digest}`, 'tags/list']) {
      const headers = { Accept: acceptManifests };
      expectStatus(await repository.request('GET', `${rest}?foo=bar&foo[]=1&__proto__=x&x`, { headers }), 200);
    }
    const blob = randomBlob();
    const session = await repository.startUpload('?foo=bar');
    const target = `${session.location}${session.location.includes('?') ? '&' : '?'}foo=bar&digest=${blob.digest}`;
    expectStatus(await session.putTo(target, blob.bytes), 201);
  },
});

const discovery = check({
  id: 'EXT-1',
  name: '_oci/ext/discover is 404 where there are no extensions, else 200 with {extensions: [...]}',
  clause: `${extensions}; extensions/_oci.md`,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    await repository.pushImage(imageOf(), 'v1');
    for (const path of ['/v2/_oci/ext/discover', repository.path('_oci/ext/discover')]) {
      const answer = await registry.request('GET', path);
      expectStatus(answer, 200, 404);
      if (answer.status === 404) continue;
      const body = answer.json() as { extensions?: unknown };
      expectTrue(Array.isArray(body.extensions), 'the body has no "extensions" array', answer);
    }
  },
});

const unknownExtension = check({
  id: 'EXT-1',
  name: 'an extension that is not there is 404',
  clause: extensions,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    await repository.pushImage(imageOf(), 'v1');
    const paths = ['/v2/_nothing/at/all', repository.path('_nothing/at/all'), '/v2/_oci/nothing', '/v2/_docker/x'];
    for (const path of paths) expectStatus(await registry.request('GET', path), 404);
  },
});

export const catalog: Section = {
  title: 'Catalog and extensions',
  checks: [listed, paged, catalogN, onlyWritten, namespaceParameter, unknownParameters, discovery, unknownExtension],
};
