// Uploads on real sockets: clients that leave, return, stall or never stop, and refusals that stay readable.
import type { FastifyInstance } from 'fastify';
import { describe, expect, it, vi } from 'vitest';
import { digestOf } from '../../src/oci/digest.ts';
import { parseRepositoryName } from '../../src/oci/reference.ts';
import { codesOf } from './support/answers.ts';
import { head, type RawConnection, rawConnection } from './support/raw-connection.ts';
import { registryApp } from './support/registry-app.ts';

const mebibyte = 1024 * 1024;
const blob = Buffer.alloc(3 * mebibyte, 'moorage ');
const digest = digestOf(blob);
const absent = '/v2/a/blobs/uploads/00000000-0000-4000-8000-000000000000';

async function started(app: FastifyInstance): Promise<string> {
  return String((await app.inject({ method: 'POST', url: '/v2/a/blobs/uploads/' })).headers.location);
}

const rangeOf = async (app: FastifyInstance, url: string) => (await app.inject(url)).headers.range;

/** Writes until all is written or the connection is over; the bytes that went. */
async function pour(connection: RawConnection, bytes: number): Promise<number> {
  const piece = Buffer.alloc(mebibyte);
  let poured = 0;
  while (poured < bytes && (await connection.write(piece))) poured += piece.byteLength;
  return poured;
}

describe('a streamed upload', () => {
  it('may come in chunks of unknown number', async () => {
    const { app } = registryApp();
    const url = await started(app);
    const connection = await rawConnection(app);
    await connection.write(head(`PATCH ${url}`, { 'Transfer-Encoding': 'chunked' }));
    for (let at = 0; at < blob.byteLength; at += mebibyte) {
      await connection.write(`${mebibyte.toString(16)}\r\n`);
      await connection.write(blob.subarray(at, at + mebibyte));
      await connection.write('\r\n');
    }
    await connection.write('0\r\n\r\n');
    const answer = await connection.answer();
    expect(answer.status).toBe(202);
    expect(answer.headers.range).toBe(`0-${blob.byteLength - 1}`);
    await connection.write(head(`PUT ${url}?digest=${digest}`, { 'Content-Length': 0 }));
    expect((await connection.answer()).status).toBe(201);
  });

  it('keeps what arrived when the client leaves, and goes on from there', async () => {
    const { app, failures } = registryApp();
    const url = await started(app);
    const connection = await rawConnection(app);
    await connection.write(head(`PATCH ${url}`, { 'Content-Length': blob.byteLength }));
    await connection.write(blob.subarray(0, 2 * mebibyte));
    connection.socket.end();
    await connection.closed();
    await expect.poll(() => rangeOf(app, url)).toBe(`0-${2 * mebibyte - 1}`);
    const rest = { 'Content-Length': mebibyte, 'Content-Range': `${2 * mebibyte}-${3 * mebibyte - 1}` };
    const second = await rawConnection(app);
    await second.write(head(`PUT ${url}?digest=${digest}`, rest));
    await second.write(blob.subarray(2 * mebibyte));
    expect((await second.answer()).status).toBe(201);
    expect((await app.inject(`/v2/a/blobs/${digest}`)).rawPayload.equals(blob)).toBe(true);
    expect(failures).toEqual([]);
  });

  it('is handed over when the client comes back before the old connection is known to be dead', async () => {
    const { app, failures } = registryApp();
    const url = await started(app);
    const dead = await rawConnection(app);
    await dead.write(head(`PATCH ${url}`, { 'Content-Length': blob.byteLength }));
    await dead.write(blob.subarray(0, mebibyte));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const last = Number(String(await rangeOf(app, url)).split('-')[1]);
    const from = last === 0 ? 0 : last + 1;
    const second = await rawConnection(app);
    await second.write(head(`PUT ${url}?digest=${digest}`, { 'Content-Length': blob.byteLength - from }));
    await second.write(blob.subarray(from));
    expect((await second.answer()).status).toBe(201);
    const answer = await dead.answer();
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(codesOf(answer)).toEqual(['BLOB_UPLOAD_INVALID']);
    expect(failures).toEqual([]);
  });

  it('is closed when the client sends nothing for too long, and keeps what arrived', async () => {
    const { app, lines } = registryApp({ settings: { stallTimeoutMs: 200 }, isLogged: true });
    const url = await started(app);
    const connection = await rawConnection(app);
    await connection.write(head(`PATCH ${url}`, { 'Content-Length': 100 }));
    await connection.write('0123456789');
    await connection.closed();
    await expect.poll(() => rangeOf(app, url)).toBe('0-9');
    await expect.poll(() => lines).toContainEqual(expect.objectContaining({ method: 'PATCH', status: 499 }));
  });

  it('is not closed while the server itself needs longer than that', async () => {
    const { app, registry } = registryApp({ settings: { stallTimeoutMs: 100 } });
    const { uploads } = await registry.writable(parseRepositoryName('a'));
    const commit = uploads.commit.bind(uploads);
    vi.spyOn(uploads, 'commit').mockImplementation(async (...values) => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      return commit(...values);
    });
    const url = await started(app);
    const connection = await rawConnection(app);
    await connection.write(head(`PUT ${url}?digest=${digestOf(Buffer.from('x'))}`, { 'Content-Length': 1 }));
    await connection.write('x');
    expect((await connection.answer()).status).toBe(201);
  });
});

