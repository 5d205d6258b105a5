// The error body (distribution-spec, Error Codes): one row a code, each provoked where a client would meet it.
import { check, type Section } from '../check/check.ts';
import { expectEqual, expectError, expectHeader, expectTrue } from '../check/expect.ts';
import type { Answer } from '../client/answer.ts';
import { errorEntries } from '../client/error-envelope.ts';
import { absentDigest, imageOf, randomBlob } from '../registry/content.ts';
import type { Registry } from '../registry/registry.ts';
import { octetStream } from '../registry/upload-session.ts';

const codes = 'distribution-spec: Error Codes';

interface Provocation {
  readonly code: string;
  readonly status: number;
  readonly what: string;
  readonly provoke: (registry: Registry) => Promise<Answer>;
}

const provocations: readonly Provocation[] = [
  {
    code: 'BLOB_UNKNOWN',
    status: 404,
    what: 'GET of a missing blob',
    provoke: async (registry) => {
      const repository = registry.repository();
      await repository.pushBlob(randomBlob());
      return repository.getBlob(absentDigest());
    },
  },
  {
    code: 'BLOB_UPLOAD_UNKNOWN',
    status: 404,
    what: 'PATCH to a missing session',
    provoke: async (registry) => {
      const repository = registry.repository();
      await repository.pushBlob(randomBlob());
      return repository.request('PATCH', 'blobs/uploads/00000000-0000-4000-8000-000000000000', { body: 'x' });
    },
  },
  {
    code: 'BLOB_UPLOAD_INVALID',
    status: 416,
    what: 'PATCH out of order',
    provoke: async (registry) => (await registry.repository().startUpload()).patch(Buffer.alloc(5), { range: '5-9' }),
  },
  {
    code: 'DIGEST_INVALID',
    status: 400,
    what: 'PUT with another digest',
    provoke: async (registry) => (await registry.repository().startUpload()).put(absentDigest(), Buffer.alloc(5)),
  },
  {
    code: 'MANIFEST_UNKNOWN',
    status: 404,
    what: 'GET of a missing tag',
    provoke: async (registry) => {
      const repository = registry.repository();
      await repository.pushImage(imageOf(), 'v1');
      return repository.getManifest('v2');
    },
  },
  {
    code: 'MANIFEST_INVALID',
    status: 400,
    what: 'PUT of a manifest that is no JSON',
    provoke: (registry) =>
      registry.repository().putManifest('v1', { bytes: Buffer.from('{'), mediaType: imageOf().manifest.mediaType }),
  },
  {
    code: 'NAME_INVALID',
    status: 400,
    what: 'POST into Upper/Case',
    provoke: (registry) => registry.named('Upper/Case').postUpload(),
  },
  {
    code: 'NAME_UNKNOWN',
    status: 404,
    what: 'tags of a missing repository',
    provoke: (registry) => registry.repository().listTags(),
  },
  {
    code: 'UNSUPPORTED',
    status: 405,
    what: 'POST to a manifest',
    provoke: (registry) => registry.repository().request('POST', 'manifests/v1'),
  },
];

const table = provocations.map(({ code, status, what, provoke }) =>
  check({
    id: 'GEN-3',
    name: `${what} is ${status} with the envelope and ${code}`,
    clause: codes,
    level: 'CHOSEN',
    run: async (registry) => expectError(await provoke(registry), status, code),
  }),
);

const entryShape = check({
  id: 'GEN-4',
  name: 'entries have an upper-case code, a message that is text, a detail that is text or missing; nothing else',
  clause: `${codes}; the Go types of the spec decode detail as a string`,
  level: 'CHOSEN',
  run: async (registry) => {
    for (const { provoke } of provocations) {
      const answer = await provoke(registry);
      for (const entry of errorEntries(answer)) {
        expectTrue(/^[A-Z_]+$/.test(entry.code), `code ${entry.code}`, answer);
        expectTrue(typeof entry.message === 'string' && entry.message !== '', 'no message', answer);
        expectTrue(entry.detail === undefined || typeof entry.detail === 'string', 'detail is not a string', answer);
        const others = Object.keys(entry).filter((key) => !['code', 'message', 'detail'].includes(key));
        expectEqual(others, [], 'other fields of an error entry', answer);
      }
    }
  },
});

const jsonType = check({
  id: 'GEN-3',
  name: 'error bodies are application/json with a Content-Length',
  clause: codes,
  level: 'CHOSEN',
  run: async (registry) => {
    for (const { provoke } of provocations) {
      const answer = await provoke(registry);
      expectHeader(answer, 'Content-Type', /^application\/json(; charset=utf-8)?$/);
      expectHeader(answer, 'Content-Length', String(answer.body.length));
    }
  },
});

const pullOfWrongDigest = check({
  id: 'GEN-3',
  name: 'GET of sha256:totallywrong, with a body even, is 400 with the envelope or 404',
  clause: 'conformance suite v1.1.1: Error codes; its client sends a body with GET',
  level: 'MUST',
  run: async (registry) => {
    const headers = { 'Content-Type': imageOf().manifest.mediaType };
    const target = 'manifests/sha256:totallywrong';
    expectError(await registry.repository().request('GET', target, { headers, body: 'blablabla' }), [400, 404]);
  },
});

const earlyRefusal = check({
  id: 'BAD-BODY',
  name: 'a refusal that comes before an 8 MiB body was read is readable, and the next request works',
  clause: 'RFC 9112, section 9.5: the answer must not be lost in a reset',
  level: 'SHOULD',
  run: async (registry) => {
    const body = Buffer.alloc(8 * 1024 * 1024);
    const repository = registry.repository();
    const session = '00000000-0000-4000-8000-000000000000';
    for (let times = 0; times < 3; times += 1) {
      const requests: readonly (readonly [string, string])[] = [
        ['PUT', registry.named('Upper/Case').path('manifests/v1')],
        ['PATCH', repository.path(`blobs/uploads/${session}`)],
        ['PUT', repository.path('tags/list')],
      ];
      for (const [method, path] of requests) {
        expectError(await registry.request(method, path, { headers: octetStream, body }), [400, 404, 405]);
      }
    }
  },
});

export const errors: Section = {
  title: 'Errors',
  checks: [...table, entryShape, jsonType, pullOfWrongDigest, earlyRefusal],
};
