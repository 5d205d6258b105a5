// Upload sessions: resumed at the right byte whatever happened, bound to their repository, ended by the right digest only.

import { PassThrough } from 'node:stream';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/oci/digest.ts';
import { newUploadId } from '../../../src/oci/upload-id.ts';
import { GatherBudget } from '../../../src/registry/gathered-body.ts';
import { UploadRangeError } from '../../../src/registry/upload-chunk.ts';
import { UploadSessions } from '../../../src/registry/upload-sessions.ts';
import type { Uploads } from '../../../src/registry/uploads.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import { StorageError } from '../../../src/storage/storage-error.ts';
import { blobOf } from '../../support/content.ts';
import { interleaving } from '../../support/interleaving-store.ts';
import { noQuotas } from '../../support/no-quotas.ts';
import { bytesOfBlob, chunkOf, codeOf, noChunk, rangeAt } from '../../support/pushes.ts';
import { onEveryDriver, type RegistryUnderTest, registryOver } from '../../support/registry-under-test.ts';
import { defaultRules } from '../../support/rules.ts';
import type { TestClock } from '../../support/test-clock.ts';

const blob = blobOf('0123456789abcdef');
const { bytes } = blob;
const part = (from: number, to?: number) => bytes.subarray(from, to);

/** A body that the test feeds. */
function openBody() {
  const body = new PassThrough();
  return { body, chunk: { ...noChunk, body, length: undefined } };
}

async function refusedRange(request: Promise<unknown>): Promise<UploadRangeError> {
  const error: unknown = await request.catch((reason) => reason);
  expect(error).toBeInstanceOf(UploadRangeError);
  return error as UploadRangeError;
}

async function started({ repository }: RegistryUnderTest, received?: Buffer) {
  const { uploads } = repository();
  const { id } = await uploads.start({});
  if (received !== undefined) await uploads.append(id, chunkOf(received));
  return { uploads, id };
}

/** Waits until the session holds so many bytes, as the store says. */
async function arrived({ store }: RegistryUnderTest, id: Parameters<Uploads['status']>[0], size: number) {
  while ((await (await store.resume(id))?.size()) !== size) await turnOfTheLoop();
}

