// A volume that is served and goes away, is another one, or can no longer be written to: what clients and operators are told
// meanwhile, and that it goes on by itself.
import { readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import {
  blobOf,
  type Content,
  contentOf,
  type Image,
  imageManifest,
  layerType,
  referrerOf,
} from '../support/content.ts';
import { canMount, needsVolume, smallVolume } from '../support/small-volume.ts';
import { runMoorage, startMoorage } from './moorage-process.ts';

const image = imageManifest({ layers: 0 });
const referrer = referrerOf(image, 'application/example');

/** Keeps as much free as is usual, unless `minFree` says otherwise. */
async function serve(root: string, minFree?: string) {
  const environment = minFree === undefined ? {} : { MOORAGE_STORAGE_MIN_FREE: minFree };
  const moorage = await startMoorage(['serve', '--root', root, '--listen', '127.0.0.1:0'], { environment });
  const { url } = await moorage.ready();
  const status = async (path: string, init?: RequestInit) => (await fetch(`${url}${path}`, init)).status;
  return {
    status,
    ready: async () => {
      const answer = await fetch(`${url}/readyz`);
      return { status: answer.status, text: await answer.text() };
    },
    start: () => status('/v2/a/blobs/uploads/', { method: 'POST' }),
    push: ({ bytes, digest }: Content) =>
      status(`/v2/a/blobs/uploads/?digest=${digest}`, { method: 'POST', body: bytes }),
    tag: (tag: string) =>
      status(`/v2/a/manifests/${tag}`, {
        method: 'PUT',
        body: image.bytes,
        headers: { 'Content-Type': image.descriptor.mediaType },
      }),
    ask: (path: string, init: RequestInit) => fetch(`${url}${path}`, init),
    remove: (path: string) => status(`/v2/a/${path}`, { method: 'DELETE' }),
    /** The first answer that is not 201, if there is one. */
    pushImage: async ({ config, layers, bytes, descriptor }: Image, tag: string) => {
      for (const blob of [config, ...layers]) {
        const body = new Uint8Array(blob.bytes);
        const answer = await status(`/v2/a/blobs/uploads/?digest=${blob.digest}`, { method: 'POST', body });
        if (answer !== 201) return answer;
      }
      const headers = { 'Content-Type': descriptor.mediaType };
      return status(`/v2/a/manifests/${tag}`, { method: 'PUT', body: new Uint8Array(bytes), headers });
    },
    /** The place of the session. */
    begin: async () => {
      const answer = await fetch(`${url}/v2/a/blobs/uploads/`, { method: 'POST' });
      return answer.headers.get('location') ?? '';
    },
    /** Bytes that a session holds: the second number of its Range. */
    last: async (place: string) => (await fetch(`${url}${place}`)).headers.get('range'),
    pull: (reference: string) => status(`/v2/a/manifests/${reference}`),
  };
}

describe.skipIf(!canMount)(`a volume (${needsVolume})`, () => {
  it('that is unmounted is not ready, neither empty nor written to, and goes on when it is back', async () => {
    const volume = smallVolume(16);
    const server = await serve(volume.path);
    expect(await server.tag('v1')).toBe(201);
    volume.unmount();
    expect(await server.ready()).toMatchObject({ status: 503, text: expect.stringContaining('is gone') });
    expect(await server.pull('v1')).toBe(503);
    expect(await server.pull(image.digest)).toBe(503);
    expect(await server.status(`/v2/a/blobs/${image.config.digest}`, { method: 'HEAD' })).toBe(503);
    expect(await server.status('/v2/_catalog')).toBe(503);
    expect(await server.status('/v2/never/tags/list')).toBe(503);
    expect(await server.start()).toBe(503);
    expect(await server.tag('v2')).toBe(503);
    expect(await server.status('/v2/a/manifests/v1', { method: 'DELETE' })).toBe(503);
    expect(readdirSync(volume.path)).toEqual([]);
    volume.mountAgain();
    expect(await server.ready()).toMatchObject({ status: 200 });
    expect([await server.pull('v1'), await server.pull('v2')]).toEqual([200, 404]);
    expect(await server.tag('v2')).toBe(201);
  });

  it('in whose place another one is mounted is not served from that one', async () => {
    const volume = smallVolume(16);
    const server = await serve(volume.path);
    expect(await server.tag('v1')).toBe(201);
    volume.unmount();
    volume.mountAnother();
    const other = await serve(volume.path);
    expect(await other.tag('v2')).toBe(201);
    expect([await server.pull('v1'), await server.pull('v2'), await server.tag('v3')]).toEqual([503, 503, 503]);
    expect(await other.pull('v3')).toBe(404);
    volume.unmountAnother();
    volume.mountAgain();
    expect([await server.pull('v1'), await server.pull('v2')]).toEqual([200, 404]);
    expect([(await server.ready()).status, (await other.ready()).status]).toEqual([200, 503]);
  });

  it('that is mounted read-only is not ready, is still read, and takes pushes when it is writable again', async () => {
    const volume = smallVolume(16);
    const server = await serve(volume.path);
    expect(await server.tag('v1')).toBe(201);
    volume.remount('ro');
    expect(await server.ready()).toMatchObject({ status: 503, text: expect.stringContaining('mounted read-only') });
    expect([await server.pull('v1'), await server.push(blobOf('new'))]).toEqual([200, 403]);
    volume.remount('rw');
    expect([(await server.ready()).status, await server.push(blobOf('new'))]).toEqual([200, 201]);
  });

  it('that is too small for a push gets back at once what the push had written, and keeps what was acknowledged', async () => {
    const volume = smallVolume(8);
    const server = await serve(volume.path);
    const large = Buffer.alloc(10_000_000);
    const place = await server.begin();
    const patch = (body: NonNullable<RequestInit['body']>, headers = {}) =>
      server.status(place, { method: 'PATCH', body, headers, duplex: 'half' } as RequestInit);
    expect(await patch(large.subarray(0, 1_000_000))).toBe(202);
    const before = freeOf(volume.path);
    expect(await patch(large)).toBe(507);
    expect(await patch(streamOf(large))).toBe(507);
    expect(
      await server.status(`${place}?digest=${blobOf('x').digest}`, {
        method: 'PUT',
        body: streamOf(large),
        duplex: 'half',
      } as RequestInit),
    ).toBe(507);
    expect(await server.push(contentOf(large, layerType))).toBe(507);
    expect(await server.last(place)).toBe('0-999999');
    expect(freeOf(volume.path)).toBeGreaterThanOrEqual(before - 65_536);
    expect(readdirSync(join(volume.path, '.moorage/uploads'))).toHaveLength(1);
    expect(await server.push(blobOf('small'))).toBe(201);
    const { digest } = contentOf(large.subarray(0, 2_000_000), layerType);
    const rest = large.subarray(1_000_000, 2_000_000);
    expect(await server.status(`${place}?digest=${digest}`, { method: 'PUT', body: rest })).toBe(201);
  });

  it('that another program fills refuses pushes and is not ready; deletes work, and pushes once there is room', async () => {
    const volume = smallVolume(8);
    const server = await serve(volume.path);
    const layer = blobOf('layer');
    const remove = (path: string) => server.status(`/v2/a/${path}`, { method: 'DELETE' });
    expect([await server.push(layer), await server.tag('v1'), await server.tag('v2')]).toEqual([201, 201, 201]);
    volume.fill();
    expect(await server.ready()).toMatchObject({ status: 503, text: expect.stringContaining('full') });
    expect([await server.start(), await server.push(blobOf('new')), await server.tag('v3')]).toEqual([507, 507, 507]);
    expect([await server.pull('v1'), await server.pull('v3')]).toEqual([200, 404]);
    expect([await remove('manifests/v1'), await remove(`manifests/${image.digest}`)]).toEqual([202, 202]);
    expect(await remove(`blobs/${layer.digest}`)).toBe(202);
    expect(await server.pull(image.digest)).toBe(404);
    volume.makeRoom();
    expect((await server.ready()).status).toBe(200);
    expect([await server.push(layer), await server.tag('v1')]).toEqual([201, 201]);
  });

  it('that is full gets space back by deletes and moorage gc, and takes pushes again without a restart', async () => {
    const volume = smallVolume(16);
    const server = await serve(volume.path);
    const pushed: Image[] = [];
    let last = 201;
    while (last === 201) {
      const layer = contentOf(Buffer.alloc(1_000_000, `${pushed.length} `), layerType);
      const next = imageManifest({ layers: [layer] });
      last = await server.pushImage(next, `v${pushed.length}`);
      if (last === 201) pushed.push(next);
    }
    expect(last).toBe(507);
    const [kept, ...going] = pushed as [Image, ...Image[]];
    volume.fill();
    expect(await server.remove('manifests/v1')).toBe(202);
    for (const { digest } of going) expect(await server.remove(`manifests/${digest}`)).toBe(202);
    const gc = (...args: string[]) => runMoorage(['gc', '--root', volume.path, ...args]);
    expect(await gc('--dry-run', '--grace', '0s')).toMatchObject({ code: 0, stderr: '' });
    const collected = await gc('--grace', '0s');
    expect(collected).toMatchObject({ code: 0, stderr: '' });
    expect(collected.stdout).toMatch(/^freed \d+\.\d+ MB: \d+ manifests, \d+ blobs, 0 uploads; kept 1\.\d+ MB$/m);
    expect(freeOf(volume.path)).toBeGreaterThan(going.length * 900_000);
    expect(await server.pushImage(going[0] as Image, 'again')).toBe(201);
    expect([await server.pull('v0'), await server.pull('again'), await server.pull('v1')]).toEqual([200, 200, 404]);
    expect(await server.status(`/v2/a/blobs/${kept.layers[0]?.digest}`)).toBe(200);
    expect((await server.ready()).status).toBe(200);
  });

  it('that is mounted read-only refuses what changes something in the words of the specification, until it is writable', async () => {
    const volume = smallVolume(16);
    const server = await serve(volume.path);
    expect(await server.pushImage(image, 'v1')).toBe(201);
    const place = await server.begin();
    const digest = blobOf('new').digest;
    volume.remount('ro');
    const refused = async (method: string, path: string, code: string, status: number, body?: string) => {
      const answer = await server.ask(path, body === undefined ? { method } : { method, body });
      expect([method, path, answer.status]).toEqual([method, path, status]);
      expect(await answer.json()).toMatchObject({ errors: [{ code }] });
    };
    await refused('POST', '/v2/a/blobs/uploads/', 'DENIED', 403);
    await refused('POST', `/v2/a/blobs/uploads/?digest=${digest}`, 'DENIED', 403, 'new');
    await refused('POST', `/v2/b/blobs/uploads/?mount=${image.config.digest}&from=a`, 'DENIED', 403);
    await refused('PATCH', place, 'DENIED', 403, 'new');
    await refused('PUT', `${place}?digest=${digest}`, 'DENIED', 403, 'new');
    await refused('DELETE', '/v2/a/manifests/v1', 'UNSUPPORTED', 405);
    await refused('DELETE', `/v2/a/manifests/${image.digest}`, 'UNSUPPORTED', 405);
    await refused('DELETE', `/v2/a/blobs/${image.config.digest}`, 'UNSUPPORTED', 405);
    expect([await server.tag('v2'), await server.pull('v1'), await server.pull(image.digest)]).toEqual([403, 200, 200]);
    expect(await server.status(`/v2/a/blobs/${image.config.digest}`)).toBe(200);
    const gc = () => runMoorage(['gc', '--root', volume.path, '--grace', '0s']);
    const collected = await gc();
    expect(collected.code).toBe(1);
    expect(collected.stderr).toMatch(/EROFS/);
    volume.remount('rw');
    const put = { method: 'PUT', body: 'new' };
    expect(await server.status(`${place}?digest=${digest}`, put)).toBe(201);
    expect([await server.tag('v2'), await server.remove('manifests/v1')]).toEqual([201, 202]);
    expect((await gc()).code).toBe(0);
    expect([await server.pull('v2'), await server.pull('v1')]).toEqual([200, 404]);
  });

  it('that is full to the last byte although all may be used keeps nothing of a push, not even its directory', async () => {
    const volume = smallVolume(8);
    const server = await serve(volume.path, '0');
    expect(await server.tag('v1')).toBe(201);
    const names = () =>
      readdirSync(volume.path, { recursive: true, encoding: 'utf8' })
        .filter((name) => !/reserve|journal/.test(name))
        .sort();
    const before = names();
    volume.fill();
    expect([await server.push(blobOf('new')), await server.tag('v2')]).toEqual([507, 507]);
    expect(
      await server.status('/v2/other/manifests/v1', {
        method: 'PUT',
        body: referrer.bytes,
        headers: { 'Content-Type': referrer.descriptor.mediaType },
      }),
    ).toBe(507);
    volume.makeRoom();
    expect(names()).toEqual(before);
    expect(await server.tag('v2')).toBe(201);
  });
});

function freeOf(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

/** Without a length. */
function streamOf(bytes: Buffer): ReadableStream {
  return Readable.toWeb(Readable.from([bytes])) as ReadableStream;
}
