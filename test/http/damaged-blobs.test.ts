// Blobs that nobody here hashed, or that rotted since: what a client is told of them, and that a push mends them.
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, truncate, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import { type Digest, digestOf, encodedOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { parseRepositoryName } from '../../src/oci/reference.ts';
import { codesOf } from './support/answers.ts';
import { imageIndex, imageManifest, pushBlob, pushImage, pushManifest } from './support/content.ts';
import { type DiskApp, diskApp } from './support/disk-app.ts';
import { head, rawConnection } from './support/raw-connection.ts';

const small = randomBytes(10_000);
const large = randomBytes(2_500_000);
/** Between the two, and more than is sent in one piece. */
const checkedAtOnceBytes = 100_000;
const anHourAgo = new Date(Date.now() - 3_600_000);

const start = (options = {}) => diskApp({ checkedAtOnceBytes, ...options });
const fileOf = ({ directory }: DiskApp, name: string, digest: Digest) =>
  join(directory, name, 'blobs/sha256', encodedOf(digest));

/** What another program left long ago under the name of a blob. */
async function leave(disk: DiskApp, name: string, digest: Digest, bytes: Uint8Array): Promise<void> {
  const file = fileOf(disk, name, digest);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.new`, bytes);
  await utimes(`${file}.new`, anHourAgo, anHourAgo);
  await rename(`${file}.new`, file);
}

/** In place, so that all hard links have it. */
async function flip(file: string, at = 5_000): Promise<void> {
  const handle = await open(file, 'r+');
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, at);
  await handle.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, at);
  await handle.close();
  await utimes(file, anHourAgo, anHourAgo);
}

function flipped(bytes: Buffer): Buffer {
  const wrong = Buffer.from(bytes);
  wrong[5_000] = (wrong[5_000] ?? 0) ^ 1;
  return wrong;
}

const urlOf = (name: string, digest: Digest) => `/v2/${name}/blobs/${digest}`;
const statusOf = async (app: FastifyInstance, method: 'GET' | 'HEAD', url: string, headers = {}) =>
  (await app.inject({ method, url, headers })).statusCode;
const mountInto = async (app: FastifyInstance, name: string, digest: Digest, from?: string) => {
  const source = from === undefined ? '' : `&from=${from}`;
  return (await app.inject({ method: 'POST', url: `/v2/${name}/blobs/uploads/?mount=${digest}${source}` })).statusCode;
};

describe('a small blob', () => {
  const digest = digestOf(small);

  it.each([
    ['of another program', (disk: DiskApp) => leave(disk, 'a', digest, flipped(small))],
    ['that was cut short', (disk: DiskApp) => leave(disk, 'a', digest, small.subarray(0, 9_000))],
    ['that is empty', (disk: DiskApp) => leave(disk, 'a', digest, Buffer.alloc(0))],
    [
      'that rotted after it was pushed',
      async (disk: DiskApp) => {
        await pushBlob(disk.app, 'a', small);
        await flip(fileOf(disk, 'a', digest));
      },
    ],
  ])('%s is unknown however it is asked for, is not spread, and is mended by a push', async (_, damage) => {
    const disk = await start();
    const { app } = disk;
    await damage(disk);
    const url = urlOf('a', digest);
    expect(await statusOf(app, 'HEAD', url)).toBe(404);
    expect(codesOf(await app.inject(url))).toEqual(['BLOB_UNKNOWN']);
    for (const headers of [{ range: 'bytes=0-9' }, { 'if-none-match': `"${digest}"` }]) {
      expect(await statusOf(app, 'GET', url, headers)).toBe(404);
    }
    expect(await mountInto(app, 'b', digest, 'a')).toBe(202);
    expect(await mountInto(app, 'a', digest, 'a')).toBe(202);
    expect(await mountInto(app, 'b', digest)).toBe(202);
    await pushBlob(app, 'a', small);
    expect((await app.inject(url)).rawPayload).toEqual(small);
    expect(await readFile(fileOf(disk, 'a', digest))).toEqual(small);
    expect(await mountInto(app, 'b', digest, 'a')).toBe(201);
    expect(await mountInto(app, 'c', digest)).toBe(201);
    expect((await app.inject(urlOf('b', digest))).rawPayload).toEqual(small);
  });

  it('that is right is served, and taken over', async () => {
    const disk = await start();
    await leave(disk, 'a', digest, small);
    expect(await statusOf(disk.app, 'HEAD', urlOf('a', digest))).toBe(200);
    expect((await disk.app.inject(urlOf('a', digest))).rawPayload).toEqual(small);
    expect(await mountInto(disk.app, 'b', digest, 'a')).toBe(201);
  });

  it('that several repositories share is mended where it is pushed, and elsewhere by a mount', async () => {
    const disk = await start();
    const { app } = disk;
    await pushBlob(app, 'a', small);
    expect(await mountInto(app, 'b', digest, 'a')).toBe(201);
    await flip(fileOf(disk, 'a', digest));
    expect(await statusOf(app, 'HEAD', urlOf('b', digest))).toBe(404);
    await pushBlob(app, 'a', small);
    expect(await statusOf(app, 'HEAD', urlOf('b', digest))).toBe(404);
    expect(await mountInto(app, 'b', digest, 'a')).toBe(201);
    expect((await app.inject(urlOf('b', digest))).rawPayload).toEqual(small);
  });

  it('that is made right in place is served: a backup may bring it back with its old times', async () => {
    const disk = await start();
    await leave(disk, 'a', digest, flipped(small));
    expect(await statusOf(disk.app, 'GET', urlOf('a', digest))).toBe(404);
    await flip(fileOf(disk, 'a', digest));
    expect(await statusOf(disk.app, 'GET', urlOf('a', digest))).toBe(200);
  });

  it('is not looked at when that is off, and each time when that is wanted', async () => {
    const off = await start({ verifyReads: 'off' });
    await leave(off, 'a', digest, flipped(small));
    expect(await statusOf(off.app, 'GET', urlOf('a', digest))).toBe(200);
    // More than is held in memory, which is hashed whenever it comes in.
    const middling = Buffer.alloc(40 * 1024, 7);
    for (const [verifyReads, bytes, expected] of [
      ['once', middling, 200],
      ['once', small, 404],
      ['all', middling, 404],
      ['all', small, 404],
    ] as const) {
      const disk = await start({ verifyReads });
      const left = digestOf(bytes);
      await leave(disk, 'a', left, bytes);
      expect(await statusOf(disk.app, 'GET', urlOf('a', left))).toBe(200);
      // Silent rot: the bytes change, and nothing else does.
      await flip(fileOf(disk, 'a', left));
      expect(await statusOf(disk.app, 'GET', urlOf('a', left))).toBe(expected);
    }
  });
});

describe('a large blob', () => {
  const digest = digestOf(large);
  const url = urlOf('a', digest);
  const isMostOfIt = (bytes: number) => bytes > large.byteLength / 2 && bytes < large.byteLength;

  /** What came of the body before the connection closed or the answer ended. */
  async function download(app: FastifyInstance): Promise<Buffer> {
    const connection = await rawConnection(app);
    await connection.write(head(`GET ${url}`, { Connection: 'close' }));
    await connection.closed();
    const received = connection.receivedText();
    expect(received).toMatch(/^HTTP\/1.1 200 /);
    return Buffer.from(received.slice(received.indexOf('\r\n\r\n') + 4), 'latin1');
  }

  it('that is damaged never arrives whole, and is unknown from then on', async () => {
    const disk = await start();
    await leave(disk, 'a', digest, flipped(large));
    expect((await download(disk.app)).byteLength).toSatisfy(isMostOfIt);
    expect(disk.failures).toHaveLength(1);
    for (const method of ['GET', 'HEAD'] as const) expect(await statusOf(disk.app, method, url)).toBe(404);
    await pushBlob(disk.app, 'a', large);
    expect(digestOf(await download(disk.app))).toBe(digest);
  });

  it('that is right arrives whole, is known from then on, and is taken over', async () => {
    const disk = await start();
    await leave(disk, 'a', digest, large);
    expect(digestOf(await download(disk.app))).toBe(digest);
    expect(await mountInto(disk.app, 'b', digest, 'a')).toBe(201);
    expect(digestOf(await download(disk.app))).toBe(digest);
  });

  it.each(['HEAD', 'GET'] as const)('that is damaged is found by a look after a %s of it', async (method) => {
    const disk = await start();
    await leave(disk, 'a', digest, flipped(large));
    const part = method === 'GET' ? { range: 'bytes=0-9' } : {};
    expect(await statusOf(disk.app, method, url, part)).toBe(method === 'GET' ? 206 : 200);
    await expect.poll(() => statusOf(disk.app, method, url, part)).toBe(404);
    expect(await mountInto(disk.app, 'b', digest, 'a')).toBe(202);
  });

  it('is taken over only after it was looked at', async () => {
    const disk = await start();
    await leave(disk, 'a', digest, large);
    expect(await mountInto(disk.app, 'b', digest, 'a')).toBe(202);
    await expect.poll(() => mountInto(disk.app, 'b', digest, 'a')).toBe(201);
  });

  it('that is shorter than a manifest says is unknown at once', async () => {
    const disk = await start();
    const image = imageManifest({ layers: [large] });
    await pushBlob(disk.app, 'a', large);
    await pushImage(disk.app, 'a', 'v1', image);
    await truncate(fileOf(disk, 'a', digest), 200_000);
    expect(await statusOf(disk.app, 'HEAD', url)).toBe(404);
  });

  it('is there also while index.json cannot be read', async () => {
    const disk = await start();
    await leave(disk, 'a', digest, large);
    await writeFile(join(disk.directory, 'a/index.json'), '{"manifests":[');
    expect(await statusOf(disk.app, 'HEAD', url)).toBe(200);
  });

  it('is hashed with each download when that is wanted', async () => {
    const disk = await start({ verifyReads: 'all' });
    await leave(disk, 'a', digest, large);
    expect(digestOf(await download(disk.app))).toBe(digest);
    await flip(fileOf(disk, 'a', digest));
    expect((await download(disk.app)).byteLength).toSatisfy(isMostOfIt);
  });
});

describe('an image with a damaged layer', () => {
  const digest = digestOf(small);
  const image = imageManifest({ layers: [small] });
  const manifestUrl = (reference: string) => `/v2/a/manifests/${reference}`;

  it('is not told to be there by HEAD, or clients would not push its layers; it can be pulled as far as it goes', async () => {
    const disk = await start();
    const { app } = disk;
    await pushBlob(app, 'a', small);
    await pushImage(app, 'a', 'v1', image);
    const index = imageIndex([image]);
    await pushManifest(app, 'a', 'all', index, mediaTypes.imageIndex);
    await pushImage(app, 'a', 'other');
    await flip(fileOf(disk, 'a', digest));
    expect(await statusOf(app, 'HEAD', urlOf('a', digest))).toBe(404);
    for (const reference of ['v1', 'all', image.digest, index.digest]) {
      expect(await statusOf(app, 'HEAD', manifestUrl(reference))).toBe(404);
      expect(await statusOf(app, 'GET', manifestUrl(reference))).toBe(200);
    }
    expect(await statusOf(app, 'HEAD', manifestUrl('other'))).toBe(200);
    await pushBlob(app, 'a', small);
    for (const reference of ['v1', 'all']) expect(await statusOf(app, 'HEAD', manifestUrl(reference))).toBe(200);
  });

  it('that rots after it was trusted, and of which nothing shows, is refused everywhere once somebody has read it', async () => {
    const disk = await start({ requireReferences: true });
    const { app, registry } = disk;
    await pushBlob(app, 'a', small);
    await pushImage(app, 'a', 'v1', image);
    const file = fileOf(disk, 'a', digest);
    await utimes(file, anHourAgo, anHourAgo);
    expect(await statusOf(app, 'GET', urlOf('a', digest))).toBe(200);
    await flip(file);
    const { blobs } = await registry.repository(parseRepositoryName('a'));
    expect(await blobs.verify(digest)).toBe(false);
    expect(await registry.warnings()).toEqual([expect.stringMatching(/^a damaged file is not served: a\/blobs\//)]);
    for (const method of ['HEAD', 'GET'] as const) {
      expect(await statusOf(app, method, urlOf('a', digest))).toBe(404);
      expect(await statusOf(app, method, urlOf('a', digest), { range: 'bytes=0-9' })).toBe(404);
    }
    expect(await statusOf(app, 'HEAD', manifestUrl('v1'))).toBe(404);
    for (const from of ['a', undefined]) expect(await mountInto(app, 'b', digest, from)).toBe(202);
    const headers = { 'content-type': mediaTypes.imageManifest };
    const again = await app.inject({ method: 'PUT', url: manifestUrl('v2'), headers, payload: image.bytes });
    expect([again.statusCode, codesOf(again)]).toEqual([400, ['MANIFEST_BLOB_UNKNOWN']]);
    await pushBlob(app, 'a', small);
    expect(await statusOf(app, 'GET', urlOf('a', digest))).toBe(200);
    expect(await registry.warnings()).toEqual([]);
  });

  it.each([
    ['strict', true],
    ['lenient', false],
  ])('is pushed as one with a missing layer: %s', async (_, requireReferences) => {
    const disk = await start({ requireReferences });
    await leave(disk, 'a', digest, small.subarray(0, 9_000));
    await pushBlob(disk.app, 'a', Buffer.from('{}'));
    const answer = await disk.app.inject({
      method: 'PUT',
      url: manifestUrl('v1'),
      headers: { 'content-type': mediaTypes.imageManifest },
      payload: image.bytes,
    });
    expect(answer.statusCode).toBe(requireReferences ? 400 : 201);
    if (requireReferences) expect(codesOf(answer)).toEqual(['MANIFEST_BLOB_UNKNOWN']);
  });
});