describe.each(onEveryDriver)('an upload %s', (_, open) => {
  it('grows chunk by chunk and becomes a blob', async () => {
    const under = await open();
    const { uploads, id } = await started(under);
    expect(await uploads.status(id)).toEqual({ id, size: 0 });
    expect(await uploads.append(id, chunkOf(part(0, 4), { range: rangeAt(0, part(0, 4)) }))).toEqual({ id, size: 4 });
    expect(await uploads.append(id, chunkOf(part(4, 9), { length: undefined }))).toEqual({ id, size: 9 });
    expect(await uploads.commit(id, blob.digest, chunkOf(part(9), { range: rangeAt(9, part(9)) }))).toEqual({
      digest: blob.digest,
      size: 16,
    });
    expect(await bytesOfBlob(under.repository(), blob.digest)).toEqual(bytes);
    expect(await codeOf(uploads.status(id))).toBe('BLOB_UPLOAD_UNKNOWN');
    expect(await under.store.staged()).toEqual([]);
  });

  it.each(['sha256', 'sha512'] as const)(
    'may be announced as one and closed as any algorithm: %s',
    async (announced) => {
      const under = await open();
      for (const closed of ['sha256', 'sha512'] as const) {
        const { uploads } = under.repository();
        const { id } = await uploads.start({ algorithm: announced });
        await uploads.append(id, chunkOf(bytes));
        const digest = digestOf(bytes, closed);
        await uploads.commit(id, digest, noChunk);
        expect(await bytesOfBlob(under.repository(), digest)).toEqual(bytes);
      }
    },
  );

  it('of no bytes becomes the empty blob', async () => {
    const under = await open();
    const empty = blobOf('');
    const { uploads, id } = await started(under);
    await uploads.commit(id, empty.digest, noChunk);
    expect(await bytesOfBlob(under.repository(), empty.digest)).toEqual(Buffer.alloc(0));
  });

  it.each([
    ['out of order', () => chunkOf(part(8, 12), { range: { first: 8, last: 11 } })],
    ['sent again', () => chunkOf(part(0, 4), { range: { first: 0, last: 3 } })],
    ['overlapping', () => chunkOf(part(2, 8), { range: { first: 2, last: 7 } })],
    ['declared longer than it is', () => chunkOf(part(4, 8), { range: { first: 4, last: 9 } })],
    ['declared shorter than it is', () => chunkOf(part(4, 8), { range: { first: 4, last: 5 } })],
    ['that lies and turns out longer', () => chunkOf(part(4, 8), { range: { first: 4, last: 5 }, length: undefined })],
    ['that lies and turns out shorter', () => chunkOf(part(4, 8), { range: { first: 4, last: 9 }, length: undefined })],
    ['without a body', () => ({ ...noChunk, range: { first: 4, last: 7 }, length: undefined })],
  ])('refuses a chunk %s, in a PATCH and in the closing PUT, and stays as it was', async (_name, chunk) => {
    const under = await open();
    const { uploads, id } = await started(under, part(0, 4));
    for (const request of [() => uploads.append(id, chunk()), () => uploads.commit(id, blob.digest, chunk())]) {
      expect((await refusedRange(request())).upload).toEqual({ id, size: 4 });
      expect(await uploads.status(id)).toEqual({ id, size: 4 });
    }
    await uploads.append(id, chunkOf(part(4), { range: rangeAt(4, part(4)) }));
    await uploads.commit(id, blob.digest, noChunk);
    expect(await bytesOfBlob(under.repository(), blob.digest)).toEqual(bytes);
  });

  it('keeps what came before the connection was lost, and goes on from there', async () => {
    const under = await open();
    const { uploads, id } = await started(under);
    const { body, chunk } = openBody();
    const lost = uploads.append(id, chunk);
    body.write(part(0, 5));
    await arrived(under, id, 5);
    body.destroy(new Error('connection lost'));
    await expect(lost).rejects.toThrow('connection lost');
    expect(await uploads.status(id)).toEqual({ id, size: 5 });
    await uploads.commit(id, blob.digest, chunkOf(part(5), { range: rangeAt(5, part(5)) }));
    expect(await bytesOfBlob(under.repository(), blob.digest)).toEqual(bytes);
  });

  it('is ended by a wrong digest, and nothing of it is left', async () => {
    const under = await open();
    const { uploads, id } = await started(under, part(0, 4));
    expect(await codeOf(uploads.commit(id, blob.digest, noChunk))).toBe('DIGEST_INVALID');
    expect(await codeOf(uploads.status(id))).toBe('BLOB_UPLOAD_UNKNOWN');
    expect(await codeOf(under.repository().blobs.stat(blob.digest))).toBe('BLOB_UNKNOWN');
    expect(await under.store.staged()).toEqual([]);
  });

  it('that is cancelled is gone, and a second cancel says so', async () => {
    const under = await open();
    const { uploads, id } = await started(under, part(0, 4));
    await uploads.cancel(id);
    expect(await codeOf(uploads.cancel(id))).toBe('BLOB_UPLOAD_UNKNOWN');
    expect(await codeOf(uploads.append(id, chunkOf(part(4))))).toBe('BLOB_UPLOAD_UNKNOWN');
    expect(await under.store.staged()).toEqual([]);
  });

  it('goes on after a restart, at the right byte', async () => {
    const before = await open();
    const { id } = await started(before, part(0, 7));
    const after = await before.another();
    const { uploads } = after.repository();
    expect(await uploads.status(id)).toEqual({ id, size: 7 });
    await uploads.commit(id, blob.digest, chunkOf(part(7), { range: rangeAt(7, part(7)) }));
    expect(await bytesOfBlob(after.repository(), blob.digest)).toEqual(bytes);
    expect(await after.store.staged()).toEqual([]);
  });

  it('belongs to its repository: elsewhere it is unknown, before and after a restart', async () => {
    const under = await open();
    const { uploads, id } = await started(under, part(0, 4));
    for (const server of [under, await under.another()]) {
      const elsewhere = server.repository('team/other').uploads;
      expect(await codeOf(elsewhere.status(id))).toBe('BLOB_UPLOAD_UNKNOWN');
      expect(await codeOf(elsewhere.append(id, chunkOf(part(4))))).toBe('BLOB_UPLOAD_UNKNOWN');
      expect(await codeOf(elsewhere.commit(id, blob.digest, chunkOf(part(4))))).toBe('BLOB_UPLOAD_UNKNOWN');
      expect(await codeOf(elsewhere.cancel(id))).toBe('BLOB_UPLOAD_UNKNOWN');
    }
    expect(await uploads.status(id)).toEqual({ id, size: 4 });
  });

  it('is not disturbed by a request under the name of another repository', async () => {
    const under = await open();
    const { uploads, id } = await started(under);
    const { body, chunk } = openBody();
    const appending = uploads.append(id, chunk);
    body.write(part(0, 5));
    await arrived(under, id, 5);
    expect(await codeOf(under.repository('team/other').uploads.status(id))).toBe('BLOB_UPLOAD_UNKNOWN');
    body.end(part(5));
    expect(await appending).toEqual({ id, size: 16 });
  });

  it('that nobody began is unknown', async () => {
    const { repository } = await open();
    expect(await codeOf(repository().uploads.status(newUploadId()))).toBe('BLOB_UPLOAD_UNKNOWN');
  });

  it('pushed in one request is a blob, or nothing', async () => {
    const under = await open();
    const { uploads } = under.repository();
    expect(await codeOf(uploads.push(blob.digest, chunkOf(part(1))))).toBe('DIGEST_INVALID');
    const { body, chunk } = openBody();
    const lost = uploads.push(blob.digest, chunk);
    body.write(part(0, 5));
    body.destroy(new Error('connection lost'));
    await expect(lost).rejects.toThrow('connection lost');
    expect(await codeOf(under.repository().blobs.stat(blob.digest))).toBe('BLOB_UNKNOWN');
    expect(await under.store.staged()).toEqual([]);
    expect(await uploads.push(blob.digest, chunkOf(bytes))).toEqual({ digest: blob.digest, size: 16 });
  });
});

