// One line a request: who asked for what, and nothing that may be a secret.
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/oci/digest.ts';
import { emptyConfig, imageManifest, pushBlob, pushImage } from './support/content.ts';
import { guardedApp } from './support/guarded-app.ts';
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
    await app.inject({ method: 'HEAD', url: '/v2/team/app/manifests/v2' });
    await app.inject(`/v2/team/app/blobs/${digestOf(emptyConfig)}`);
    await app.inject('/some/path?token=secret#secret');
    await app.inject('/v2/Upper/tags/list?n=secret');
    await app.inject('/v2/%zz');
    const manifest = { route: '/v2/:name/manifests/:reference', repository: 'team/app' };
    expect(lines.map(({ method, route, repository, status }) => ({ method, route, repository, status }))).toEqual([
      { method: 'POST', route: '/v2/:name/blobs/uploads/', repository: 'team/app', status: 201 },
      { method: 'PUT', ...manifest, status: 201 },
      { method: 'GET', ...manifest, status: 200 },
      { method: 'GET', ...manifest, status: 404 },
      { method: 'HEAD', ...manifest, status: 200 },
      { method: 'HEAD', ...manifest, status: 404 },
      { method: 'GET', route: '/v2/:name/blobs/:digest', repository: 'team/app', status: 200 },
      { method: 'GET', route: '-', repository: undefined, status: 404 },
      { method: 'GET', route: '/v2/:name/tags/list', repository: undefined, status: 400 },
      { method: 'GET', route: '-', repository: undefined, status: 400 },
    ]);
    const references = [
      undefined,
      'v1',
      'v1',
      'v2',
      'v1',
      'v2',
      digestOf(emptyConfig),
      undefined,
      undefined,
      undefined,
    ];
    expect(lines.map(({ reference }) => reference)).toEqual(references);
    expect(lines.slice(0, 7).every(({ path }) => path === undefined)).toBe(true);
    expect(lines.slice(7).map(({ path }) => path)).toEqual(['/some/path', '/v2/Upper/tags/list', '/v2/%zz']);
    const sizes = lines.map(({ bytes }) => bytes);
    expect(sizes.slice(0, 3)).toEqual([2, image.bytes.byteLength, image.bytes.byteLength]);
    expect(sizes.slice(4, 6)).toEqual([0, 0]);
    for (const { durationMs } of lines) expect(durationMs).toBeGreaterThan(0);
    expect(JSON.stringify(lines)).not.toContain('ecret');
  });

  it('says who asked, by an address that reads as it is written everywhere', async () => {
    const { app, lines } = registryApp({ isLogged: true });
    const connection = await rawConnection(app);
    await connection.write(head('GET /v2/', { 'User-Agent': 'crane/0.20', Authorization: 'Basic c2VjcmV0' }));
    await connection.answer();
    await app.inject({ url: '/v2/', remoteAddress: '::ffff:192.0.2.7' });
    await app.inject({ url: '/v2/', remoteAddress: '2001:db8::7', headers: { 'user-agent': '' } });
    await expect.poll(() => lines.length).toBe(3);
    expect(lines).toMatchObject([
      { client: expect.stringMatching(/^(?:127\.0\.0\.1|::1)$/), userAgent: 'crane/0.20' },
      { client: '192.0.2.7' },
      { client: '2001:db8::7', userAgent: '' },
    ]);
    expect(JSON.stringify(lines)).not.toContain('c2VjcmV0');
  });

  it('shows nothing of a client that a terminal would obey, that is too long, or that may be a password', async () => {
    const { app, lines } = registryApp({ isLogged: true });
    const connection = await rawConnection(app);
    await connection.write(head('GET ftp://user:secret@host/no/where?token=secret', { 'User-Agent': 'a\x9b31mb\tc' }));
    await connection.answer();
    await connection.write(head(`GET /v2/a/manifests/${'x'.repeat(900)}`, { 'User-Agent': 'y'.repeat(5_000) }));
    await connection.answer();
    await connection.write(head('GET /v2/a/manifests/%1b%5b31m'));
    await connection.answer();
    await connection.write(head(`GET /${'z'.repeat(5_000)}`));
    await connection.answer();
    await expect.poll(() => lines.length).toBe(4);
    expect(lines[0]).toMatchObject({ path: '/no/where', userAgent: 'aÂ\\u{9b}31mb\\u{9}c' });
    expect(lines[1]?.reference).toBe(`${'x'.repeat(253)}...`);
    expect(lines[1]?.userAgent).toBe(`${'y'.repeat(253)}...`);
    expect(lines[2]?.reference).toBe('\\u{1b}[31m');
    expect(lines[3]?.path).toBe(`/${'z'.repeat(252)}...`);
    expect(JSON.stringify(lines)).not.toContain('secret');
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

  it('names the user where one is known, and nobody for wrong credentials', async () => {
    const { app, lines } = guardedApp(undefined, { isLogged: true });
    for (const authorization of ['Basic anna', 'Basic wrong', 'Basic x\u009b31m', undefined]) {
      await app.inject({ url: '/v2/', ...(authorization === undefined ? {} : { headers: { authorization } }) });
    }
    expect(lines.map(({ user, status }) => [user, status])).toEqual([
      ['anna', 200],
      [undefined, 401],
      [String.raw`x\u{9b}31m`, 200],
      [undefined, 401],
    ]);
  });
});
