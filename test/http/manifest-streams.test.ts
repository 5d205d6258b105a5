// Manifest pushes on real sockets: limits on bodies of unknown length, bodies that stop half-way.
import { describe, expect, it } from 'vitest';
import { codesOf } from './support/answers.ts';
import { imageManifest } from './support/content.ts';
import { head, rawConnection } from './support/raw-connection.ts';
import { registryApp } from './support/registry-app.ts';

const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, ' '), Buffer.from('\r\n')]);

describe('PUT manifest', () => {
  it('refuses a body of unknown length once it is beyond the limit, long before it ends', async () => {
    const { app } = registryApp({ settings: { maxManifestBytes: 4 * 1024 * 1024 } });
    const connection = await rawConnection(app);
    await connection.write(head('PUT /v2/a/manifests/v1', { 'Transfer-Encoding': 'chunked' }));
    for (let sent = 0; sent <= 4 * 1024 * 1024; sent += 65_536) await connection.write(chunk);
    const answer = await connection.answer();
    expect(answer.status).toBe(413);
    expect(answer.headers.connection).toBe('close');
    expect(codesOf(answer)).toEqual(['MANIFEST_INVALID']);
  });

  it('refuses a length beyond the limit before a byte of the body came', async () => {
    const { app } = registryApp();
    const connection = await rawConnection(app);
    await connection.write(head('PUT /v2/a/manifests/v1', { 'Content-Length': 100_000_000 }));
    const answer = await connection.answer();
    expect(answer.status).toBe(413);
    expect(codesOf(answer)).toEqual(['MANIFEST_INVALID']);
  });

  it('takes a body in pieces, and stores nothing of one that stops half-way', async () => {
    const { app, failures } = registryApp({ settings: { stallTimeoutMs: 200 } });
    const { bytes } = imageManifest();
    const half = bytes.byteLength >> 1;
    const connection = await rawConnection(app);
    await connection.write(head('PUT /v2/a/manifests/whole', { 'Content-Length': bytes.byteLength }));
    await connection.write(bytes.subarray(0, half));
    await connection.write(bytes.subarray(half));
    expect((await connection.answer()).status).toBe(201);

    for (const leaves of [true, false]) {
      const broken = await rawConnection(app);
      await broken.write(head('PUT /v2/a/manifests/half', { 'Content-Length': bytes.byteLength }));
      await broken.write(bytes.subarray(0, half));
      if (leaves) broken.socket.end();
      await broken.closed();
    }
    expect((await app.inject('/v2/a/manifests/half')).statusCode).toBe(404);
    expect(failures).toEqual([]);
  });
});
