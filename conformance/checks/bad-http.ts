// Requests that are no HTTP, or HTTP that nobody should send: over a bare socket. Each gets a 4xx (with the envelope
// where it has a body) or a closed connection, and the server goes on.
import { check, type Section } from '../check/check.ts';
import { expectBody, expectEqual, expectError, expectStatus, expectTrue, fail } from '../check/expect.ts';
import type { Answer } from '../client/answer.ts';
import { envelopeProblem } from '../client/error-envelope.ts';
import { randomBlob } from '../registry/content.ts';
import type { Registry } from '../registry/registry.ts';

const syntax = 'RFC 9112; distribution-spec: Error Codes';

async function sendRaw(registry: Registry, bytes: string | Uint8Array): Promise<Answer | undefined> {
  const connection = await registry.connect();
  await connection.write(bytes);
  const [answer] = await connection.answers(1);
  connection.destroy();
  return answer;
}

async function expectAlive(registry: Registry): Promise<void> {
  expectStatus(await registry.request('GET', '/v2/'), 200);
}

/** A 4xx; its body, if any, is the envelope with UNSUPPORTED. */
function expectRefusal(answer: Answer | undefined, ...statuses: readonly number[]): void {
  if (answer === undefined) fail('the connection closed without an answer');
  if (statuses.length > 0) expectStatus(answer, ...statuses);
  else expectTrue(answer.status >= 400 && answer.status < 500, `status ${answer.status}`, answer);
  const free = answer.body.length === 0 || !answer.request.toMoorage;
  const problem = free ? undefined : envelopeProblem(answer);
  if (problem !== undefined) fail(problem, answer);
}

const requests: readonly (readonly [what: string, bytes: string, statuses: readonly number[]])[] = [
  ['a line that is no request', 'HELLO THERE\r\n\r\n', []],
  ['binary noise', '\x00\x01\x02\xff\xfe\r\n\r\n', []],
  ['an unknown version', 'GET /v2/ HTTP/9.9\r\nHost: x\r\n\r\n', [400, 505]],
  ['a header without a colon', 'GET /v2/ HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n', [400]],
  ['a header name with a space', 'GET /v2/ HTTP/1.1\r\nHost: x\r\nbad name: y\r\n\r\n', [400]],
  ['no Host', 'GET /v2/ HTTP/1.1\r\n\r\n', [400]],
  [
    'two Content-Lengths',
    'POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    [400],
  ],
  [
    'Content-Length beside Transfer-Encoding',
    'POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    [400],
  ],
  ['a negative Content-Length', 'POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', [400]],
  [
    'a chunk size that is none',
    'PATCH /v2/a/blobs/uploads/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n',
    [400, 404],
  ],
  ['a broken percent-encoding', 'GET /v2/a%zz/tags/list HTTP/1.1\r\nHost: x\r\n\r\n', [400, 404]],
  ['half a percent-encoding', 'GET /v2/a%/tags/list HTTP/1.1\r\nHost: x\r\n\r\n', [400, 404]],
  ['invalid UTF-8 in the path', 'GET /v2/%ff%fe/tags/list HTTP/1.1\r\nHost: x\r\n\r\n', [400, 404]],
  ['a raw space in the path', 'GET /v2/a b/tags/list HTTP/1.1\r\nHost: x\r\n\r\n', [400]],
  ['a NUL in the path', 'GET /v2/a\x00b/tags/list HTTP/1.1\r\nHost: x\r\n\r\n', [400]],
  ['a method nobody knows', 'BREW /v2/ HTTP/1.1\r\nHost: x\r\n\r\n', [400, 404, 405, 501]],
];

const refusals = requests.map(([what, bytes, statuses]) =>
  check({
    id: 'BAD-HTTP',
    name: `${what} is refused with a 4xx, and the server goes on`,
    clause: syntax,
    // RFC 9112, section 6.1, lets a server go by the Transfer-Encoding alone.
    level: what === 'Content-Length beside Transfer-Encoding' ? 'CHOSEN' : 'SHOULD',
    run: async (registry) => {
      expectRefusal(await sendRaw(registry, Buffer.from(bytes, 'latin1')), ...statuses);
      await expectAlive(registry);
    },
  }),
);

