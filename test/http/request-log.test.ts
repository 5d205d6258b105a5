// One line a request, with the route's pattern and never its URL.
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/oci/digest.ts';
import { imageManifest, pushBlob, pushImage } from './support/content.ts';
import { head, rawConnection } from './support/raw-connection.ts';
import { registryApp } from './support/registry-app.ts';

describe('the request log', () => {
  it('says method, route, repository, status, duration and the bytes of the content', async () => {
    const { app, lines } = registryApp({ isLogged: true });
    const image = imageManifest();
    await pushImage(app, 'team/app', 'v1', image);
    await app.inject('/v2/team/app/manifests/v1?token=secret');
    await app.inject('/v2/team/app/manifests/v2');
    await app.inject({ method: 'HEAD', url: '/v2/team/app/manifests/v1' });
    await app.inject('/secret/path');
    await app.inject('/v2/Secret/tags/list');
    await app.inject('/v2/%zz');
    expect(lines.map(({ durationMs, bytes, ...line }) => line)).toEqual([
      { method: 'POST', route: '/v2/:name/blobs/uploads/', repository: 'team/app', status: 201 },
      { method: 'PUT', route: '/v2/:name/manifests/:reference', repository: 'team/app', status: 201 },
      { method: 'GET', route: '/v2/:name/manifests/:reference', repository: 'team/app', status: 200 },
      { method: 'GET', route: '/v2/:name/manifests/:reference', repository: 'team/app', status: 404 },
      { method: 'HEAD', route: '/v2/:name/manifests/:reference', repository: 'team/app', status: 200 },
      { method: 'GET', route: '-', repository: undefined, status: 404 },
      { method: 'GET', route: '/v2/:name/tags/list', repository: undefined, status: 400 },
      { method: 'GET', route: '-', repository: undefined, status: 400 },
    ]);
    const sizes = lines.map(({ bytes }) => bytes);
    expect(sizes.slice(0, 3)).toEqual([2, image.bytes.byteLength, image.bytes.byteLength]);
    expect(sizes[4]).toBe(0);
    for (const { durationMs } of lines) expect(durationMs).toBeGreaterThan(0);
    expect(JSON.stringify(lines)).not.toContain('ecret');
  });

  it('says 499 when the client left before there was an answer', async () => {
    const { app, lines } = registryApp({ isLogged: true });
    const connection = await rawConnection(app);
    await connection.write(head('PUT /v2/a/manifests/v1', { 'Content-Length': 100 }));
    await connection.write('{');
    connection.socket.destroy();
    await expect.poll(() => lines).toMatchObject([{ method: 'PUT', repository: 'a', status: 499 }]);
  });

  it('counts the bytes of a streamed upload and of a partial download', async () => {
    const { app, lines } = registryApp({ isLogged: true });
    const blob = Buffer.alloc(300_000, 'x');
    const connection = await rawConnection(app);
    await connection.write(
      head(`POST /v2/a/blobs/uploads/?digest=${digestOf(blob)}`, { 'Transfer-Encoding': 'chunked' }),
    );
    await connection.write(`${blob.byteLength.toString(16)}\r\n`);
    await connection.write(blob);
    await connection.write('\r\n0\r\n\r\n');
    expect((await connection.answer()).status).toBe(201);
    await connection.write(head(`GET /v2/a/blobs/${digestOf(blob)}`, { Range: 'bytes=0-99999' }));
    expect((await connection.answer()).status).toBe(206);
    await expect.poll(() => lines.length).toBe(2);
    expect(lines[0]?.bytes).toBeGreaterThan(200_000);
    expect(lines[0]?.bytes).toBeLessThan(301_000);
    expect(lines[1]?.bytes).toBe(100_000);
  });

  it('is not asked for anything when there is none', async () => {
    const { app, lines } = registryApp();
    await pushBlob(app, 'a', Buffer.from('x'));
    expect(lines).toEqual([]);
  });
});