describe.each(onEveryDriver)('one blob pushed by many at once %s', (_, open) => {
  it('is acknowledged to each of them, and whole in every repository', async () => {
    const { repository } = await open();
    const blob = blobOf('what all images have in common');
    const names = Array.from({ length: 16 }, (_each, at) => `team/app-${at % 4}`);
    const push = (name: string) => repository(name).uploads.push(blob.digest, chunkOf(blob.bytes));
    expect(await Promise.all(names.map(push))).toEqual(
      names.map(() => ({ digest: blob.digest, size: blob.bytes.length })),
    );
    for (const name of names) expect(await bytesOfBlob(repository(name), blob.digest)).toEqual(blob.bytes);
  });
});

describe.each(onEveryDriver)('a session that is wanted twice %s', (_, open) => {
  it('is let go by a request whose client is gone, without mixing their bytes', async () => {
    const under = await open();
    const { uploads, id } = await started(under);
    const { body, chunk } = openBody();
    const halfDead = refusedRange(uploads.append(id, chunk));
    body.write(part(0, 5));
    await arrived(under, id, 5);
    expect(await uploads.status(id)).toEqual({ id, size: 5 });
    expect((await halfDead).upload).toEqual({ id, size: 5 });
    body.end(Buffer.from('too late'));
    expect(await uploads.append(id, chunkOf(part(5), { range: rangeAt(5, part(5)) }))).toEqual({ id, size: 16 });
    await uploads.commit(id, blob.digest, noChunk);
    expect(await bytesOfBlob(under.repository(), blob.digest)).toEqual(bytes);
  });

  it('is not kept by a request that waits for one and is wanted by the next', async () => {
    const under = await open();
    const { uploads, id } = await started(under);
    const bodies = [openBody(), openBody()];
    const superseded = bodies.map(({ chunk }) => refusedRange(uploads.append(id, chunk)));
    await turnOfTheLoop();
    expect(await uploads.append(id, chunkOf(part(0, 5)))).toEqual({ id, size: 5 });
    for (const refused of superseded) expect((await refused).upload).toEqual({ id, size: 0 });
    for (const { body } of bodies) body.destroy();
  });

  it('right after a restart takes one after the other as well', async () => {
    const before = await open();
    const { id } = await started(before, part(0, 4));
    const { repository } = await before.another();
    const chunks = [
      () => chunkOf(part(4), { range: rangeAt(4, part(4)) }),
      () => chunkOf(part(4), { range: rangeAt(4, part(4)) }),
    ];
    const outcomes = await Promise.allSettled(chunks.map((chunk) => repository().uploads.append(id, chunk())));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await repository().uploads.status(id)).toEqual({ id, size: 16 });
    await repository().uploads.commit(id, blob.digest, noChunk);
    expect(await bytesOfBlob(repository(), blob.digest)).toEqual(bytes);
  });

  it('by a commit and a cancel ends in one of them', async () => {
    const under = await open();
    const { uploads, id } = await started(under, bytes);
    const [committed, cancelled] = await Promise.allSettled([
      uploads.commit(id, blob.digest, noChunk),
      uploads.cancel(id),
    ]);
    expect(committed.status).toBe('fulfilled');
    expect(cancelled.status).toBe('rejected');
    expect(await bytesOfBlob(under.repository(), blob.digest)).toEqual(bytes);
  });
});