const envelope = check({
  id: 'BAD-HTTP',
  name: 'bad HTTP and a bad URL are 400 with the envelope and UNSUPPORTED (a bad name may say NAME_INVALID)',
  clause: syntax,
  level: 'CHOSEN',
  run: async (registry) => {
    const garbage = await sendRaw(registry, 'HELLO THERE\r\n\r\n');
    if (garbage === undefined) return fail('no answer to garbage');
    expectError(garbage, 400, 'UNSUPPORTED');
    const url = await sendRaw(registry, 'GET /v2/a%zz/tags/list HTTP/1.1\r\nHost: x\r\n\r\n');
    if (url === undefined) return fail('no answer to a bad URL');
    expectError(url, 400, 'UNSUPPORTED', 'NAME_INVALID');
  },
});

const largeHeaders = check({
  id: 'BAD-HTTP',
  name: 'headers of 256 KiB are 431 with the envelope and UNSUPPORTED',
  clause: 'RFC 6585, section 5; distribution-spec: Error Codes',
  level: 'CHOSEN',
  run: async (registry) => {
    const answer = await sendRaw(registry, `GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(262_144)}\r\n\r\n`);
    if (answer === undefined) return fail('no answer to large headers');
    expectError(answer, 431, 'UNSUPPORTED');
    await expectAlive(registry);
  },
});

const longUrl = check({
  id: 'BAD-HTTP',
  name: 'a path of 12,000 characters is a 4xx with the envelope',
  clause: 'distribution-spec: Error Codes',
  level: 'SHOULD',
  run: async (registry) => {
    const answer = await registry.request('GET', `/v2/${'a/'.repeat(6000)}tags/list`);
    expectRefusal(answer, 400, 404, 414, 431);
  },
});

const absoluteForm = check({
  id: 'BAD-HTTP',
  name: 'the absolute form of a target is understood, as proxies send it',
  clause: 'RFC 9112, section 3.2.2',
  level: 'MUST',
  run: async (registry) => {
    const { host } = registry.baseUrl;
    const answer = await sendRaw(
      registry,
      `GET http://${host}/v2/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    expectTrue(answer?.status === 200, `status ${answer?.status ?? 'none'}`, answer);
  },
});

const oldVersion = check({
  id: 'BAD-HTTP',
  name: 'HTTP/1.0 is answered, and the connection closes',
  clause: 'RFC 9110, section 6.2',
  level: 'SHOULD',
  run: async (registry) => {
    const connection = await registry.connect();
    await connection.write('GET /v2/ HTTP/1.0\r\n\r\n');
    expectTrue(await connection.closes(60_000), 'the connection stays open');
    const [answer] = await connection.answers(1);
    expectTrue(answer?.status === 200, `status ${answer?.status ?? 'none'}`, answer);
  },
});

const pipelined = check({
  id: 'BAD-HTTP',
  name: 'three requests in one packet are answered in their order',
  clause: 'RFC 9112, section 9.3.2',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const blobs = [randomBlob(10), randomBlob(2000), randomBlob(100)];
    for (const blob of blobs) await repository.pushBlob(blob);
    const packet = blobs.map((blob) => `GET ${repository.path(`blobs/${blob.digest}`)} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const connection = await registry.connect();
    await connection.write(packet.join(''));
    const answers = await connection.answers(3);
    connection.destroy();
    expectEqual(
      answers.map((answer) => answer.status),
      [200, 200, 200],
      'statuses',
      answers[0],
    );
    for (const [at, blob] of blobs.entries()) {
      const answer = answers[at];
      if (answer !== undefined) expectBody(answer, blob.bytes);
    }
  },
});

const vanishing = check({
  id: 'BAD-BODY',
  name: 'clients that vanish in the middle of a download or before the answer harm nobody',
  clause: 'RFC 9112, section 9.6',
  level: 'SHOULD',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(8_000_000);
    await repository.pushBlob(blob);
    const request = `GET ${repository.path(`blobs/${blob.digest}`)} HTTP/1.1\r\nHost: x\r\n\r\n`;
    for (let times = 0; times < 20; times += 1) {
      const connection = await registry.connect();
      await connection.write(request);
      if (times % 2 === 0) await connection.answers(1, 5);
      connection.destroy();
    }
    expectBody(await repository.getBlob(blob.digest), blob.bytes);
  },
});

export const badHttp: Section = {
  title: 'Bad HTTP',
  checks: [...refusals, envelope, largeHeaders, longUrl, absoluteForm, oldVersion, pipelined, vanishing],
};
