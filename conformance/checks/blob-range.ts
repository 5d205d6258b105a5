// Range requests on blobs (distribution-spec, Pulling blobs; RFC 9110, section 14).
import { check, type Section } from '../check/check.ts';
import { expectBody, expectHeader, expectNoHeader, expectStatus, fail, skip } from '../check/expect.ts';
import type { Answer } from '../client/answer.ts';
import { type Blob, blobOf, randomBlob } from '../registry/content.ts';
import type { Registry } from '../registry/registry.ts';

const rfc = 'RFC 9110, section 14';
const size = 2048;

async function pulled(registry: Registry, blob: Blob, headers: Record<string, string>): Promise<Answer> {
  const repository = registry.repository();
  await repository.pushBlob(blob);
  return repository.getBlob(blob.digest, headers);
}

/** 206 with the bytes `start` to `end`, and headers that say so. */
export function expectPart(answer: Answer, blob: Blob, start: number, end: number): void {
  if (answer.status === 200) skip('Range is ignored');
  expectStatus(answer, 206);
  expectHeader(answer, 'Content-Length', String(end - start + 1));
  expectHeader(answer, 'Content-Range', new RegExp(`^bytes ${start}-${end}/(${blob.bytes.length}|\\*)$`));
  expectBody(answer, blob.bytes.subarray(start, end + 1));
}

export function expectUnsatisfiable(answer: Answer): void {
  if (answer.status === 200) skip('Range is ignored');
  expectStatus(answer, 416);
}

const satisfiable: readonly (readonly [range: string, start: number, end: number])[] = [
  ['bytes=500-1499', 500, 1499],
  ['bytes=500-', 500, size - 1],
  ['bytes=-500', size - 500, size - 1],
  ['bytes=2000-5000', 2000, size - 1],
  ['bytes=0-0', 0, 0],
  ['bytes=0-', 0, size - 1],
  ['bytes=2047-2047', 2047, 2047],
  ['bytes=-1', 2047, 2047],
  ['bytes=-5000', 0, size - 1],
];

const parts = satisfiable.map(([range, start, end]) =>
  check({
    id: 'PULL-10',
    name: `${range} of ${size} bytes is 206 with ${start}-${end}`,
    clause: rfc,
    level: 'SHOULD',
    run: async (registry) => {
      const blob = randomBlob(size);
      expectPart(await pulled(registry, blob, { Range: range }), blob, start, end);
    },
  }),
);

const unsatisfiable = ['bytes=5000-10000', 'bytes=2048-', 'bytes=-0', 'bytes=500-0'].map((range) =>
  check({
    id: 'PULL-10',
    name: `${range} of ${size} bytes is 416 with Content-Range: bytes */${size}`,
    clause: `${rfc}; conformance suite (main): range requests`,
    level: range === 'bytes=500-0' || range === 'bytes=-0' ? 'CHOSEN' : 'SHOULD',
    run: async (registry) => {
      const answer = await pulled(registry, randomBlob(size), { Range: range });
      expectUnsatisfiable(answer);
      expectHeader(answer, 'Content-Range', `bytes */${size}`);
    },
  }),
);

const notUnderstood = check({
  id: 'PULL-10',
  name: 'a unit that is not bytes is ignored: 200 and everything',
  clause: `${rfc}.2`,
  level: 'MUST',
  run: async (registry) => {
    const blob = randomBlob(size);
    const answer = await pulled(registry, blob, { Range: 'items=0-1' });
    expectStatus(answer, 200);
    expectBody(answer, blob.bytes);
  },
});

const malformed = check({
  id: 'PULL-10',
  name: 'a malformed Range is ignored (200) or refused (416), never half obeyed',
  clause: `${rfc}.2`,
  level: 'MUST',
  run: async (registry) => {
    const blob = randomBlob(size);
    for (const range of ['bytes=abc', 'bytes=', 'bytes', 'bytes=1', 'bytes=-', 'bytes=0x1-5', 'bytes=1-2-3']) {
      const answer = await pulled(registry, blob, { Range: range });
      expectStatus(answer, 200, 416);
      if (answer.status === 200) expectBody(answer, blob.bytes);
    }
  },
});

