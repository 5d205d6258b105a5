// Small blobs: a session without bytes is no file, a body that comes whole is written once, and what that costs is counted.
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { encodedOf } from '../../../src/oci/digest.ts';
import { isUploadId, newUploadId, type UploadId } from '../../../src/oci/upload-id.ts';
import { mostGatheredBytes } from '../../../src/registry/gathered-body.ts';
import { UploadRangeError } from '../../../src/registry/upload-chunk.ts';
import { systemCalls } from '../../../src/storage/filesystem/system-calls.ts';
import { blobOf, type Content, imageManifest } from '../../support/content.ts';
import { CountedCalls } from '../../support/counted-calls.ts';
import { bytesOfBlob, chunkOf, codeOf, noChunk, pushBlob, pushImage, rangeAt } from '../../support/pushes.ts';
import {
  type DirectoryRegistry,
  directoryRegistry,
  onEveryDriver,
  type RegistryUnderTest,
} from '../../support/registry-under-test.ts';

const blob = blobOf('a small blob');
const unknown = { code: 'BLOB_UPLOAD_UNKNOWN' };

function uploadsOn({ root }: DirectoryRegistry): readonly string[] {
  const directory = join(root, '.moorage/uploads');
  return existsSync(directory) ? readdirSync(directory) : [];
}

const pathOf = ({ root }: DirectoryRegistry, { digest }: Content, name = 'team/app') =>
  join(root, name, 'blobs/sha256', encodedOf(digest));
const poolPathOf = ({ root }: DirectoryRegistry, { digest }: Content) =>
  join(root, '.moorage/pool/sha256', encodedOf(digest));

async function pushInTwo(under: RegistryUnderTest, content: Content, name?: string): Promise<void> {
  const { uploads } = under.repository(name);
  const { id } = await uploads.start({});
  await uploads.commit(id, content.digest, chunkOf(content.bytes));
}

const many = (count: number) => Array.from({ length: count }, (_, at) => blobOf(`blob ${at} ${'x'.repeat(1_000)}`));

describe.each(onEveryDriver)('a session without bytes %s', (driver, open) => {
  it('is known to every process of the root, also to those that begin later', async () => {
    const under = await open();
    const { id } = await under.repository().uploads.start({});
    expect(isUploadId(id)).toBe(true);
    expect(await under.store.staged()).toEqual([]);
    expect(await under.repository().uploads.status(id)).toEqual({ id, size: 0 });
    expect(await under.store.staged()).toEqual([]);
    const other = (await under.another()).repository();
    if (driver === 'in a directory') {
      expect(await other.uploads.status(id)).toEqual({ id, size: 0 });
      await other.uploads.append(id, chunkOf(blob.bytes.subarray(0, 5)));
      // What was acknowledged is there for the first one, too.
      expect(await under.repository().uploads.status(id)).toEqual({ id, size: 5 });
      await under.repository().uploads.commit(id, blob.digest, chunkOf(blob.bytes.subarray(5)));
      expect(await bytesOfBlob(other, blob.digest)).toEqual(blob.bytes);
    }
  });

  it('belongs to one repository and one user, and nobody makes one up', async () => {
    const under = await open();
    const { uploads } = under.repository();
    const { id } = await uploads.start({});
    const elsewhere = under.repository('team/other').uploads;
    expect(await codeOf(elsewhere.status(id))).toBe('BLOB_UPLOAD_UNKNOWN');
    const ofAlice = (await under.registry.writable('team/app' as never)).uploads.of('alice');
    expect(await codeOf(ofAlice.status(id))).toBe('BLOB_UPLOAD_UNKNOWN');
    const { id: hers } = await ofAlice.start({});
    expect(await codeOf(uploads.status(hers))).toBe('BLOB_UPLOAD_UNKNOWN');
    expect((await ofAlice.status(hers)).size).toBe(0);
    for (let at = 0; at < id.length; at += 1) {
      if (id[at] === '-') continue;
      const forged = `${id.slice(0, at)}${id[at] === '0' ? '1' : '0'}${id.slice(at + 1)}` as UploadId;
      expect(await codeOf(uploads.status(forged)), forged).toBe('BLOB_UPLOAD_UNKNOWN');
      expect(await codeOf(uploads.commit(forged, blob.digest, chunkOf(blob.bytes)))).toBe('BLOB_UPLOAD_UNKNOWN');
    }
  });

  it('is over when it expires, is cancelled, or ended', async () => {
    const under = await open();
    const { uploads } = under.repository();
    const { id: cancelled } = await uploads.start({});
    await uploads.cancel(cancelled);
    await expect(uploads.status(cancelled)).rejects.toMatchObject(unknown);
    await expect(uploads.append(cancelled, chunkOf(blob.bytes))).rejects.toMatchObject(unknown);
    const { id: ended } = await uploads.start({});
    await uploads.commit(ended, blob.digest, chunkOf(blob.bytes));
    await expect(uploads.status(ended)).rejects.toMatchObject(unknown);
    await expect(uploads.cancel(ended)).rejects.toMatchObject(unknown);
    const { id: refused } = await uploads.start({});
    await expect(uploads.commit(refused, blob.digest, chunkOf(Buffer.from('x')))).rejects.toMatchObject({
      code: 'DIGEST_INVALID',
    });
    await expect(uploads.status(refused)).rejects.toMatchObject(unknown);
    const { id: old } = await uploads.start({});
    under.clock.advance(59_000);
    expect((await uploads.status(old)).size).toBe(0);
    under.clock.advance(2_001);
    await expect(uploads.status(old)).rejects.toMatchObject(unknown);
    await expect(uploads.commit(old, blob.digest, chunkOf(blob.bytes))).rejects.toMatchObject(unknown);
    expect(await under.store.staged()).toEqual([]);
  });

  it('whose bytes were stored is gone with them', async () => {
    const under = await open();
    const { uploads } = under.repository();
    const { id } = await uploads.start({});
    await uploads.append(id, chunkOf(blob.bytes.subarray(0, 4)));
    await (await under.store.resume(id))?.discard();
    await expect(uploads.status(id)).rejects.toMatchObject(unknown);
    await expect(uploads.status(id)).rejects.toMatchObject(unknown);
  });

  it('is counted where the sessions of users are, as it is stored from the start', async () => {
    const under = await open({ uploadsPerUser: 2 });
    const { uploads } = under.repository();
    await uploads.start({});
    await uploads.start({});
    expect(await codeOf(uploads.start({}))).toBe('TOOMANYREQUESTS');
    expect(await under.store.staged()).toHaveLength(2);
  });
});

