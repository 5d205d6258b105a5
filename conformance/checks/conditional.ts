// Conditional requests, methods and other general HTTP behaviour that the spec leaves to RFC 9110.
import { check, type Section } from '../check/check.ts';
import {
  expectBody,
  expectEmptyBody,
  expectEqual,
  expectError,
  expectHeader,
  expectStatus,
  expectTrue,
  skip,
} from '../check/expect.ts';
import type { Answer } from '../client/answer.ts';
import { absentDigest, acceptManifests, imageOf } from '../registry/content.ts';
import type { Registry } from '../registry/registry.ts';

/** A GET of a blob and of a manifest by tag and digest, each with the headers given. */
async function pullers(registry: Registry) {
  const repository = registry.repository();
  const image = imageOf();
  await repository.pushImage(image, 'v1');
  return [
    { bytes: image.config.bytes, path: repository.path(`blobs/${image.config.digest}`) },
    { bytes: image.manifest.bytes, path: repository.path('manifests/v1') },
    { bytes: image.manifest.bytes, path: repository.path(`manifests/${image.manifest.digest}`) },
  ];
}

function ask(registry: Registry, method: string, path: string, ifNoneMatch?: string): Promise<Answer> {
  const condition = ifNoneMatch === undefined ? {} : { 'If-None-Match': ifNoneMatch };
  return registry.request(method, path, { headers: { Accept: acceptManifests, ...condition } });
}

const etag = check({
  id: 'GEN-7',
  name: 'blobs and manifests carry a strong ETag, the same on GET and HEAD',
  clause: 'RFC 9110, section 8.8.3',
  level: 'CHOSEN',
  run: async (registry) => {
    for (const { path } of await pullers(registry)) {
      const tag = expectHeader(await ask(registry, 'GET', path), 'ETag', /^"[^"]+"$/);
      expectHeader(await ask(registry, 'HEAD', path), 'ETag', tag);
    }
  },
});

const notModified = check({
  id: 'GEN-7',
  name: 'If-None-Match with the ETag (also weak, in a list, or *) is 304 without a body',
  clause: 'RFC 9110, section 13.1.2',
  level: 'MUST',
  run: async (registry) => {
    for (const { path } of await pullers(registry)) {
      const tag = (await ask(registry, 'GET', path)).header('ETag');
      if (tag === undefined) return skip('no ETag');
      for (const condition of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
        for (const method of ['GET', 'HEAD']) {
          const answer = await ask(registry, method, path, condition);
          expectStatus(answer, 304);
          expectEmptyBody(answer);
          expectHeader(answer, 'ETag', tag);
        }
      }
    }
  },
});

const modified = check({
  id: 'GEN-7',
  name: 'If-None-Match with another ETag is 200 and everything',
  clause: 'RFC 9110, section 13.1.2',
  level: 'MUST',
  run: async (registry) => {
    for (const { path, bytes } of await pullers(registry)) {
      const answer = await ask(registry, 'GET', path, '"other", W/"another"');
      expectStatus(answer, 200);
      expectBody(answer, bytes);
    }
  },
});

const conditionOnMissing = check({
  id: 'GEN-7',
  name: 'If-None-Match on what does not exist is 404, not 304',
  clause: 'RFC 9110, section 13.2.1',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    await repository.pushImage(imageOf(), 'v1');
    for (const condition of ['"x"', '*']) {
      expectStatus(await repository.getBlob(absentDigest(), { 'If-None-Match': condition }), 404);
      expectStatus(await repository.getManifest('v2', { 'If-None-Match': condition }), 404);
    }
  },
});

const movedTag = check({
  id: 'GEN-7',
  name: 'the ETag of a tag changes with the tag',
  clause: 'RFC 9110, section 8.8.3',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    await repository.pushImage(imageOf(), 'v1');
    const before = (await repository.getManifest('v1')).header('ETag');
    if (before === undefined) return skip('no ETag on manifests');
    await repository.pushImage(imageOf(), 'v1');
    expectStatus(await repository.getManifest('v1', { 'If-None-Match': before }), 200);
  },
});

