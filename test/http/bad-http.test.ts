// What never becomes a request is refused in the envelope too, on a real socket.
import { describe, expect, it } from 'vitest';
import { codesOf } from './support/answers.ts';
import { imageManifest, pushBlob } from './support/content.ts';
import { head, rawConnection } from './support/raw-connection.ts';
import { registryApp } from './support/registry-app.ts';

describe('bad HTTP', () => {
  it.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['an unknown method', 'SMELL /v2/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['a header without a name', 'GET /v2/ HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n', 400],
    ['a raw NUL in the path', 'GET /v2/a\0b/tags/list HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['two lengths', 'PUT /v2/a/manifests/b HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
    [
      'a length and chunks',
      'PUT /v2/a/manifests/b HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    ['an unknown coding', 'PUT /v2/a/manifests/b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n', 501],
    ['a coding after chunked', 'PUT /v2/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n', 501],
    [
      'a length and an unknown coding',
      'PUT /v2/a/manifests/b HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: gzip\r\n\r\n',
      400,
    ],
    ['headers that are too large', `GET /v2/ HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(200_000)}\r\n\r\n`, 431],
    ['a URL that is too long', `GET /v2/${'x'.repeat(200_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', 405],
  ])('%s is refused and the connection closes', async (_what, bytes, status) => {
    const { app } = registryApp();
    const connection = await rawConnection(app);
    await connection.write(bytes);
    const answer = await connection.answer();
    expect(answer.status).toBe(status);
    expect(codesOf(answer)).toEqual(['UNSUPPORTED']);
    expect(answer.headers.connection).toBe('close');
    await connection.closed();
  });

  it('a head of almost 64 KiB is served, and one of more is not', async () => {
    const { app } = registryApp();
    const connection = await rawConnection(app);
    const start = 'GET /v2/ HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ';
    await connection.write(`${start}${'x'.repeat(64 * 1024 - start.length - 200)}\r\n\r\n`);
    expect((await connection.answer()).status).toBe(200);
    await connection.write(`${start}${'x'.repeat(64 * 1024)}\r\n\r\n`);
    const refused = await connection.answer();
    expect(refused.status).toBe(431);
    expect(codesOf(refused)).toEqual(['UNSUPPORTED']);
    await connection.closed();
    expect((await app.inject('/v2/')).statusCode).toBe(200);
  });

  it('a second Host is found behind thousands of other headers', async () => {
    const { app } = registryApp();
    const connection = await rawConnection(app);
    await connection.write(`GET /v2/ HTTP/1.1\r\nHost: a\r\n${'a:b\r\n'.repeat(4_000)}Host: b\r\n\r\n`);
    expect((await connection.answer()).status).toBe(400);
  });

  it('a missing Host is 400 for HTTP/1.1 and fine for HTTP/1.0', async () => {
    const { app } = registryApp();
    const connection = await rawConnection(app);
    await connection.write('GET /v2/ HTTP/1.1\r\n\r\n');
    const refused = await connection.answer();
    expect(refused.status).toBe(400);
    expect(codesOf(refused)).toEqual(['UNSUPPORTED']);
    const old = await rawConnection(app);
    await old.write('GET /v2/ HTTP/1.0\r\n\r\n');
    expect((await old.answer()).status).toBe(200);
  });

  it('a second Host is 400, also where the first would do', async () => {
    const { app } = registryApp();
    for (const path of ['/v2/', '/livez']) {
      const connection = await rawConnection(app);
      await connection.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nhOsT: evil.example\r\n\r\n`);
      const refused = await connection.answer();
      expect(refused.status).toBe(400);
      expect(codesOf(refused)).toEqual(['UNSUPPORTED']);
    }
  });

  it.each(['gzip, chunked', 'deflate,chunked'])(
    'the transfer coding %j is 501, and nothing is stored',
    async (coding) => {
      const { app } = registryApp();
      const connection = await rawConnection(app);
      const { bytes } = imageManifest();
      await connection.write(head('PUT /v2/a/manifests/v1', { 'Transfer-Encoding': coding }));
      await connection.write(`${bytes.byteLength.toString(16)}\r\n${bytes}\r\n0\r\n\r\n`);
      const answer = await connection.answer();
      expect(answer.status).toBe(501);
      expect(codesOf(answer)).toEqual(['UNSUPPORTED']);
      expect((await app.inject('/v2/a/manifests/v1')).statusCode).toBe(404);
    },
  );

  it('an expectation that is not 100-continue is 417', async () => {
    const { app } = registryApp();
    const connection = await rawConnection(app);
    await connection.write(head('GET /v2/', { Expect: 'a miracle' }));
    const answer = await connection.answer();
    expect(answer.status).toBe(417);
    expect(codesOf(answer)).toEqual(['UNSUPPORTED']);
  });

  it('after a request is no answer in the middle of the one under way', async () => {
    const { app } = registryApp();
    const digest = await pushBlob(app, 'a', Buffer.alloc(64 * 1024 * 1024, 'x'));
    const connection = await rawConnection(app);
    connection.socket.pause();
    await connection.write(head(`GET /v2/a/blobs/${digest}`));
    await new Promise<void>((resolve) => connection.socket.once('readable', () => resolve()));
    await connection.write('garbage garbage\r\n\r\n');
    connection.socket.resume();
    await connection.closed();
    await expect(connection.answer()).rejects.toThrow('the connection ended within an answer');
    expect(connection.receivedText()).not.toContain('UNSUPPORTED');
  });

  it('that comes as an absolute URL is served', async () => {
    const { app } = registryApp();
    const connection = await rawConnection(app);
    await connection.write(head('GET http://localhost/v2/a/b/tags/list'));
    expect(codesOf(await connection.answer())).toEqual(['NAME_UNKNOWN']);
  });

  it('in a chunked body ends the request with 400 and stores nothing', async () => {
    const { app } = registryApp();
    const connection = await rawConnection(app);
    await connection.write(head('PUT /v2/a/manifests/v1', { 'Transfer-Encoding': 'chunked' }));
    await connection.write(
      `${imageManifest().bytes.byteLength.toString(16)}\r\n${imageManifest().bytes}\r\nnot-hex\r\n`,
    );
    const answer = await connection.answer();
    expect(answer.status).toBe(400);
    expect(codesOf(answer)).toEqual(['UNSUPPORTED']);
    expect((await app.inject('/v2/a/manifests/v1')).statusCode).toBe(404);
  });
});