describe.each(onEveryDriver)('a small body %s', (_, open) => {
  it('becomes a blob whole, however it comes', async () => {
    const under = await open();
    const { uploads } = under.repository();
    const sizes = [0, 1, 1_024, 70_000, mostGatheredBytes - 1, mostGatheredBytes, mostGatheredBytes + 1, 700_000];
    for (const size of sizes) {
      for (const length of [size, undefined]) {
        const content = blobOf(`${size} ${length}`.padEnd(size, '.').slice(0, size));
        const body = new PassThrough();
        const { id } = await uploads.start({});
        const pushed = uploads.commit(id, content.digest, { body, length, range: undefined });
        for (let at = 0; at < size; at += 50_000) {
          body.write(content.bytes.subarray(at, at + 50_000));
          await turnOfTheLoop();
        }
        body.end();
        expect(await pushed).toEqual({ digest: content.digest, size });
        expect((await bytesOfBlob(under.repository(), content.digest)).equals(content.bytes)).toBe(true);
      }
    }
    expect(await under.store.staged()).toEqual([]);
  });

  it('that breaks off leaves nothing, and the session can begin anew', async () => {
    const under = await open();
    const { uploads } = under.repository();
    const { id } = await uploads.start({});
    const body = new PassThrough();
    const pushed = uploads.commit(id, blob.digest, { body, length: blob.bytes.byteLength, range: undefined });
    body.write(blob.bytes.subarray(0, 3));
    await turnOfTheLoop();
    body.destroy(new Error('the client left'));
    await expect(pushed).rejects.toThrow('the client left');
    expect(await under.store.staged()).toEqual([]);
    expect(await uploads.status(id)).toEqual({ id, size: 0 });
    await uploads.commit(id, blob.digest, chunkOf(blob.bytes));
    expect(await bytesOfBlob(under.repository(), blob.digest)).toEqual(blob.bytes);
  });

  it('that grew large and breaks off, pushed in one request, gives its room back', async () => {
    const under = await open({ quotas: [{ prefix: '', bytes: 600_000 }] });
    const [lost, next] = ['a', 'b'].map((letter) => blobOf(letter.repeat(500_000))) as [Content, Content];
    const body = new PassThrough();
    const pushed = under.repository().uploads.push(lost.digest, { body, length: 500_000, range: undefined });
    const refused = expect(pushed).rejects.toThrow('the client left');
    body.write(lost.bytes.subarray(0, 400_000));
    await expect.poll(async () => (await under.store.staged())[0]?.size).toBe(400_000);
    body.destroy(new Error('the client left'));
    await refused;
    expect(await under.store.staged()).toEqual([]);
    await pushBlob(under.repository(), next);
  });

  it('that does not fit its range is refused, and a later request takes over', async () => {
    const under = await open();
    const { uploads } = under.repository();
    const { id } = await uploads.start({});
    const wrong = chunkOf(blob.bytes, { range: rangeAt(3, blob.bytes) });
    await expect(uploads.commit(id, blob.digest, wrong)).rejects.toBeInstanceOf(UploadRangeError);
    const short = chunkOf(blob.bytes.subarray(1), { range: rangeAt(0, blob.bytes), length: undefined });
    await expect(uploads.commit(id, blob.digest, short)).rejects.toBeInstanceOf(UploadRangeError);
    const body = new PassThrough();
    const first = uploads.commit(id, blob.digest, { ...noChunk, body, length: undefined });
    const lost = expect(first).rejects.toBeInstanceOf(UploadRangeError);
    await turnOfTheLoop();
    expect(await uploads.status(id)).toEqual({ id, size: 0 });
    await lost;
    await uploads.commit(id, blob.digest, chunkOf(blob.bytes, { range: rangeAt(0, blob.bytes) }));
  });
});

