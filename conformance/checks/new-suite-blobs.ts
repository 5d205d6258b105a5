// The blob tests of the official suite on main, by its names ("sha256 blobs/...", "sha512 blobs/..."): each pushes in
// its own way, then looks (blob-head, blob-get) and deletes (blob-delete).
import { type Check, check, type Section } from '../check/check.ts';
import { expectBody, expectEmptyBody, expectHeader, expectStatus, skip } from '../check/expect.ts';
import type { Answer } from '../client/answer.ts';
import { type Algorithm, absentDigest, type Blob, blobOf, randomBlob } from '../registry/content.ts';
import type { Registry } from '../registry/registry.ts';
import type { Repository } from '../registry/repository.ts';
import { octetStream, type UploadSession } from '../registry/upload-session.ts';
import { expectPart, expectUnsatisfiable } from './blob-range.ts';
import { atLocation } from './blob-upload.ts';

const clause = 'conformance suite (main)';

/** What follows every successful push in the suite: blob-head, blob-get, blob-delete. */
async function headGetDelete(repository: Repository, blob: Blob): Promise<void> {
  const head = await repository.headBlob(blob.digest);
  expectStatus(head, 200);
  expectHeader(head, 'Content-Length', String(blob.bytes.length));
  expectHeader(head, 'Docker-Content-Digest', blob.digest);
  expectEmptyBody(head);
  const get = await repository.getBlob(blob.digest);
  expectStatus(get, 200);
  expectHeader(get, 'Content-Length', String(blob.bytes.length));
  expectHeader(get, 'Docker-Content-Digest', blob.digest);
  expectBody(get, blob.bytes);
  const deleted = await repository.deleteBlob(blob.digest);
  expectStatus(deleted, 202, 404, 405);
  if (deleted.status !== 405) expectStatus(await repository.headBlob(blob.digest), 404);
}

async function expectStored(registry: Registry, answer: Answer, blob: Blob): Promise<void> {
  expectStatus(answer, 201);
  expectHeader(answer, 'Docker-Content-Digest', blob.digest);
  expectBody(await atLocation(registry, answer), blob.bytes);
}

interface Chunk {
  readonly start: number;
  readonly bytes: Buffer;
  readonly range: string;
}

function chunksOf(blob: Blob, sizeBytes: number): Chunk[] {
  const starts = Array.from({ length: Math.ceil(blob.bytes.length / sizeBytes) }, (_, at) => at * sizeBytes);
  return starts.map((start) => {
    const bytes = blob.bytes.subarray(start, start + sizeBytes);
    return { start, bytes, range: `${start}-${start + bytes.length - 1}` };
  });
}

/** 3067 bytes in chunks of 1024, or larger ones where the registry has a minimum. */
async function chunked(repository: Repository, algorithm: Algorithm, whole = 3067) {
  const answer = await repository.postUpload('', { headers: { 'Content-Length': '0' } });
  const minimum = Number(answer.header('OCI-Chunk-Min-Length') ?? 0);
  const size = Math.max(1024, minimum);
  const blob = randomBlob(whole === 3067 ? size * 3 - 5 : whole, algorithm);
  return { session: repository.sessionOf(answer), blob, chunks: chunksOf(blob, size) };
}

async function patchAll(session: UploadSession, chunks: readonly Chunk[]): Promise<void> {
  for (const chunk of chunks) expectStatus(await session.patch(chunk.bytes, { range: chunk.range }), 202);
}

type Push = (registry: Registry, repository: Repository, algorithm: Algorithm) => Promise<Blob>;

const byPost: Push = async (registry, repository, algorithm) => {
  const blob = randomBlob(512, algorithm);
  const answer = await repository.postBlob(blob);
  if (answer.status === 202) {
    expectStatus(await repository.sessionOf(answer).put(blob.digest, blob.bytes), 201);
    skip('single POST is answered 202');
  }
  await expectStored(registry, answer, blob);
  return blob;
};

