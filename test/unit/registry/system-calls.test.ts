// What requests cost, counted in calls that touch files: figures that no busy machine changes.
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../src/oci/digest.ts';
import { RegistryError } from '../../../src/oci/error-code.ts';
import { RequestTurns } from '../../../src/storage/request-turns.ts';
import { blobOf, imageManifest } from '../../support/content.ts';
import { CountedCalls } from '../../support/counted-calls.ts';
import { bytesOfBlob, pull, pushBlob, pushImage } from '../../support/pushes.ts';
import { type DirectoryOptions, directoryRegistry } from '../../support/registry-under-test.ts';

async function counted(options: DirectoryOptions = {}) {
  const counts = new CountedCalls();
  const under = await directoryRegistry({ calls: counts.calls, ...options });
  const taken = () => takenFrom(counts);
  const repository = under.repository();
  // Requests for a repository without an index.json look for it elsewhere each time.
  await pushImage(repository, imageManifest(), 'v1');
  const contentOf = async (digest: Digest) => (await bytesOfBlob(repository, digest)).toString();
  const fileOf = (digest: Digest) => join(under.root, 'team/app/blobs', digest.replace(':', '/'));
  return { ...under, repository, taken, contentOf, fileOf };
}

/** Of each call that touched a file since it was asked last. */
function takenFrom(counts: CountedCalls): Readonly<Record<string, number>> {
  const taken = Object.fromEntries(counts.others);
  counts.reset();
  return taken;
}

/** Of its own time, so that the version of a file is known to stay as it is. */
function age(path: string): void {
  utimesSync(path, 1_700_000_000, 1_700_000_000);
}

/** One letter less, and the same time: what nobody sees who only looks at sizes and times. */
const tampered = 'small blab';

describe('a warm GET of a manifest', () => {
  it('costs one look at index.json', async () => {
    const { repository, taken } = await counted();
    const get = () => pull(repository, 'v1');
    await get();
    taken();
    await get();
    expect(taken()).toEqual({ lstatSync: 1 });
  });

  it('shares it with those that arrive together, and with no others', async () => {
    const turns = new RequestTurns();
    const { repository, taken } = await counted({ turns });
    const get = () => pull(repository, 'v1');
    await get();
    taken();
    turns.arrived();
    await Promise.all([get(), get(), get()]);
    expect(taken().lstatSync).toBeLessThanOrEqual(3);
    await get();
    expect(taken()).toEqual({});
    await new Promise((resolve) => setImmediate(resolve));
    await get();
    expect(taken()).toEqual({ lstatSync: 1 });
  });
});

describe('a small blob', () => {
  const blob = blobOf('small blob');

  it('is read once, and costs one look at its file from then on', async () => {
    const { repository, taken, contentOf, fileOf } = await counted();
    await pushBlob(repository, blob);
    age(fileOf(blob.digest));
    expect(await contentOf(blob.digest)).toBe('small blob');
    taken();
    expect(await contentOf(blob.digest)).toBe('small blob');
    expect(taken()).toEqual({ lstatSync: 1 });
  });

  it('costs at most six calls where it is not in memory', async () => {
    const { repository, contentOf, another, fileOf } = await counted();
    await pushBlob(repository, blob);
    age(fileOf(blob.digest));
    await contentOf(blob.digest);
    const counts = new CountedCalls();
    const later = (await another({ calls: counts.calls })).repository();
    const open = async () => (await later.blobs.open(blob.digest)).close();
    // What is known of the mount and of the repository is read with the first request.
    await pull(later, 'v1');
    await later.blobs.stat(blob.digest);
    counts.reset();
    await open();
    const sum = Object.values(takenFrom(counts)).reduce((one, other) => one + other, 0);
    expect(sum).toBeLessThanOrEqual(6);
  });

  it('is not given away once its file is another one, or gone', async () => {
    const { repository, contentOf, fileOf } = await counted();
    await pushBlob(repository, blob);
    const path = fileOf(blob.digest);
    age(path);
    await contentOf(blob.digest);
    writeFileSync(path, tampered);
    age(path);
    await expect(contentOf(blob.digest)).rejects.toThrow(RegistryError);
    writeFileSync(path, 'small blob');
    expect(await contentOf(blob.digest)).toBe('small blob');
    await repository.blobs.delete(blob.digest);
    await expect(contentOf(blob.digest)).rejects.toThrow(RegistryError);
  });

  it('is hashed for each answer where each answer is to be hashed', async () => {
    const { repository, taken, contentOf, fileOf } = await counted({ verifyReads: 'all' });
    await pushBlob(repository, blob);
    age(fileOf(blob.digest));
    await contentOf(blob.digest);
    taken();
    await contentOf(blob.digest);
    expect(taken().openSync).toBe(1);
  });
});