describe.each(onEveryDriver)('an upload that a second server takes over %s', (_, open) => {
  it('while the first still receives a chunk never yields a wrong blob', async () => {
    const first = await open();
    const second = await first.another();
    const { uploads, id } = await started(first);
    const { body, chunk } = openBody();
    const committing = uploads.commit(id, blob.digest, chunk);
    body.write(part(0, 8));
    await arrived(first, id, 8);
    await second.repository().uploads.append(id, chunkOf(Buffer.from('XXXXXXXX')));
    body.end(part(8));
    await committing.catch(() => {});
    const stored = await bytesOfBlob(first.repository(), blob.digest).catch(() => undefined);
    if (stored !== undefined) expect(stored).toEqual(bytes);
    await second.repository().uploads.push(blob.digest, chunkOf(bytes));
    expect(await bytesOfBlob(first.repository(), blob.digest)).toEqual(bytes);
  });

  it('before the first closes it is checked byte by byte', async () => {
    const first = await open();
    const second = await first.another();
    const { uploads, id } = await started(first, part(0, 8));
    await second.repository().uploads.append(id, chunkOf(part(8)));
    await uploads.commit(id, blob.digest, noChunk);
    expect(await bytesOfBlob(first.repository(), blob.digest)).toEqual(bytes);

    const { id: wrong } = await started(first, part(0, 8));
    await second.repository().uploads.append(wrong, chunkOf(Buffer.from('XXXXXXXX')));
    expect(await codeOf(uploads.commit(wrong, blob.digest, noChunk))).toBe('DIGEST_INVALID');
    expect(await first.store.staged()).toEqual([]);
  });

  it('and cancels is unknown to the first', async () => {
    const first = await open();
    const second = await first.another();
    const { uploads, id } = await started(first, part(0, 8));
    await second.repository().uploads.cancel(id);
    expect(await codeOf(uploads.append(id, chunkOf(part(8))))).toBe('BLOB_UPLOAD_UNKNOWN');
    expect(await codeOf(uploads.commit(id, blob.digest, noChunk))).toBe('BLOB_UPLOAD_UNKNOWN');
  });

  it('leaves nothing when the copy that it is committed from cannot be made', async () => {
    const first = await open();
    const { id } = await started(first, bytes);
    const { store, rightBefore } = interleaving(first.store);
    const { repository } = registryOver(store);
    rightBefore('append', () => {
      throw new StorageError('no-space', 'injected');
    });
    await expect(repository().uploads.commit(id, blob.digest, noChunk)).rejects.toThrow('injected');
    expect((await store.staged()).map((each) => each.id)).toEqual([id]);
    rightBefore('commit', () => {
      throw new StorageError('no-space', 'injected');
    });
    await expect(repository().uploads.commit(id, blob.digest, noChunk)).rejects.toThrow('injected');
    expect((await store.staged()).map((each) => each.id)).toEqual([id]);
    await repository().uploads.commit(id, blob.digest, noChunk);
    expect(await bytesOfBlob(repository(), blob.digest)).toEqual(bytes);
    expect(await store.staged()).toEqual([]);
  });
});