const byPostAndPut =
  (make: (algorithm: Algorithm) => Blob): Push =>
  async (registry, repository, algorithm) => {
    const blob = make(algorithm);
    await expectStored(registry, await (await repository.startUpload()).put(blob.digest, blob.bytes), blob);
    return blob;
  };

const byOneChunk: Push = async (registry, repository, algorithm) => {
  const blob = randomBlob(512, algorithm);
  const session = await repository.startUpload();
  expectStatus(await session.patch(blob.bytes, { range: '0-511' }), 202);
  await expectStored(registry, await session.put(blob.digest), blob);
  return blob;
};

const byStream: Push = async (registry, repository, algorithm) => {
  const blob = randomBlob(512, algorithm);
  const session = await repository.startUpload();
  expectStatus(await session.stream([blob.bytes]), 202);
  await expectStored(registry, await session.put(blob.digest), blob);
  return blob;
};

const byMount =
  (from: boolean): Push =>
  async (registry, repository, algorithm) => {
    const source = registry.repository();
    const blob = randomBlob(512, algorithm);
    await source.pushBlob(blob);
    const query = `?mount=${blob.digest}${from ? `&from=${encodeURIComponent(source.name)}` : ''}`;
    const answer = await repository.postUpload(query);
    if (answer.status === 202) skip('the mount is answered 202');
    await expectStored(registry, answer, blob);
    return blob;
  };

const byMissingMount: Push = async (registry, repository, algorithm) => {
  const blob = randomBlob(512, algorithm);
  const answer = await repository.postUpload(`?mount=${blob.digest}&from=${registry.repository().name}`);
  expectStatus(answer, 202);
  await expectStored(registry, await repository.sessionOf(answer).put(blob.digest, blob.bytes), blob);
  return blob;
};

const byChunks =
  (lastInPut: boolean): Push =>
  async (registry, repository, algorithm) => {
    const { session, blob, chunks } = await chunked(repository, algorithm);
    const last = lastInPut ? chunks.pop() : undefined;
    await patchAll(session, chunks);
    const options = last === undefined ? {} : { range: last.range };
    await expectStored(registry, await session.put(blob.digest, last?.bytes, options), blob);
    return blob;
  };

/** Before each good chunk a wrong one: ahead, the last one, or the first again; the last wrong one as a PUT. */
const outOfOrder =
  (lastInPut: boolean): Push =>
  async (registry, repository, algorithm) => {
    const { session, blob, chunks } = await chunked(repository, algorithm);
    for (const [at, chunk] of chunks.entries()) {
      const wrong = chunks[at === 0 ? 1 : at === 1 ? 2 : 0] ?? chunk;
      const isLast = at === chunks.length - 1;
      const refused =
        lastInPut && isLast
          ? await session.put(blob.digest, wrong.bytes, { range: wrong.range })
          : await session.patch(wrong.bytes, { range: wrong.range });
      expectStatus(refused, 416);
      const status = await session.status(
        refused.header('Location') === undefined ? refused.request.target : undefined,
      );
      expectStatus(status, 204);
      if (chunk.start > 0) expectHeader(status, 'Range', `0-${chunk.start - 1}`);
      else expectHeader(status, 'Range', /^0-/);
      if (lastInPut && isLast) {
        await expectStored(registry, await session.put(blob.digest, chunk.bytes, { range: chunk.range }), blob);
        return blob;
      }
      await patchAll(session, [chunk]);
    }
    await expectStored(registry, await session.put(blob.digest), blob);
    return blob;
  };

const pushes: Readonly<Record<string, Push>> = {
  'post only': byPost,
  'post+put': byPostAndPut((algorithm) => randomBlob(512, algorithm)),
  'chunked single': byOneChunk,
  stream: byStream,
  mount: byMount(true),
  'mount anonymous': byMount(false),
  'mount missing': byMissingMount,
  'chunked multi': byChunks(false),
  'chunked multi and put chunk': byChunks(true),
  'chunked out-of-order': outOfOrder(false),
  'chunked out-of-order and put chunk': outOfOrder(true),
  empty: byPostAndPut((algorithm) => blobOf('', algorithm)),
  emptyJSON: byPostAndPut((algorithm) => blobOf('{}', algorithm)),
};

