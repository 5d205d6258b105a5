// Links out of the root, pipes, devices: nothing of them is followed, opened or waited for.
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blobOf, imageManifest } from '../support/content.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { blobPath, blobsOf, codesIn, entryOf, serve, writeStranger } from './stranger.ts';

const image = imageManifest();
/** What only the secret layout has. */
const hidden = imageManifest({ annotations: { 'org.example.secret': 'yes' }, layers: [blobOf('secret')] });

/** A root of three layouts; `secret` lies beside it. */
async function rootBesideSecret() {
  const directory = await temporaryDirectory();
  const secret = writeStranger(join(directory, 'secret'), { entries: [entryOf(hidden, 'v1')], blobs: blobsOf(hidden) });
  const root = join(directory, 'root');
  const good = writeStranger(join(root, 'good'), { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) });
  return { root, secret, good };
}

describe('symbolic links out of the root', () => {
  it('a whole repository, its blobs directory, its index, one blob: absent, or refused with 503', async () => {
    const { root, secret, good } = await rootBesideSecret();
    symlinkSync(secret, join(root, 'whole'));
    mkdirSync(join(root, 'index'));
    symlinkSync(join(secret, 'index.json'), join(root, 'index/index.json'));
    const blobs = writeStranger(join(root, 'blobs-linked'), { entries: [entryOf(hidden, 'v1')] });
    rmSync(join(blobs, 'blobs'), { recursive: true });
    symlinkSync(join(secret, 'blobs'), join(blobs, 'blobs'));
    const one = writeStranger(join(root, 'one'), { entries: [entryOf(hidden, 'v1')] });
    symlinkSync(blobPath(secret, hidden.digest), blobPath(one, hidden.digest));

    const { get, head } = await serve(root);
    expect((await get('/v2/_catalog')).json()).toEqual({ repositories: ['blobs-linked', 'good', 'one'] });
    expect((await get('/v2/good/manifests/v1')).status).toBe(200);
    for (const name of ['whole', 'blobs-linked', 'one']) {
      expect((await get(`/v2/${name}/manifests/v1`)).status, name).toBe(404);
      for (const { digest } of blobsOf(hidden)) {
        expect((await get(`/v2/${name}/blobs/${digest}`)).status, name).toBe(404);
        expect((await head(`/v2/${name}/blobs/${digest}`)).status, name).toBe(404);
      }
    }
    expect((await get('/v2/index/manifests/v1')).status).toBe(503);

    expect(await codesIn(root)).toEqual(expect.arrayContaining(['dangling-tag', 'symbolic-link']));
    expect(await codesIn(good)).toEqual([]);
  });

  it('a repository that becomes a link while it is served is gone', async () => {
    const { root, secret, good } = await rootBesideSecret();
    const { get } = await serve(root);
    expect((await get('/v2/good/manifests/v1')).status).toBe(200);
    renameSync(good, join(root, 'moved'));
    symlinkSync(secret, good);
    expect((await get(`/v2/good/blobs/${hidden.config.digest}`)).status).toBe(404);
    expect((await get('/v2/good/manifests/v1')).status).toBe(404);
  });
});

describe('a tag whose manifest is missing', () => {
  it('is missing also where another repository has the same manifest, and was asked first', async () => {
    const { root } = await rootBesideSecret();
    writeStranger(join(root, 'dangling'), { entries: [entryOf(image, 'v1')] });
    const { get } = await serve(root);
    expect((await get('/v2/good/manifests/v1')).status).toBe(200);
    expect((await get('/v2/dangling/manifests/v1')).status).toBe(404);
    expect((await get('/v2/dangling/manifests/v1')).status).toBe(404);
  });
});

describe('pipes and devices', () => {
  it('are never waited for: as a blob, an index, an oci-layout', async () => {
    const { root } = await rootBesideSecret();
    const pipes = writeStranger(join(root, 'pipes'), { entries: [entryOf(image, 'v1')] });
    execFileSync('mkfifo', [blobPath(pipes, image.digest)]);
    rmSync(join(pipes, 'oci-layout'));
    execFileSync('mkfifo', [join(pipes, 'oci-layout')]);
    mkdirSync(join(root, 'index'));
    execFileSync('mkfifo', [join(root, 'index/index.json')]);
    const { get } = await serve(root);
    expect((await get('/v2/pipes/manifests/v1')).status).toBe(404);
    expect((await get('/v2/index/tags/list')).status).toBe(503);
    expect((await get('/v2/good/manifests/v1')).status).toBe(200);
    expect(await codesIn(root)).toContain('irregular-file');
  });

  it('as a PATH are refused', async () => {
    const directory = await temporaryDirectory();
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    for (const path of [join(directory, 'pipe'), '/dev/zero']) {
      await expect(serve(path)).rejects.toThrow(/neither a directory nor a file/);
    }
  });
});