describe('the record of a session', () => {
  it('is looked at once more right before the bytes are published', async () => {
    const { store, rightBefore } = interleaving(new MemoryStore());
    const first = registryOver(store);
    const second = registryOver(store);
    const { uploads } = first.repository();
    const { id } = await uploads.start({});
    await uploads.append(id, chunkOf(part(0, 8)));
    // The second server takes the session while the first is about to close it: its request is in `append`.
    rightBefore('append', () => second.repository().uploads.append(id, chunkOf(Buffer.from('XX'))));
    const committed = await uploads.commit(id, blob.digest, chunkOf(part(8))).catch(() => undefined);
    const stored = await bytesOfBlob(first.repository(), blob.digest).catch(() => undefined);
    if (committed !== undefined || stored !== undefined) expect(stored).toEqual(bytes);
  });
});

describe('what a request asks of the store', () => {
  const begun = async () => {
    const { store, count } = interleaving(new MemoryStore());
    const { uploads } = registryOver(store).repository();
    const { id } = await uploads.start({});
    await uploads.append(id, chunkOf(part(0, 2)));
    const asked = async (request: (of: Uploads) => Promise<unknown>, of = uploads) => {
      const before = { records: count('resume'), sizes: count('size') };
      await request(of);
      return { records: count('resume') - before.records, sizes: count('size') - before.sizes };
    };
    return { store, id, asked };
  };

  it('of a chunk is the record and the size, once each, whoever began the session', async () => {
    const { store, id, asked } = await begun();
    const another = registryOver(store).repository().uploads;
    expect(await asked((uploads) => uploads.append(id, chunkOf(part(2, 4))))).toEqual({ records: 1, sizes: 1 });
    expect(await asked((uploads) => uploads.append(id, chunkOf(part(4))), another)).toEqual({ records: 1, sizes: 1 });
  });

  it('of a close is the record once more: whether another process took over meanwhile', async () => {
    const { id, asked } = await begun();
    expect(await asked((uploads) => uploads.commit(id, blob.digest, chunkOf(part(2))))).toEqual({
      records: 2,
      sizes: 1,
    });
  });

  it('of a whole blob in one request is nothing, and of one whose session is begun the record alone', async () => {
    const { asked } = await begun();
    expect(await asked((uploads) => uploads.push(blob.digest, chunkOf(bytes)))).toEqual({ records: 0, sizes: 0 });
    const pushed = async (uploads: Uploads) => {
      const { id } = await uploads.start({});
      await uploads.commit(id, blob.digest, chunkOf(bytes));
    };
    expect(await asked(pushed)).toEqual({ records: 1, sizes: 0 });
  });
});

/** By a clock that never jumped. */
function agesOf(clock: TestClock) {
  return { since: (atMs: number) => clock.now() - atMs };
}

