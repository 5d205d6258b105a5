// Files that are larger than they should be, and JSON made to be expensive: refused by their size, or read within bounds.
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { contentOf, imageIndex, imageManifest } from '../support/content.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import {
  blobPath,
  blobsOf,
  codesIn,
  entryOf,
  findingsOf,
  inspect,
  serve,
  writeBlob,
  writeIndex,
  writeStranger,
} from './stranger.ts';

const image = imageManifest();
const tebibyte = 1024 ** 4;

async function root() {
  const directory = await temporaryDirectory();
  writeStranger(join(directory, 'good'), { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) });
  return directory;
}

describe('sparse giants', () => {
  it('index.json and oci-layout of a tebibyte, a manifest of ten gibibytes: told by their size, never read', async () => {
    const directory = await root();
    const index = writeStranger(join(directory, 'index'));
    truncateSync(join(index, 'index.json'), tebibyte);
    const version = writeStranger(join(directory, 'version'), {
      entries: [entryOf(image, 'v1')],
      blobs: blobsOf(image),
    });
    truncateSync(join(version, 'oci-layout'), tebibyte);
    const manifest = writeStranger(join(directory, 'manifest'), { entries: [entryOf(image, 'v1')], blobs: [image] });
    truncateSync(blobPath(manifest, image.digest), 10 * 1024 ** 3);
    const { get } = await serve(directory);
    expect((await get('/v2/manifest/manifests/v1')).status).toBe(404);
    expect((await get('/v2/index/tags/list')).status).toBe(503);
    expect((await get('/v2/version/manifests/v1')).status).toBe(200);
    expect((await get('/v2/good/manifests/v1')).status).toBe(200);
    expect(await codesIn(directory)).toEqual(
      expect.arrayContaining(['index-too-large', 'manifest-too-large', 'oci-layout-unreadable', 'wrong-size']),
    );
  });
});