const optional = new Set(['post only', 'mount', 'mount anonymous']);

type Refuse = (repository: Repository, algorithm: Algorithm) => Promise<Answer>;

/** Each ends in a request whose digest is not that of the bytes. */
const refusals: Readonly<Record<string, Refuse>> = {
  'bad digest post only': async (repository, algorithm) => {
    const { bytes } = randomBlob();
    const digest = absentDigest(algorithm);
    const answer = await repository.postUpload(`?digest=${digest}`, { headers: octetStream, body: bytes });
    return answer.status === 202 ? repository.sessionOf(answer).put(digest, bytes) : answer;
  },
  'bad digest post+put': async (repository, algorithm) =>
    (await repository.startUpload()).put(absentDigest(algorithm), randomBlob().bytes),
  'bad digest chunked': async (repository, algorithm) => {
    const { session, chunks } = await chunked(repository, algorithm);
    await patchAll(session, chunks);
    return session.put(absentDigest(algorithm));
  },
  'bad digest chunked and put chunk': async (repository, algorithm) => {
    const { session, chunks } = await chunked(repository, algorithm);
    await patchAll(session, chunks.slice(0, -1));
    const last = chunks.at(-1);
    return session.put(absentDigest(algorithm), last?.bytes, last === undefined ? {} : { range: last.range });
  },
  'bad digest stream': async (repository, algorithm) => {
    const session = await repository.startUpload();
    expectStatus(await session.stream([randomBlob().bytes]), 202);
    return session.put(absentDigest(algorithm));
  },
};

const ranges: Readonly<Record<string, readonly [number, number] | undefined>> = {
  '500-1499': [500, 1499],
  '500-': [500, 2047],
  '-500': [1548, 2047],
  '2000-5000': [2000, 2047],
  '500-0': undefined,
  '5000-10000': undefined,
};

function blobTests(algorithm: Algorithm): Check[] {
  const id = (test: string): string => `${algorithm} blobs/${test}`;
  const named = (test: string, name: string, level: Check['level'], run: Check['run']): Check =>
    check({ id: id(test), name, clause, level, run });
  return [
    named('get-missing', 'GET of a blob that was never pushed is 404', 'MUST', async (registry) => {
      expectStatus(await registry.repository().getBlob(absentDigest(algorithm)), 404);
    }),
    ...Object.entries(pushes).map(([test, push]) =>
      named(
        test,
        'pushed this way it is there, and gone when deleted',
        optional.has(test) ? 'MAY' : 'MUST',
        async (registry) => {
          const repository = registry.repository();
          await headGetDelete(repository, await push(registry, repository, algorithm));
        },
      ),
    ),
    named('post cancel', 'DELETE of a session is 204', 'SHOULD', async (registry) => {
      expectStatus(await (await registry.repository().startUpload()).cancel(), 204);
    }),
    ...Object.entries(ranges).map(([range, part]) =>
      named(`range requests/range ${range}`, part === undefined ? 'is 416' : 'is 206', 'MAY', async (registry) => {
        const repository = registry.repository();
        const blob = randomBlob(2048, algorithm);
        await repository.pushBlob(blob);
        const answer = await repository.getBlob(blob.digest, { Range: `bytes=${range}` });
        if (part === undefined) expectUnsatisfiable(answer);
        else expectPart(answer, blob, part[0], part[1]);
      }),
    ),
    ...Object.entries(refusals).map(([test, refuse]) =>
      named(test, 'is 400', 'MUST', async (registry) => {
        expectStatus(await refuse(registry.repository(), algorithm), 400);
      }),
    ),
  ];
}

export const newSuiteBlobs: Section = {
  title: 'Official suite (main): blobs',
  checks: [...blobTests('sha256'), ...blobTests('sha512')],
};
