// Layouts whose blobs lie in a directory beside them, as `skopeo copy --dest-shared-blob-dir` writes them: read only, and checked as any blob.
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blobOf, imageManifest } from '../support/content.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { blobsOf, codesIn, entryOf, findingsOf, inspect, serve, serveShared, writeStranger } from './stranger.ts';

const image = imageManifest();
const other = imageManifest({ annotations: { n: 'other' }, layers: [blobOf('only elsewhere')] });

/** Two layouts without blobs, and a directory with those of one. */
async function sharedLayouts() {
  const directory = await temporaryDirectory();
  const app = writeStranger(join(directory, 'layouts/app'), { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) });
  const shared = join(directory, 'shared');
  renameSync(join(app, 'blobs'), shared);
  mkdirSync(join(app, 'blobs'));
  return { directory, app, shared, root: join(directory, 'layouts') };
}

describe('--shared-blobs', () => {
  it('names where the blobs of layouts are: the directory with sha256/, or one with blobs/', async () => {
    const { directory, app, shared, root } = await sharedLayouts();
    writeStranger(join(root, 'own'), { entries: [entryOf(other, 'v1')], blobs: blobsOf(other) });
    const cache = join(directory, 'cache');
    mkdirSync(cache);
    symlinkSync(shared, join(cache, 'blobs'));
    for (const named of [shared, cache]) {
      const { get, head } = await serveShared(named, root);
      expect((await get('/v2/app/manifests/v1')).text).toBe(image.bytes.toString());
      for (const { digest, bytes } of blobsOf(image)) {
        expect((await head(`/v2/app/blobs/${digest}`)).status).toBe(200);
        expect((await get(`/v2/app/blobs/${digest}`)).text).toBe(bytes.toString());
      }
      // A layout that has its own keeps them.
      expect((await get('/v2/own/manifests/v1')).status).toBe(200);
      expect((await get(`/v2/own/blobs/${other.config.digest}`)).status).toBe(200);
      expect((await get(`/v2/app/blobs/${blobOf('nowhere').digest}`)).status).toBe(404);
    }
    expect(await codesIn(app)).toEqual(['dangling-tag', 'no-blobs']);
    const codes = findingsOf(await inspect(app, { sharedBlobs: shared })).map(({ code }) => code);
    expect(codes).toEqual([]);
  });

  it('takes no pushes', async () => {
    const { app, shared } = await sharedLayouts();
    const { put, post } = await serveShared(shared, app);
    expect((await post('/v2/app/blobs/uploads/')).status).toBe(403);
    const { bytes, descriptor } = image;
    expect((await put('/v2/app/manifests/v2', bytes, descriptor.mediaType)).status).toBe(403);
  });

  it('gives nothing that is damaged there, a link, or anything but a blob', async () => {
    const { directory, app, shared } = await sharedLayouts();
    const [layer] = image.layers;
    if (layer === undefined) throw new Error('no layer');
    const at = (digest: string) => join(shared, digest.replace(':', '/'));
    writeFileSync(at(layer.digest), 'rotten!');
    rmSync(at(image.config.digest));
    writeFileSync(join(directory, 'secret'), image.config.bytes);
    symlinkSync(join(directory, 'secret'), at(image.config.digest));
    writeFileSync(join(shared, 'sha256/index.json'), '{}');
    const { get, head } = await serveShared(shared, `app=${app}`);
    for (const { digest } of [layer, image.config]) {
      expect((await get(`/v2/app/blobs/${digest}`)).status).toBe(404);
      expect((await head(`/v2/app/blobs/${digest}`)).status).toBe(404);
    }
    expect((await get('/v2/app/manifests/v1')).status).toBe(200);
  });

  it('must name a directory, and have a PATH to say it of', async () => {
    const { app, shared } = await sharedLayouts();
    await expect(serveShared(join(shared, 'absent'), app)).rejects.toThrow(/there is no such directory/);
    await expect(serveShared(shared)).rejects.toThrow(/name their PATH/);
  });

  it('is what an inspection of such a layout proposes, and of one whose blobs are a link', async () => {
    const { app, shared } = await sharedLayouts();
    const proposals = async () =>
      findingsOf(await inspect(app)).map(({ code, detail, remedy }) => [code, detail, remedy]);
    expect(await proposals()).toContainEqual([
      'no-blobs',
      'written with a shared directory of blobs? --shared-blobs DIR',
      expect.stringContaining('--shared-blobs DIR'),
    ]);
    symlinkSync(join(shared, 'sha256'), join(app, 'blobs/sha256'));
    expect(await proposals()).toContainEqual([
      'symbolic-link',
      `leads to ${join(shared, 'sha256')}; --shared-blobs reads blobs from there`,
      expect.anything(),
    ]);
    const { get } = await serve(`app=${app}:ro`);
    expect((await get('/v2/app/manifests/v1')).status).toBe(404);
  });
});
