// One large manifest is no reason for anybody to wait. The thread that reads it runs compiled code: `npm test` builds first.
import { describe, expect, it, vi } from 'vitest';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { codesOf } from './support/answers.ts';
import { diskApp } from './support/disk-app.ts';
import { registryApp } from './support/registry-app.ts';

const children = (count: number) =>
  Array.from({ length: count }, (_, at) => ({
    mediaType: mediaTypes.imageManifest,
    digest: digestOf(Buffer.from(`${at}`)),
    size: 1_000,
    platform: { architecture: 'amd64', os: 'linux' },
  }));
const indexOf = (count: number) =>
  Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.imageIndex, manifests: children(count) }));
const push = (payload: Buffer, tag = 'v1') => ({
  method: 'PUT' as const,
  url: `/v2/a/manifests/${tag}`,
  payload,
  headers: { 'content-type': mediaTypes.imageIndex },
});

/** As many as there may be, which is the slowest to read for its size. */
const manyAnnotations = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.imageManifest,
    config: { mediaType: 'a/b', digest: digestOf(Buffer.from('{}')), size: 2 },
    layers: [],
    subject: { mediaType: mediaTypes.imageManifest, digest: digestOf(Buffer.from('subject')), size: 7 },
    annotations: Object.fromEntries(Array.from({ length: 249_000 }, (_, at) => [`${at.toString(36)}-`, 'x'])),
  }),
);

describe('a manifest with as much in it as there may be', () => {
  const bytes = indexOf(35_000);

  it('is taken without holding up others', { timeout: 600_000 }, async () => {
    const { app } = await diskApp();
    // The first one starts the thread, and compiles what is needed here.
    await app.inject(push(indexOf(1_000), 'small'));
    // Not by the clock: a machine that is busy elsewhere holds up everybody. Where both were read in this thread, all waited for 500 ms.
    const parse = vi.spyOn(JSON, 'parse');
    expect((await app.inject(push(bytes))).statusCode).toBe(201);
    expect((await app.inject({ ...push(manyAnnotations, 'v2'), headers: {} })).statusCode).toBe(201);
    expect((await app.inject(`/v2/a/referrers/${digestOf(Buffer.from('subject'))}`)).statusCode).toBe(200);
    expect((await app.inject(`/v2/a/manifests/${digestOf(Buffer.from('unknown'))}`)).statusCode).toBe(404);
    const parsedHere = parse.mock.calls.map(([text]) => text.length);
    parse.mockRestore();
    expect(Math.max(0, ...parsedHere)).toBeLessThanOrEqual(64 * 1024);
    expect((await app.inject('/v2/a/manifests/v1')).rawPayload.equals(bytes)).toBe(true);
  });

  it('is refused with the first thousand of what it lacks, where all must be there', async () => {
    const { app } = registryApp({ requireReferences: true });
    const answer = await app.inject(push(bytes));
    expect(answer.statusCode).toBe(400);
    expect(codesOf(answer)).toHaveLength(1_001);
    expect(answer.json().errors.at(-1).detail).toBe('and 34000 more');
    expect(answer.rawPayload.byteLength).toBeLessThan(500_000);
  });
});

it('more than 500,000 names and values are refused in the envelope', async () => {
  const { app } = registryApp();
  const answer = await app.inject(push(Buffer.from(`{"x":[${'1,'.repeat(2_000_000)}1]}`)));
  expect(answer.statusCode).toBe(400);
  expect(codesOf(answer)).toEqual(['MANIFEST_INVALID']);
  expect((await app.inject('/v2/a/tags/list')).statusCode).toBe(404);
});
