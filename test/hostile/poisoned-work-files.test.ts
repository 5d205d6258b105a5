// A stranger's directory with a `.moorage` of its own making: a journal, a pool, sessions and facts that were never ours.
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { blobOf, imageManifest, referrerOf } from '../support/content.ts';
import { directoryRegistry } from '../support/registry-under-test.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { blobsOf, entryOf, serve, serveRoot, writeStranger } from './stranger.ts';

const image = imageManifest();
const evil = imageManifest({ annotations: { 'org.example.evil': 'yes' } });

function put(path: string, bytes: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

/** What a moorage that ran there a moment ago wrote: it took the push of `evil`. */
async function poisonedJournal(): Promise<string> {
  const donor = await temporaryDirectory();
  writeStranger(join(donor, 'app'), { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) });
  const { put: push } = await serve(donor);
  expect((await push('/v2/app/manifests/evil', evil.bytes, mediaTypes.imageManifest)).status).toBe(201);
  const journal = readFileSync(join(donor, '.moorage/journal/app/.journal'));

  const directory = await temporaryDirectory();
  const blobs = [...blobsOf(image), ...blobsOf(evil)];
  writeStranger(join(directory, 'app'), { entries: [entryOf(image, 'v1')], blobs });
  put(join(directory, '.moorage/journal/app/.journal'), journal);
  return directory;
}

describe('a journal that is not ours', () => {
  it('restores nothing while the layout is read, and the layout stays as it is', async () => {
    const directory = await poisonedJournal();
    const before = readFileSync(join(directory, 'app/index.json'), 'utf8');
    const { get } = await serve(directory);
    expect((await get('/v2/app/tags/list')).json()).toEqual({ name: 'app', tags: ['v1'] });
    // The last look after a foreign write comes after 3 s.
    await sleep(4_000);
    expect((await get('/v2/app/tags/list')).json()).toEqual({ name: 'app', tags: ['v1'] });
    expect(readFileSync(join(directory, 'app/index.json'), 'utf8')).toBe(before);
  });

  it('restores nothing with the first push either, which begins one of its own', async () => {
    const directory = await poisonedJournal();
    const { get, put: push } = await serve(directory);
    expect((await push('/v2/app/manifests/v2', image.bytes, mediaTypes.imageManifest)).status).toBe(201);
    expect((await get('/v2/app/tags/list')).json()).toEqual({ name: 'app', tags: ['v1', 'v2'] });
    const journal = readFileSync(join(directory, '.moorage/journal/app/.journal'), 'utf8');
    expect(journal).not.toContain('evil');
  });

  it('while our own is believed after a restart', async () => {
    const { root, repository, another } = await directoryRegistry();
    const { manifests } = repository('app');
    const reference = { kind: 'tag', tag: 'v1' as never } as const;
    await manifests.put({ reference, tags: [], contentType: mediaTypes.imageManifest, bytes: image.bytes });
    const stale = JSON.stringify({ schemaVersion: 2, manifests: [] });
    writeFileSync(join(root, 'app/index.json'), stale);
    const next = await another();
    await next.repository('app').manifests.put({
      reference: { kind: 'tag', tag: 'v2' as never },
      tags: [],
      contentType: mediaTypes.imageManifest,
      bytes: evil.bytes,
    });
    expect((await next.repository('app').tags.list({})).items).toEqual(['v1', 'v2']);
  });
});

describe('a pool that is not ours', () => {
  it('gives nothing that is not what its name says', async () => {
    const directory = await temporaryDirectory();
    writeStranger(join(directory, 'app'), { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) });
    const layer = blobOf('what the layer should be');
    const good = blobOf('what it is');
    put(join(directory, `.moorage/pool/${layer.digest.replace(':', '/')}`), 'something else');
    put(join(directory, `.moorage/pool/${good.digest.replace(':', '/')}`), good.bytes);
    const { get, post } = await serve(directory);
    expect((await post(`/v2/app/blobs/uploads/?mount=${layer.digest}`)).status).toBe(202);
    expect((await get(`/v2/app/blobs/${layer.digest}`)).status).toBe(404);
    // Its bytes are what the client asked for by their digest.
    expect((await post(`/v2/app/blobs/uploads/?mount=${good.digest}`)).status).toBe(201);
    expect((await get(`/v2/app/blobs/${good.digest}`)).text).toBe('what it is');
  });

  it('is not what a push of the same digest ends up with', async () => {
    const directory = await temporaryDirectory();
    writeStranger(join(directory, 'app'), { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) });
    const layer = blobOf('what the layer should be');
    put(join(directory, `.moorage/pool/${layer.digest.replace(':', '/')}`), 'what the layer should bE');
    const { get, post } = await serve(directory);
    const pushed = await post(`/v2/app/blobs/uploads/?digest=${layer.digest}`, layer.bytes);
    expect(pushed.status).toBe(201);
    expect((await get(`/v2/app/blobs/${layer.digest}`)).text).toBe('what the layer should be');
  });
});