describe('on disk', () => {
  it('a pushed blob is one file of two names, and nothing else is left', async () => {
    const under = await directoryRegistry();
    await pushInTwo(under, blob);
    expect(statSync(pathOf(under, blob)).ino).toBe(statSync(poolPathOf(under, blob)).ino);
    expect(statSync(pathOf(under, blob)).nlink).toBe(2);
    expect(readdirSync(join(under.root, '.moorage/staging'))).toEqual([]);
    expect(uploadsOn(under)).toEqual([]);
    expect(statSync(join(under.root, '.moorage/upload-key')).mode & 0o777).toBe(0o600);
  });

  it('no key is made for an id that somebody made up, nor is anything else written', async () => {
    let isFull = true;
    const full = () => Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
    const writeSync: typeof systemCalls.writeSync = (...values) => {
      if (isFull) throw full();
      return systemCalls.writeSync(...values);
    };
    const under = await directoryRegistry({ calls: { writeSync } });
    const { uploads } = under.repository();
    const id = newUploadId();
    for (const ask of [() => uploads.status(id), () => uploads.commit(id, blob.digest, chunkOf(blob.bytes))]) {
      await expect(ask()).rejects.toMatchObject(unknown);
    }
    expect(existsSync(join(under.root, '.moorage'))).toBe(false);
    isFull = false;
    expect((await uploads.status((await uploads.start({})).id)).size).toBe(0);
    await expect(uploads.status(id)).rejects.toMatchObject(unknown);
  });

  it('of an upload whose server was killed while it was committed nothing more is taken, and a client begins anew', async () => {
    const under = await directoryRegistry();
    const { uploads } = under.repository();
    const { id } = await uploads.start({});
    await uploads.append(id, chunkOf(blob.bytes));
    const directory = join(under.root, '.moorage/uploads', id);
    renameSync(`${directory}/record.json`, `${directory}/committing.json`);
    renameSync(`${directory}/data`, `${directory}/committing`);
    const next = (await under.another()).repository();
    await expect(next.uploads.append(id, chunkOf(blob.bytes))).rejects.toMatchObject(unknown);
    await next.uploads.commit(id, blob.digest, chunkOf(blob.bytes));
    expect(await bytesOfBlob(next, blob.digest)).toEqual(blob.bytes);
  });

  it('pushed again it is linked, and a bad file in its place is mended', async () => {
    const under = await directoryRegistry();
    await pushInTwo(under, blob);
    await pushInTwo(under, blob, 'team/other');
    expect(statSync(pathOf(under, blob, 'team/other')).ino).toBe(statSync(poolPathOf(under, blob)).ino);
    rmSync(pathOf(under, blob));
    writeFileSync(pathOf(under, blob), 'not a small blob');
    await pushInTwo(under, blob);
    expect(readFileSync(pathOf(under, blob))).toEqual(blob.bytes);
    rmSync(poolPathOf(under, blob));
    rmSync(pathOf(under, blob));
    writeFileSync(pathOf(under, blob), 'bad again');
    await pushInTwo(under, blob);
    expect(readFileSync(pathOf(under, blob))).toEqual(blob.bytes);
  });

  it('the bytes of a manifest stay a file of their own', async () => {
    const under = await directoryRegistry();
    const image = imageManifest({ layers: [blob] });
    await pushImage(under.repository(), image, 'v1');
    await pushBlob(under.repository(), image);
    expect(statSync(pathOf(under, image)).nlink).toBe(1);
    expect(existsSync(poolPathOf(under, image))).toBe(false);
  });

  it('is there without its second name where the pool lies on another file system (injected)', async () => {
    const renameSync: typeof systemCalls.renameSync = (from, to) => {
      if (!/[0-9a-f]{64}$/.test(to)) return systemCalls.renameSync(from, to);
      throw Object.assign(new Error('EXDEV'), { code: 'EXDEV', syscall: 'rename' });
    };
    const under = await directoryRegistry({ calls: { renameSync } });
    await pushInTwo(under, blob);
    expect(statSync(pathOf(under, blob)).nlink).toBe(1);
    expect(existsSync(poolPathOf(under, blob))).toBe(false);
    expect(readdirSync(join(under.root, '.moorage/staging'))).toEqual([]);
    expect(await bytesOfBlob(under.repository(), blob.digest)).toEqual(blob.bytes);
  });

  it('64 pushes of one digest at once all succeed, and leave one file', async () => {
    const under = await directoryRegistry();
    await Promise.all(Array.from({ length: 64 }, () => pushInTwo(under, blob)));
    expect(await bytesOfBlob(under.repository(), blob.digest)).toEqual(blob.bytes);
    expect(statSync(pathOf(under, blob)).ino).toBe(statSync(poolPathOf(under, blob)).ino);
    expect(readdirSync(join(under.root, '.moorage/staging'))).toEqual([]);
  });

  it('a sync that many share and that fails is refused to all of them, and the next try succeeds (injected)', async () => {
    let isFailing = false;
    const fsync = async (descriptor: number) => {
      const isDirectory = systemCalls.fstatSync(descriptor).isDirectory();
      if (isFailing && isDirectory) throw Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'fsync' });
      return systemCalls.fsync(descriptor);
    };
    const under = await directoryRegistry({ calls: { fsync } });
    const blobs = many(16);
    await pushInTwo(under, blob);
    isFailing = true;
    const results = await Promise.allSettled(blobs.map((each) => pushInTwo(under, each)));
    expect(results.map(({ status }) => status)).toEqual(blobs.map(() => 'rejected'));
    isFailing = false;
    for (const each of blobs) await pushInTwo(under, each);
    expect(readdirSync(join(under.root, '.moorage/staging'))).toEqual([]);
    for (const each of blobs) expect(await bytesOfBlob(under.repository(), each.digest)).toEqual(each.bytes);
  });

  it('without space nothing is left, and afterwards it succeeds (injected)', async () => {
    let isFull = false;
    const full = () => Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
    const writeSync: typeof systemCalls.writeSync = (...values) => {
      if (isFull) throw full();
      return systemCalls.writeSync(...values);
    };
    const under = await directoryRegistry({ calls: { writeSync } });
    await pushInTwo(under, blobOf('first'));
    isFull = true;
    await expect(pushInTwo(under, blob)).rejects.toMatchObject({ failure: 'no-space' });
    expect(readdirSync(join(under.root, '.moorage/staging'))).toEqual([]);
    expect(existsSync(pathOf(under, blob))).toBe(false);
    isFull = false;
    await pushInTwo(under, blob);
  });
});

