// Manifests that come slowly, or many at once, on real sockets: what they hold in memory is bounded, and so is the time.
import { describe, expect, it } from 'vitest';
import { codesOf } from './support/answers.ts';
import { imageManifest } from './support/content.ts';
import { head, rawConnection } from './support/raw-connection.ts';
import { registryApp } from './support/registry-app.ts';

const mebibyte = 1024 * 1024;
const { bytes } = imageManifest();
/** The same for a reader of JSON. */
const large = Buffer.concat([bytes, Buffer.alloc(100_000, ' ')]);
const tight = { maxManifestBytes: mebibyte, bodyMemoryBytes: 2 * mebibyte };

/** Of a length that it never comes to. */
async function heldBody(app: ReturnType<typeof registryApp>['app'], tag: string) {
  const connection = await rawConnection(app);
  await connection.write(head(`PUT /v2/a/manifests/${tag}`, { 'Content-Length': mebibyte }));
  await connection.write(Buffer.alloc(mebibyte - 1, ' '));
  return connection;
}

describe('a manifest that', () => {
  it('does not come in time is refused, and the connection closes', async () => {
    const { app, failures } = registryApp({ settings: { bodyTimeoutMs: 100 } });
    const connection = await rawConnection(app);
    await connection.write(head('PUT /v2/a/manifests/v1', { 'Content-Length': bytes.byteLength }));
    await connection.write(bytes.subarray(0, 10));
    const answer = await connection.answer();
    expect(answer.status).toBe(408);
    expect(answer.headers.connection).toBe('close');
    expect(codesOf(answer)).toEqual(['MANIFEST_INVALID']);
    expect(failures).toEqual([]);
    expect((await app.inject('/v2/a/tags/list')).statusCode).toBe(404);
  });

  it('comes a byte at a time, within its time, is taken', async () => {
    const { app } = registryApp();
    const connection = await rawConnection(app);
    await connection.write(head('PUT /v2/a/manifests/v1', { 'Transfer-Encoding': 'chunked' }));
    for (const byte of bytes) await connection.write(Buffer.from(`1\r\n${String.fromCharCode(byte)}\r\n`));
    await connection.write(Buffer.from('0\r\n\r\n'));
    expect((await connection.answer()).status).toBe(201);
    expect((await app.inject('/v2/a/manifests/v1')).rawPayload).toEqual(bytes);
  });

  it('finds no memory is told to come back', async () => {
    const { app } = registryApp({ settings: { ...tight, bodyMaxWaitMs: 100 } });
    const held = await heldBody(app, 'held');
    const connection = await rawConnection(app);
    await connection.write(head('PUT /v2/a/manifests/v1', { 'Content-Length': large.byteLength }));
    await connection.write(large);
    const answer = await connection.answer();
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('5');
    expect(codesOf(answer)).toEqual(['UNAVAILABLE']);
    held.socket.destroy();
  });

  it('waits for memory is taken when another is done, or its client has gone', async () => {
    const { app } = registryApp({ settings: tight });
    const held = await heldBody(app, 'held');
    const connection = await rawConnection(app);
    await connection.write(head('PUT /v2/a/manifests/v1', { 'Content-Length': large.byteLength }));
    await connection.write(large);
    held.socket.destroy();
    expect((await connection.answer()).status).toBe(201);
  });

  it('waits is not told to send its body before there is room for it', async () => {
    const { app } = registryApp({ settings: { ...tight, bodyMaxWaitMs: 100 } });
    const held = await heldBody(app, 'held');
    const connection = await rawConnection(app);
    await connection.write(
      head('PUT /v2/a/manifests/v1', { 'Content-Length': large.byteLength, Expect: '100-continue' }),
    );
    expect((await connection.answer()).status).toBe(503);
    held.socket.destroy();
  });

  it('is small never waits for large ones', async () => {
    const { app } = registryApp({ settings: { ...tight, bodyMaxWaitMs: 100 } });
    const held = await heldBody(app, 'held');
    for (let at = 0; at < 3; at += 1) {
      const connection = await rawConnection(app);
      await connection.write(head(`PUT /v2/a/manifests/v${at}`, { 'Content-Length': bytes.byteLength }));
      await connection.write(bytes);
      expect((await connection.answer()).status).toBe(201);
    }
    held.socket.destroy();
  });
});