describe('a body that is refused', () => {
  it('is drained, so that the answer is readable and the connection goes on', async () => {
    const { app } = registryApp();
    const connection = await rawConnection(app);
    await connection.write(head(`PATCH ${absent}`, { 'Content-Length': 12 * mebibyte }));
    expect(await pour(connection, 12 * mebibyte)).toBe(12 * mebibyte);
    const answer = await connection.answer();
    expect(answer.status).toBe(404);
    expect(answer.headers.connection).not.toBe('close');
    expect(codesOf(answer)).toEqual(['BLOB_UPLOAD_UNKNOWN']);
    await connection.write(head('GET /v2/'));
    expect((await connection.answer()).status).toBe(200);
  });

  it('of more than 16 MiB is drained that far, then the connection closes', async () => {
    const { app } = registryApp();
    const connection = await rawConnection(app);
    await connection.write(head(`PATCH ${absent}`, { 'Content-Length': 1024 * mebibyte }));
    const poured = pour(connection, 1024 * mebibyte);
    const answer = await connection.answer();
    expect(answer.status).toBe(404);
    expect(answer.headers.connection).toBe('close');
    // What the kernel's buffers took counts too.
    expect(await poured).toBeLessThan(64 * mebibyte);
    await connection.closed();
  });

  it('that never ends closes the connection after the answer', async () => {
    const { app } = registryApp();
    for (const headers of [{ 'Transfer-Encoding': 'chunked' }, { 'Content-Length': 10 }]) {
      const connection = await rawConnection(app);
      await connection.write(head(`PATCH ${absent}`, headers));
      expect((await connection.answer()).status).toBe(404);
      await connection.closed();
    }
  });

  it('is not asked for when the client waits for 100-continue', async () => {
    const { app } = registryApp();
    const connection = await rawConnection(app);
    await connection.write(head(`PATCH ${absent}`, { 'Content-Length': 10, Expect: '100-continue' }));
    expect((await connection.answer()).status).toBe(100);
    for (const [request, status] of [
      ['PUT /v2/a/manifests/.bad', 400],
      ['PUT /v2/a/blobs/uploads/no-id', 404],
      [`PUT ${absent}`, 400],
      ['PUT /nowhere', 404],
    ] as const) {
      const refused = await rawConnection(app);
      await refused.write(head(request, { 'Content-Length': 10, Expect: '100-continue' }));
      const answer = await refused.answer();
      expect(answer.status).toBe(status);
      expect(answer.headers.connection).toBe('close');
    }
  });

  it('is asked for when it is wanted', async () => {
    const { app } = registryApp();
    const connection = await rawConnection(app);
    const request = `POST /v2/a/blobs/uploads/?digest=${digestOf(Buffer.from('hello'))}`;
    await connection.write(head(request, { 'Content-Length': 5, Expect: '100-continue' }));
    expect((await connection.answer()).status).toBe(100);
    await connection.write('hello');
    expect((await connection.answer()).status).toBe(201);
    await connection.write(head('GET /v2/'));
    expect((await connection.answer()).status).toBe(200);
  });

  it('of a session start is not mistaken for the next request', async () => {
    const { app } = registryApp();
    const connection = await rawConnection(app);
    const body = head('GET /nowhere');
    await connection.write(
      `${head('POST /v2/a/blobs/uploads/', { 'Content-Length': body.length })}${body}${head('GET /v2/')}`,
    );
    expect((await connection.answer()).status).toBe(202);
    expect((await connection.answer()).status).toBe(200);
  });

  it('leaves a session as it was when its chunk is out of order', async () => {
    const { app } = registryApp();
    const url = await started(app);
    const connection = await rawConnection(app);
    await connection.write(head(`PATCH ${url}`, { 'Content-Length': mebibyte, 'Content-Range': `5-${mebibyte + 4}` }));
    await connection.write(blob.subarray(0, mebibyte));
    expect((await connection.answer()).status).toBe(416);
    await connection.write(head(`PATCH ${url}`, { 'Transfer-Encoding': 'chunked', 'Content-Range': '0-3' }));
    await connection.write('8\r\n01234567\r\n0\r\n\r\n');
    const longer = await connection.answer();
    expect(longer.status).toBe(416);
    expect(await rangeOf(app, url)).toBe('0-0');
  });
});