describe('what it costs', () => {
  it('alone: a sync of the file, one of each directory, and at most 15 other calls', async () => {
    const counted = new CountedCalls();
    const under = await directoryRegistry({ calls: counted.calls });
    await pushImage(under.repository(), imageManifest({ layers: [blob] }), 'v1');
    const blobs = many(1_000);
    // On a machine that is busy with something else, what stays open between two pushes is closed before the next.
    await vi.waitFor(
      async () => {
        const [first, ...others] = blobs.splice(0, 21);
        if (first !== undefined) await pushInTwo(under, first);
        counted.reset();
        for (const each of others) await pushInTwo(under, each);
        expect(others).toHaveLength(20);
        expect(counted.fileSyncs).toBe(20);
        expect(counted.directorySyncs).toBe(2 * 20);
        expect(counted.touching / 20).toBeLessThanOrEqual(15);
      },
      { timeout: 60_000 },
    );
  });

  it('64 at once: less than one sync of a directory each', async () => {
    const counted = new CountedCalls();
    const under = await directoryRegistry({ calls: counted.calls });
    await pushImage(under.repository(), imageManifest({ layers: [blob] }), 'v1');
    counted.reset();
    const blobs = many(64);
    await Promise.all(blobs.map((each) => pushInTwo(under, each)));
    expect(counted.fileSyncs).toBe(blobs.length);
    expect(counted.directorySyncs).toBeLessThan(blobs.length);
  });
});