const wrongMethods: readonly (readonly [method: string, rest: string])[] = [
  ['POST', 'manifests/v1'],
  ['PATCH', 'manifests/v1'],
  ['PUT', 'tags/list'],
  ['DELETE', 'tags/list'],
  ['POST', `referrers/${absentDigest()}`],
  ['DELETE', `referrers/${absentDigest()}`],
  ['PUT', `blobs/${absentDigest()}`],
  ['PATCH', `blobs/${absentDigest()}`],
  ['GET', 'blobs/uploads/'],
  ['DELETE', 'blobs/uploads/'],
];

const wrongMethod = check({
  id: 'GEN-7',
  name: 'a method that an endpoint does not have is 405 UNSUPPORTED with Allow',
  clause: 'RFC 9110, section 15.5.6',
  level: 'SHOULD',
  run: async (registry) => {
    const repository = registry.repository();
    await repository.pushImage(imageOf(), 'v1');
    for (const [method, rest] of wrongMethods) {
      const answer = await repository.request(method, rest);
      expectError(answer, 405, 'UNSUPPORTED');
      const allowed = expectHeader(answer, 'Allow').split(/, */);
      expectTrue(!allowed.includes(method), `Allow names ${method} itself`, answer);
    }
    expectHeader(await registry.request('PUT', '/v2/'), 'Allow', /\bGET\b/);
  },
});

const headParity = check({
  id: 'GEN-7',
  name: 'HEAD carries the headers of GET, for successes and for errors',
  clause: 'RFC 9110, section 9.3.2',
  level: 'SHOULD',
  run: async (registry) => {
    const { name } = registry.repository();
    const missing = [`/v2/${name}/manifests/v1`, `/v2/${name}/blobs/${absentDigest()}`];
    for (const path of [...(await pullers(registry)).map((each) => each.path), ...missing]) {
      const [get, head] = [await ask(registry, 'GET', path), await ask(registry, 'HEAD', path)];
      expectStatus(head, get.status);
      expectEqual(comparable(head), comparable(get), `headers of HEAD ${path}`, head);
    }
  },
});

/** Names of the headers that speak of the object; Content-Length may be left out of a HEAD that is an error. */
function comparable(answer: Answer): string[] {
  const ignored = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding']);
  if (answer.status >= 400) ignored.add('content-length').add('content-type');
  const names = answer.headerLines.map(([name]) => name.toLowerCase());
  return [...new Set(names)].filter((name) => !ignored.has(name) && !name.startsWith('x-')).sort();
}

const expectContinue = check({
  id: 'GEN-7',
  name: 'Expect: 100-continue is answered before the body is sent',
  clause: 'RFC 9110, section 10.1.1',
  level: 'MUST',
  run: async (registry) => {
    const session = await registry.repository().startUpload();
    const { pathname, search, host } = new URL(session.location);
    const connection = await registry.connect();
    const head = `PATCH ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/octet-stream\r\n`;
    await connection.write(`${head}Content-Length: 5\r\nExpect: 100-continue\r\n\r\n`);
    const [interim] = await connection.answers(1);
    expectTrue(interim?.status === 100, `the first answer is ${interim?.status ?? 'none'}, expected 100`, interim);
    await connection.write('hello');
    const [, final] = await connection.answers(2);
    connection.destroy();
    expectTrue(final?.status === 202, `the final answer is ${final?.status ?? 'none'}, expected 202`, final);
  },
});

const badContentType = check({
  id: 'GEN-7',
  name: 'a Content-Type that is no media type is 400 or 415, and nothing is stored',
  clause: 'RFC 9110, section 15.5.16',
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushImage(image);
    for (const type of ['nonsense', '/', 'a/b/c']) {
      expectError(await repository.putManifest('v1', image.manifest, { type }), [400, 415]);
    }
    expectStatus(await repository.headManifest('v1'), 404);
  },
});

const date = check({
  id: 'GEN-7',
  name: 'answers carry Date',
  clause: 'RFC 9110, section 6.6.1',
  level: 'MUST',
  run: async (registry) => {
    expectHeader(await registry.request('GET', '/v2/'), 'Date', / GMT$/);
  },
});

export const conditional: Section = {
  title: 'HTTP semantics',
  checks: [
    etag,
    notModified,
    modified,
    conditionOnMissing,
    movedTag,
    wrongMethod,
    headParity,
    expectContinue,
    badContentType,
    date,
  ],
};