describe.each(onEveryDriver)('sessions that nobody touched for long %s', (_, open) => {
  const sessionsOf = ({ store, clock }: RegistryUnderTest) =>
    new UploadSessions({
      store,
      clock,
      rules: { ...defaultRules, uploadsExpireAfterMs: 60_000 },
      owner: 'sweeper',
      budget: new GatherBudget(),
      quotas: noQuotas,
    });

  it('are removed, and others are not', async () => {
    const under = await open();
    const old = await started(under, part(0, 4));
    under.clock.advance(50_000);
    const young = await started(under, part(0, 4));
    expect(await sessionsOf(under).sweep(agesOf(under.clock))).toHaveLength(0);
    if (under.store instanceof MemoryStore) {
      under.clock.advance(20_000);
      expect(await sessionsOf(under).sweep(agesOf(under.clock))).toHaveLength(1);
      expect(await young.uploads.status(young.id)).toEqual({ id: young.id, size: 4 });
    } else {
      under.clock.advance(70_000);
      expect(await sessionsOf(under).sweep(agesOf(under.clock))).toHaveLength(2);
    }
    expect(await codeOf(old.uploads.status(old.id))).toBe('BLOB_UPLOAD_UNKNOWN');
  });

  it('are removed although one of them cannot be', async () => {
    const under = await open();
    for (let at = 0; at < 3; at += 1) await started(under, part(0, 4));
    under.clock.advance(70_000);
    const { store, rightBefore } = interleaving(under.store);
    rightBefore('discard', () => {
      throw new StorageError('unavailable', 'injected');
    });
    await expect(sessionsOf({ ...under, store }).sweep(agesOf(under.clock))).rejects.toThrow('injected');
    expect((await under.store.staged()).length).toBe(1);
  });
});

describe('a request that there is no space for', () => {
  const full = () => Promise.reject(new StorageError('no-space', 'full'));
  const noSpace = { failure: 'no-space' };

  async function almostFull() {
    const hooked = interleaving(new MemoryStore());
    const { uploads } = registryOver(hooked.store).repository();
    const { id } = await uploads.start({});
    await uploads.append(id, chunkOf(part(0, 4)));
    return { ...hooked, uploads, id };
  }

  it('is refused before its body is read when its length is known', async () => {
    const { uploads, id, rightBefore, count } = await almostFull();
    const before = count('append');
    rightBefore('assertRoom', full);
    await expect(uploads.append(id, chunkOf(part(4, 8)))).rejects.toMatchObject(noSpace);
    expect(count('append')).toBe(before);
  });

  it('takes back what it wrote, and keeps what was acknowledged: the upload goes on', async () => {
    const { uploads, id, rightAfter } = await almostFull();
    rightAfter('append', full);
    await expect(uploads.append(id, chunkOf(part(4, 8)))).rejects.toMatchObject(noSpace);
    expect((await uploads.status(id)).size).toBe(4);
    rightAfter('append', full);
    await expect(uploads.commit(id, blob.digest, chunkOf(part(4)))).rejects.toMatchObject(noSpace);
    expect((await uploads.status(id)).size).toBe(4);
    expect((await uploads.commit(id, blob.digest, chunkOf(part(4)))).size).toBe(bytes.length);
  });

  it('takes back its last chunk, too, when the blob cannot be published', async () => {
    const { uploads, id, rightBefore } = await almostFull();
    rightBefore('commit', full);
    await expect(uploads.commit(id, blob.digest, chunkOf(part(4)))).rejects.toMatchObject(noSpace);
    expect((await uploads.status(id)).size).toBe(4);
    expect((await uploads.commit(id, blob.digest, chunkOf(part(4)))).size).toBe(bytes.length);
  });

  it('begins no session', async () => {
    const { uploads, store, rightBefore } = await almostFull();
    rightBefore('assertRoom', full);
    await expect(uploads.start({})).rejects.toMatchObject(noSpace);
    rightBefore('create', full);
    await expect(uploads.push(blob.digest, chunkOf(bytes))).rejects.toMatchObject(noSpace);
    expect(await store.staged()).toHaveLength(1);
  });
});