const several = check({
  id: 'PULL-10',
  name: 'several ranges: 200 with everything, or 206 as multipart or merged',
  clause: `${rfc}.2`,
  level: 'MUST',
  run: async (registry) => {
    const blob = randomBlob(size);
    const answer = await pulled(registry, blob, { Range: 'bytes=0-9,100-199' });
    expectStatus(answer, 200, 206);
    if (answer.status === 200) return expectBody(answer, blob.bytes);
    if (/^multipart\/byteranges/.test(answer.header('Content-Type') ?? '')) return;
    const [, start, end] = /^bytes (\d+)-(\d+)\//.exec(expectHeader(answer, 'Content-Range')) ?? [];
    if (Number(start) > 0 || Number(end) < 199) fail('206 with less than was asked for', answer);
    expectBody(answer, blob.bytes.subarray(Number(start), Number(end) + 1));
  },
});

const acceptRanges = check({
  id: 'PULL-10',
  name: 'GET and HEAD of a blob say Accept-Ranges: bytes (oras seeks only then)',
  clause: `${rfc}.3`,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob();
    await repository.pushBlob(blob);
    expectHeader(await repository.getBlob(blob.digest), 'Accept-Ranges', 'bytes');
    expectHeader(await repository.headBlob(blob.digest), 'Accept-Ranges', 'bytes');
  },
});

const headIgnores = check({
  id: 'PULL-10',
  name: 'HEAD ignores Range: 200 with the whole size',
  clause: `${rfc}.2 ("Range ... only applies to GET")`,
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(size);
    await repository.pushBlob(blob);
    const answer = await repository.headBlob(blob.digest, { Range: 'bytes=0-9' });
    expectStatus(answer, 200);
    expectHeader(answer, 'Content-Length', String(size));
    expectNoHeader(answer, 'Content-Range');
  },
});

const emptyBlob = check({
  id: 'PULL-10',
  name: 'a range of the empty blob is 416 or 200, never 206',
  clause: `${rfc}.4: Content-Range cannot name no bytes`,
  level: 'CHOSEN',
  run: async (registry) => {
    for (const range of ['bytes=0-', 'bytes=0-0', 'bytes=-1']) {
      expectStatus(await pulled(registry, blobOf(''), { Range: range }), 200, 416);
    }
  },
});

const largeBlob = check({
  id: 'PULL-10',
  name: 'ranges across a 5 MiB blob give exactly those bytes',
  clause: rfc,
  level: 'SHOULD',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(5 * 1024 * 1024 + 13);
    await repository.pushBlob(blob);
    const last = blob.bytes.length - 1;
    const edges = [0, 1, 65_535, 65_536, 1_048_575, 1_048_576, 4_194_304, last - 1];
    for (const start of edges) {
      for (const end of [start, start + 1, Math.min(last, start + 700_000)]) {
        expectPart(await repository.getBlob(blob.digest, { Range: `bytes=${start}-${end}` }), blob, start, end);
      }
    }
  },
});

const ifRange = check({
  id: 'PULL-10',
  name: 'If-Range with the ETag keeps the range; with another one, or a date, everything comes',
  clause: 'RFC 9110, section 13.1.5',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(size);
    await repository.pushBlob(blob);
    const etag = (await repository.headBlob(blob.digest)).header('ETag');
    if (etag === undefined) return skip('no ETag on blobs');
    const Range = 'bytes=10-19';
    expectPart(await repository.getBlob(blob.digest, { Range, 'If-Range': etag }), blob, 10, 19);
    for (const other of ['"another"', `W/${etag}`, 'Wed, 21 Oct 2015 07:28:00 GMT']) {
      const answer = await repository.getBlob(blob.digest, { Range, 'If-Range': other });
      expectStatus(answer, 200);
      expectBody(answer, blob.bytes);
    }
  },
});

const partHeaders = check({
  id: 'PULL-10',
  name: 'a 206 carries the ETag and the digest of the whole blob',
  clause: `${rfc}; RFC 9110, section 15.3.7`,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(size);
    await repository.pushBlob(blob);
    const whole = await repository.getBlob(blob.digest);
    const part = await repository.getBlob(blob.digest, { Range: 'bytes=0-9' });
    expectPart(part, blob, 0, 9);
    expectHeader(part, 'ETag', expectHeader(whole, 'ETag'));
    expectHeader(part, 'Docker-Content-Digest', blob.digest);
  },
});

export const blobRange: Section = {
  title: 'Blob ranges',
  checks: [
    ...parts,
    ...unsatisfiable,
    notUnderstood,
    malformed,
    several,
    acceptRanges,
    headIgnores,
    emptyBlob,
    largeBlob,
    ifRange,
    partHeaders,
  ],
};