describe('JSON bombs', () => {
  it('a million brackets in index.json, in an entry, in a manifest', async () => {
    const directory = await root();
    const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`;
    const whole = writeStranger(join(directory, 'whole'));
    writeFileSync(join(whole, 'index.json'), deep);
    const inEntry = writeStranger(join(directory, 'in-entry'), { blobs: blobsOf(image) });
    writeFileSync(
      join(inEntry, 'index.json'),
      `{"schemaVersion":2,"manifests":[${JSON.stringify(entryOf(image, 'v1')).slice(0, -1)},"x":${deep}}]}`,
    );
    const manifest = contentOf(Buffer.from(`{"schemaVersion":2,"x":${deep}}`), mediaTypes.imageManifest);
    writeStranger(join(directory, 'in-manifest'), { entries: [entryOf(manifest, 'v1')], blobs: [manifest] });
    const { get } = await serve(directory);
    expect((await get('/v2/whole/tags/list')).status).toBe(503);
    expect([200, 503]).toContain((await get('/v2/in-entry/tags/list')).status);
    expect([200, 404]).toContain((await get('/v2/in-manifest/manifests/v1')).status);
    expect((await get(`/v2/in-manifest/referrers/${manifest.digest}`)).status).toBe(200);
    expect((await get('/v2/good/manifests/v1')).status).toBe(200);
    expect(await codesIn(directory, { scan: true })).toEqual(
      expect.arrayContaining(['index-unreadable', 'not-a-manifest']),
    );
  });

  it('a hundred megabytes of annotations', async () => {
    const directory = await root();
    const large = { 'org.example.large': 'x'.repeat(100 * 1024 * 1024) };
    const entry = { ...image.descriptor, annotations: { 'org.opencontainers.image.ref.name': 'v1', ...large } };
    writeStranger(join(directory, 'entry'), { entries: [entry], blobs: blobsOf(image) });
    const heavy = imageManifest({ annotations: large, subject: image });
    writeStranger(join(directory, 'heavy'), {
      entries: [entryOf(image, 'v1'), entryOf(heavy, 'heavy')],
      blobs: [...blobsOf(image), ...blobsOf(heavy)],
    });
    const { get } = await serve(directory);
    expect((await get('/v2/entry/manifests/v1')).status).toBe(200);
    expect((await get('/v2/heavy/manifests/heavy')).status).toBe(404);
    expect((await get(`/v2/heavy/referrers/${image.digest}`)).json()).toMatchObject({ manifests: [] });
    expect(await codesIn(join(directory, 'heavy'))).toContain('manifest-too-large');
  });

  it('more entries than memory: refused before they are all looked at', async () => {
    const directory = await root();
    const index = writeStranger(join(directory, 'bomb'));
    writeFileSync(join(index, 'index.json'), `{"schemaVersion":2,"manifests":[${'{},'.repeat(1_000_000)}{}]}`);
    const { get } = await serve(directory);
    expect((await get('/v2/bomb/tags/list')).status).toBe(503);
    expect((await get('/v2/good/manifests/v1')).status).toBe(200);
    expect(await codesIn(index)).toEqual(['index-too-large']);
  });

  it('a hundred thousand entries: served, and every kind of finding is counted, not kept', async () => {
    const directory = await root();
    const entries = Array.from({ length: 100_000 }, (_, at) => ({
      ...image.descriptor,
      digest: digestOf(Buffer.from(String(at))),
      annotations: { 'org.opencontainers.image.ref.name': `Not A Tag ${at}` },
    }));
    writeStranger(join(directory, 'many'), { entries: [...entries, entryOf(image, 'v1')], blobs: blobsOf(image) });
    const { get } = await serve(directory);
    expect((await get('/v2/many/manifests/v1')).status).toBe(200);
    expect((await get('/v2/many/tags/list')).json()).toEqual({ name: 'many', tags: ['v1'] });
    const parts = await inspect(join(directory, 'many'));
    expect(findingsOf(parts).length).toBeLessThan(100);
    const unusable = parts[0]?.findings.find(({ code }) => code === 'unusable-name');
    expect(unusable).toMatchObject({ omitted: 99_980 });
  });

  it('an index of fifty thousand children, and one that is a chain of a thousand', async () => {
    const directory = await root();
    const children = Array.from({ length: 50_000 }, (_, at) => ({
      descriptor: { ...image.descriptor, digest: digestOf(Buffer.from(String(at))) },
    }));
    const wide = imageIndex({ manifests: children });
    writeStranger(join(directory, 'wide'), { entries: [entryOf(wide, 'v1')], blobs: [wide] });
    let top = imageIndex({ manifests: [image] });
    const chain = [top];
    for (let at = 0; at < 1_000; at += 1) {
      top = imageIndex({ manifests: [top] });
      chain.push(top);
    }
    writeStranger(join(directory, 'chain'), { entries: [entryOf(top, 'v1')], blobs: [...chain, ...blobsOf(image)] });
    const { get } = await serve(directory);
    expect((await get(`/v2/wide/manifests/${image.digest}`)).status).toBe(404);
    expect((await get(`/v2/chain/manifests/${image.digest}`)).status).toBe(200);
    expect(await codesIn(directory)).toContain('missing-child');
  });
});

describe('indexes that contain themselves', () => {
  it('as far as a file can: its name is not the digest of its bytes, so it is not served', async () => {
    const directory = await root();
    const one = digestOf(Buffer.from('one'));
    const two = digestOf(Buffer.from('two'));
    const loop = (digest: string) =>
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.imageIndex,
        manifests: [{ mediaType: mediaTypes.imageIndex, digest, size: 10 }],
      });
    const self = writeStranger(join(directory, 'self'));
    writeBlob(self, one, Buffer.from(loop(one)));
    writeIndex(self, [{ mediaType: mediaTypes.imageIndex, digest: one, size: 10 }]);
    const cycle = writeStranger(join(directory, 'cycle'));
    writeBlob(cycle, one, Buffer.from(loop(two)));
    writeBlob(cycle, two, Buffer.from(loop(one)));
    writeIndex(cycle, [{ mediaType: mediaTypes.imageIndex, digest: one, size: 10 }]);
    const { get } = await serve(directory);
    for (const name of ['self', 'cycle']) {
      expect((await get(`/v2/${name}/manifests/${one}`)).status).toBe(404);
      expect((await get(`/v2/${name}/referrers/${one}`)).status).toBe(200);
      expect(await codesIn(join(directory, name), { scan: true, verify: true })).toEqual(
        expect.arrayContaining(['wrong-digest', 'wrong-size']),
      );
    }
  });

  it('index.json that lists itself as a blob is an index like any other', async () => {
    const directory = await root();
    const listing = imageIndex({ manifests: [image] });
    const self = writeStranger(join(directory, 'self'), {
      entries: [entryOf(listing, 'v1')],
      blobs: [listing, ...blobsOf(image)],
    });
    writeFileSync(join(self, 'index.json'), listing.bytes);
    const { get } = await serve(directory);
    expect((await get(`/v2/self/manifests/${image.digest}`)).status).toBe(200);
  });
});