describe('facts that are not ours', () => {
  it('list no referrer that refers to something else, also where the directory is the root itself', async () => {
    const donor = await temporaryDirectory();
    const sbom = referrerOf(image, 'application/vnd.example.sbom');
    const blobs = [...blobsOf(image), ...blobsOf(sbom)];
    writeStranger(join(donor, 'app'), { entries: [entryOf(image, 'v1'), entryOf(sbom)], blobs });
    const first = await serveRoot(donor);
    expect((await first.get(`/v2/app/referrers/${image.digest}`)).json()).toMatchObject({ manifests: [{}] });
    await first.stop();
    const facts = readFileSync(join(donor, '.moorage/cache/app/.facts'), 'utf8');
    expect(facts).toContain('vnd.example.sbom');

    const directory = await temporaryDirectory();
    writeStranger(join(directory, 'app'), { entries: [entryOf(image, 'v1'), entryOf(sbom)], blobs });
    put(join(directory, '.moorage/cache/app/.facts'), facts.replaceAll('vnd.example.sbom', 'vnd.example.evil'));
    for (const { get } of [await serve(directory), await serveRoot(directory)]) {
      const answer = await get(`/v2/app/referrers/${image.digest}`);
      expect(answer.json()).toMatchObject({ manifests: [{ artifactType: 'application/vnd.example.sbom' }] });
    }
  });
});

describe('sessions and links that are not ours', () => {
  it('a session with somebody else\u2019s bytes ends as what its bytes are, or not at all', async () => {
    const directory = await temporaryDirectory();
    writeStranger(join(directory, 'app'), { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) });
    const first = await serve(directory);
    const begun = await first.post('/v2/app/blobs/uploads/');
    const id = begun.location?.split('/').at(-1) ?? '';
    expect(begun.status).toBe(202);
    // A session without bytes has no file that somebody could write into.
    const sent = Buffer.from('what the layer');
    expect((await first.patch(`/v2/app/blobs/uploads/${id}`, sent)).status).toBe(202);
    await first.stop();
    // Whatever file the bytes are in.
    const files = filesBelow(join(directory, '.moorage')).filter((path) => path.includes(id));
    expect(files.length).toBeGreaterThan(0);
    expect(files.some((path) => statSync(path).size === sent.byteLength)).toBe(true);
    const layer = blobOf('what the layer should be');
    for (const path of files) if (statSync(path).size === sent.byteLength) writeFileSync(path, 'who the layer?');
    const second = await serve(directory);
    const ended = await second.put(
      `/v2/app/blobs/uploads/${id}?digest=${layer.digest}`,
      ' should be',
      'application/octet-stream',
    );
    expect([400, 404]).toContain(ended.status);
    expect((await second.get(`/v2/app/blobs/${layer.digest}`)).status).toBe(404);
  });

  it.each(['', '/uploads', '/staging', '/pool', '/journal', '/pool/sha256', '/journal/app'])(
    '.moorage%s that leads out of the root: nothing is written, moved or deleted there',
    async (part) => {
      const directory = await temporaryDirectory();
      const app = join(directory, 'root/app');
      writeStranger(app, { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) });
      const victim = join(directory, 'victim');
      put(join(victim, 'precious'), 'precious');
      put(join(victim, 'precious-directory/file'), 'precious');
      const link = join(directory, `root/.moorage${part}`);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(victim, link);
      const before = filesBelow(directory, 'victim');
      const { get, put: push, post } = await serve(join(directory, 'root'));
      expect((await get('/v2/app/manifests/v1')).status).toBe(200);
      const layer = blobOf('a new layer');
      await post(`/v2/app/blobs/uploads/?digest=${layer.digest}`, layer.bytes);
      await post(`/v2/app/blobs/uploads/?mount=${blobOf('absent').digest}`);
      await push('/v2/app/manifests/v2', evil.bytes, mediaTypes.imageManifest);
      expect((await get('/v2/app/manifests/v1')).status).toBe(200);
      expect(filesBelow(directory, 'victim')).toEqual(before);
      expect(readFileSync(join(victim, 'precious'), 'utf8')).toBe('precious');
    },
  );
});

function filesBelow(directory: string, below = '.'): readonly string[] {
  const entries = readdirSync(join(directory, below), { recursive: true, encoding: 'utf8' });
  return entries.map((path) => join(directory, below, path)).sort();
}
