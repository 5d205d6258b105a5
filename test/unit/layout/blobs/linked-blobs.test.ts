// Blobs that are symbolic links: nothing of what they lead to is known before all of it was found to be the blob.
import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BlobsElsewhere } from '../../../../src/layout/blobs/blobs-elsewhere.ts';
import { LinkedBlobs } from '../../../../src/layout/blobs/linked-blobs.ts';
import { layoutKeys } from '../../../../src/layout/files/keys.ts';
import type { Digest } from '../../../../src/oci/digest.ts';
import { parseRepositoryName } from '../../../../src/oci/reference.ts';
import { openFilesystemReader } from '../../../../src/storage/filesystem/filesystem-reader.ts';
import type { Key } from '../../../../src/storage/object-store.ts';
import { blobOf } from '../../../support/content.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const blob = blobOf('a layer');
/** As long as the blob. */
const secret = blobOf('secrets');
const keys = layoutKeys(parseRepositoryName('team/app'));
const large = 65 * 1024 * 1024;

async function linkedLayout() {
  const directory = await temporaryDirectory();
  const blobs = join(directory, 'root/team/app/blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const warnings: string[] = [];
  const log = {
    info: () => {},
    slow: () => {},
    warn: (...said: unknown[]) => void warnings.push(JSON.stringify(said)),
  };
  const files = await openFilesystemReader(join(directory, 'root'), { log });
  const read: Key[] = [];
  const links = new LinkedBlobs(
    {
      isLink: (key) => files.isLink(key),
      openFollowed: async (key) => {
        const file = await files.openFollowed(key);
        const readInto = file?.readInto.bind(file);
        if (file !== undefined && readInto !== undefined) {
          file.readInto = (buffer, at) => {
            if (at === 0) read.push(key);
            return readInto(buffer, at);
          };
        }
        return file;
      },
    },
    log,
  );
  const store = new BlobsElsewhere(files, links);
  onTestFinished(() => store.close());
  const target = join(directory, 'target');
  const link = (digest: Digest = blob.digest, to = target) => symlinkSync(to, join(blobs, digest.slice(7)));
  const put = (bytes: Uint8Array, path = target) => {
    writeFileSync(path, bytes);
    // Long ago: settled.
    utimesSync(path, new Date(1_600_000_000_123), new Date(1_600_000_000_123));
  };
  return { directory, blobs, store, links, target, link, put, read, warnings };
}

const key = keys.blob(blob.digest);

async function expectNothing(store: BlobsElsewhere, at = key) {
  expect(await store.stat(at)).toBeUndefined();
  expect(await store.open(at)).toBeUndefined();
  expect(await store.read(at, 100)).toBeUndefined();
}

describe('a link to the blob', () => {
  it('is the blob, in all ways of asking, and is hashed once', async () => {
    const { store, link, put, read } = await linkedLayout();
    put(blob.bytes);
    link();
    const info = await store.stat(key);
    expect(info?.size).toBe(blob.bytes.byteLength);
    expect(read).toHaveLength(1);
    expect((await store.stat(key))?.version).toBe(info?.version);
    expect(await store.isCurrent(key, info ?? expect.fail())).toBe(true);
    expect(read).toHaveLength(1);
    const object = await store.open(key);
    expect(object?.info.version).toBe(info?.version);
    await object?.close();
    expect(Buffer.from((await store.read(key, 100))?.bytes ?? [])).toEqual(blob.bytes);
    await expect(store.read(key, 3)).rejects.toMatchObject({ failure: 'too-large' });
  });

  it('is hashed again when its target becomes another file, or is written to', async () => {
    const { directory, store, link, put, target } = await linkedLayout();
    put(blob.bytes);
    link();
    expect(await store.stat(key)).toBeDefined();
    put(secret.bytes, join(directory, 'other'));
    renameSync(join(directory, 'other'), target);
    await expectNothing(store);
    put(blob.bytes);
    expect(await store.stat(key)).toBeDefined();
    put(secret.bytes);
    await expectNothing(store);
  });

  it('that is exchanged for another link gives nothing of what that one leads to', async () => {
    const { directory, blobs, store, link, put } = await linkedLayout();
    put(blob.bytes);
    put(secret.bytes, join(directory, 'secret'));
    link();
    const opened = await store.open(key);
    rmSync(join(blobs, blob.digest.slice(7)));
    link(blob.digest, join(directory, 'secret'));
    const bytes = Buffer.alloc(blob.bytes.byteLength);
    expect(await opened?.readInto(bytes, 0)).toBe(bytes.byteLength);
    expect(bytes).toEqual(blob.bytes);
    await opened?.close();
    await expectNothing(store);
  });
});

describe('a link to anything else', () => {
  it('is absent, looked at once, and the log tells nothing of it', async () => {
    const { store, link, put, read, warnings } = await linkedLayout();
    put(secret.bytes);
    link();
    await expectNothing(store);
    await expectNothing(store);
    expect(read).toHaveLength(1);
    expect(warnings).toEqual(expect.arrayContaining([expect.stringContaining('does not lead to the blob')]));
    for (const line of warnings)
      for (const told of ['secret', secret.digest]) {
        expect(line).not.toContain(told);
      }
  });

  it('is not followed by any other key than that of a blob', async () => {
    const { directory, store, put } = await linkedLayout();
    put(blob.bytes);
    for (const name of ['index.json', 'oci-layout', 'blobs/sha256/short', `blobs/md5/${'a'.repeat(32)}`]) {
      mkdirSync(join(directory, 'root/team/app/blobs/md5'), { recursive: true });
      symlinkSync(join(directory, 'target'), join(directory, 'root/team/app', name));
      const at = `team/app/${name}` as Key;
      expect(await store.stat(at)).toBeUndefined();
      expect(await store.open(at)).toBeUndefined();
      await expect(store.read(at, 100)).rejects.toMatchObject({ failure: 'unsafe' });
      expect(await store.glance(at)).toBeUndefined();
    }
  });

  it('of a large size is not read for nothing: only where a manifest says that size', async () => {
    const { store, links, link, put, target, read } = await linkedLayout();
    put(Buffer.alloc(0));
    truncateSync(target, large);
    link();
    expect(await store.stat(key)).toBeUndefined();
    const asked: string[] = [];
    links.limitBy(async (prefix, digest) => {
      asked.push(`${prefix} ${digest}`);
      return large + 1;
    });
    expect(await store.stat(key)).toBeUndefined();
    expect(asked).toEqual([`team/app ${blob.digest}`]);
    expect(read).toEqual([]);
    links.limitBy(async () => large);
    expect(await store.stat(key)).toBeUndefined();
    expect(read).toEqual([key]);
  });
});

it('a glance reads nothing', async () => {
  const { store, link, put, read } = await linkedLayout();
  put(secret.bytes);
  link();
  expect(await store.glance(key)).toBe(secret.bytes.byteLength);
  expect(await store.glance(keys.blob(secret.digest))).toBeUndefined();
  expect(read).toEqual([]);
});
