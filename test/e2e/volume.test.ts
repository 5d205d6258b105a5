// A volume that is served and goes away, is another one, or can no longer be written to: what clients and operators are told
// meanwhile, and that it goes on by itself.
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { blobOf, type Content, imageManifest } from '../support/content.ts';
import { canMount, needsVolume, smallVolume } from '../support/small-volume.ts';
import { startMoorage } from './moorage-process.ts';

const image = imageManifest({ layers: 0 });

async function serve(root: string) {
  const { url } = await (await startMoorage(['serve', '--root', root, '--listen', '127.0.0.1:0'])).ready();
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
});
