// Links out of the root, pipes, devices: nothing of them is followed, opened or waited for.
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blobOf, imageManifest } from '../support/content.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import {
  blobPath,
  blobsOf,
  codesIn,
  entryOf,
  findingsOf,
  inspect,
  serve,
  serveWith,
  writeStranger,
} from './stranger.ts';

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

describe('links of blobs, as Bazel writes them, where no pushes are taken', () => {
  /** A layout whose every blob is a link to a file of its own beside it. */
  async function linkedLayout() {
    const directory = await temporaryDirectory();
    const layout = writeStranger(join(directory, 'app'), { entries: [entryOf(image, 'v1')] });
    for (const { digest, bytes } of blobsOf(image)) {
      writeFileSync(join(directory, digest.slice(7)), bytes);
      symlinkSync(`../../../${digest.slice(7)}`, blobPath(layout, digest));
    }
    return { directory, layout };
  }

  it('to the very files are served: GET, HEAD, ranges, the manifest', async () => {
    const { layout } = await linkedLayout();
    const { get, head } = await serve(`app=${layout}:ro`);
    expect((await get('/v2/app/manifests/v1')).text).toBe(image.bytes.toString());
    for (const { digest, bytes } of blobsOf(image)) {
      expect((await head(`/v2/app/blobs/${digest}`)).status).toBe(200);
      expect((await get(`/v2/app/blobs/${digest}`)).text).toBe(bytes.toString());
    }
    const parts = await inspect(layout);
    const links = findingsOf(parts).filter(({ code }) => code === 'symbolic-link');
    expect(links.map(({ detail, hides }) => [detail, hides])).toEqual(
      expect.arrayContaining([[`leads to ../../../${image.digest.slice(7)}; served where no pushes are taken`, false]]),
    );
    expect(links).toHaveLength(blobsOf(image).length);
    expect(await codesIn(layout)).not.toContain('missing-content');
  });

  it('are absent where pushes are taken, and with layouts.links: refuse', async () => {
    const { layout } = await linkedLayout();
    for (const { get, head } of [
      await serve(`app=${layout}`),
      await serveWith({ links: 'refuse' }, `app=${layout}:ro`),
    ]) {
      expect((await get('/v2/app/manifests/v1')).status).toBe(404);
      for (const { digest } of blobsOf(image)) {
        expect((await get(`/v2/app/blobs/${digest}`)).status).toBe(404);
        expect((await head(`/v2/app/blobs/${digest}`)).status).toBe(404);
      }
    }
  });

  it('to anything else give nothing, whatever is asked of them', async () => {
    const { directory, layout } = await linkedLayout();
    const [layer] = image.layers;
    if (layer === undefined) throw new Error('no layer');
    const url = `/v2/app/blobs/${layer.digest}`;
    writeFileSync(join(directory, 'same-size'), 'x'.repeat(layer.bytes.byteLength));
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    const { get, head } = await serve(`app=${layout}:ro`);
    for (const target of ['same-size', 'pipe', 'nowhere', '.', '/etc/passwd', '/proc/self/environ', '/dev/zero']) {
      rmSync(blobPath(layout, layer.digest));
      symlinkSync(target.startsWith('/') ? target : join(directory, target), blobPath(layout, layer.digest));
      const [whole, part, none] = [await get(url), await get(url, { range: 'bytes=0-0' }), await head(url)];
      expect([whole.status, part.status, none.status], target).toEqual([404, 404, 404]);
      expect(whole.text).toContain('BLOB_UNKNOWN');
      expect((await inspect(layout)).flatMap(({ findings }) => findings.map(({ code }) => code))).toContain(
        'missing-content',
      );
    }
  });

  it('of a manifest to anything else: the tag leads to nothing', async () => {
    const { directory, layout } = await linkedLayout();
    const { get, head } = await serve(`app=${layout}:ro`);
    writeFileSync(join(directory, 'same-size'), 'x'.repeat(image.bytes.byteLength));
    for (const target of ['same-size', 'nowhere', '.']) {
      rmSync(blobPath(layout, image.digest));
      symlinkSync(join(directory, target), blobPath(layout, image.digest));
      for (const reference of ['v1', image.digest]) {
        expect((await get(`/v2/app/manifests/${reference}`)).status, target).toBe(404);
        expect((await head(`/v2/app/manifests/${reference}`)).status, target).toBe(404);
      }
      expect((await get(`/v2/app/referrers/${image.digest}`)).text).not.toContain('xxx');
    }
    expect(await codesIn(layout)).not.toContain('no-blobs');
  });

  it('never an index or a directory of blobs', async () => {
    const { directory, layout } = await linkedLayout();
    for (const name of ['index.json', 'blobs/sha256', 'blobs']) {
      const other = join(directory, name.replace('/', '-').replace('.json', ''));
      execFileSync('cp', ['-a', layout, other]);
      renameSync(join(other, name), join(directory, `moved-${name.replace('/', '-')}`));
      symlinkSync(join(directory, `moved-${name.replace('/', '-')}`), join(other, name));
      const { get } = await serve(`app=${other}:ro`);
      expect([404, 503], name).toContain((await get('/v2/app/manifests/v1')).status);
      if (name.startsWith('blobs')) {
        expect((await get(`/v2/app/blobs/${image.config.digest}`)).status, name).toBe(404);
      }
    }
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
