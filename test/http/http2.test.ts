// HTTP/2 over real sockets: every answer as with HTTP/1.1, and what only this protocol has: streams that end while their connection goes on.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type ClientHttp2Stream, constants } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import type { TlsIdentity } from '../../src/http/secure-server.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { makeAuthority } from '../support/certificates.ts';
import { answerOf, Http2Client } from '../support/http2-client.ts';
import { askOverTls, type HttpsAnswer } from '../support/https-client.ts';
import { codesOf } from './support/answers.ts';
import { emptyConfig, imageManifest, pushBlob } from './support/content.ts';
import { diskApp } from './support/disk-app.ts';
import type { RegistryAppOptions } from './support/registry-app.ts';

const authority = await makeAuthority();
const pair = await authority.server();
const context = { cert: pair.certificate, key: pair.key };
const tls: TlsIdentity = { http2: true, clients: undefined, current: () => context };
const ca = authority.certificate;

async function serving({ settings, ...options }: RegistryAppOptions = {}) {
  const disk = await diskApp({ ...options, settings: { tls, ...settings } });
  await disk.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = disk.app.server.address() as AddressInfo;
  return { ...disk, port, client: () => new Http2Client(port, { ca }) };
}

const image = imageManifest();
const octets = { 'content-type': 'application/octet-stream' };

it('is one of two protocols of one port, and the client chooses', async () => {
  const { port, client } = await serving();
  const { status, headers } = await client().ask('/v2/');
  expect({ status, version: headers['docker-distribution-api-version'] }).toEqual({
    status: 200,
    version: 'registry/2.0',
  });
  expect(await askOverTls({ port, ca })).toMatchObject({ status: 200 });
});

it('lets a client send ahead only once it may push', async () => {
  const { client } = await serving();
  const asked = client();
  const window = () => asked.session.remoteSettings.initialWindowSize;
  for (const [path, method] of [
    ['/livez', 'GET'],
    ['/v2/', 'GET'],
    ['/v2/A/blobs/uploads/', 'POST'],
  ] as const) {
    await asked.ask(path, { method });
    expect([path, window()]).toEqual([path, 65_535]);
  }
  await asked.ask('/v2/a/blobs/uploads/', { method: 'POST' });
  await vi.waitFor(() => expect(window()).toBe(4 * 1024 * 1024), { timeout: 60_000 });
  // Said once for a connection.
  let changes = 0;
  asked.session.on('remoteSettings', () => {
    changes += 1;
  });
  await asked.ask('/v2/a/blobs/uploads/', { method: 'POST' });
  expect(changes).toBe(0);
});

it('is not offered where it is off', async () => {
  const { client } = await serving({ settings: { tls: { ...tls, http2: false } } });
  const [error] = await once(client().session, 'error');
  expect(error).toBeInstanceOf(Error);
});

/** However it ends. */
function closed(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => stream.once('close', resolve));
}

/** Without what belongs to a connection, and the time. */
function shown({ status, headers, body }: Pick<HttpsAnswer, 'status' | 'headers' | 'body'>) {
  const { date: _date, ':status': _status, connection: _connection, 'keep-alive': _keepAlive, ...others } = headers;
  return { status, headers: Object.fromEntries(Object.entries(others)), digest: digestOf(body) };
}

describe('answers as HTTP/1.1 does', () => {
  it('to pushes and pulls', async () => {
    const { client, port, lines } = await serving({ isLogged: true });
    const asked = client();
    const started = await asked.ask('/v2/a/b/blobs/uploads/', { method: 'POST' });
    expect(started.status).toBe(202);
    const bytes = randomBytes(3_000_000);
    const location = String(started.headers.location);
    // Without a length, as docker streams them.
    const chunk = await asked.ask(location, { method: 'PATCH', headers: octets, body: bytes });
    expect(chunk).toMatchObject({ status: 202, headers: { range: '0-2999999' } });
    const digest = digestOf(bytes);
    const put = await asked.ask(`${location}?digest=${digest}`, { method: 'PUT', headers: { 'content-length': '0' } });
    expect(put).toMatchObject({ status: 201, headers: { 'content-length': '0', 'docker-content-digest': digest } });
    await asked.ask(`/v2/a/b/blobs/uploads/?digest=${digestOf(emptyConfig)}`, {
      method: 'POST',
      headers: octets,
      body: emptyConfig,
    });
    const type = { 'content-type': mediaTypes.imageManifest };
    expect((await asked.ask('/v2/a/b/manifests/v1', { method: 'PUT', headers: type, body: image.bytes })).status).toBe(
      201,
    );
    for (const path of [
      `/v2/a/b/blobs/${digest}`,
      '/v2/a/b/manifests/v1',
      '/v2/a/b/tags/list',
      '/nothing',
      '/v2/x/manifests/y',
    ]) {
      for (const method of ['GET', 'HEAD']) {
        const one = await asked.ask(path, { method });
        const other = await askOverTls({ port, ca, path, method });
        expect(shown(one)).toEqual(shown(other));
      }
    }
    const patch = lines.find(({ method }) => method === 'PATCH');
    expect(patch).toMatchObject({ status: 202, bytes: 3_000_000, client: '127.0.0.1' });
  });

  it('to ranges, small and large and several', async () => {
    const { app, client } = await serving();
    const bytes = randomBytes(2_000_000);
    const path = `/v2/a/blobs/${await pushBlob(app, 'a', bytes)}`;
    const part = async (range: string) => client().ask(path, { headers: { range } });
    expect(await part('bytes=5-9')).toMatchObject({
      status: 206,
      body: bytes.subarray(5, 10),
      headers: { 'content-length': '5' },
    });
    expect((await part('bytes=10-1999999')).body.equals(bytes.subarray(10))).toBe(true);
    expect((await part('bytes=0-9,100-1500000')).headers['content-type']).toMatch(/^multipart\/byteranges/);
    expect((await part('bytes=9000000-')).status).toBe(416);
  });

  it('to what is no request of it', async () => {
    const { client } = await serving();
    const asked = client();
    const refused = await asked.ask('/v2/A/manifests/x');
    expect(codesOf({ headers: refused.headers, body: refused.body.toString() })).toEqual(['NAME_INVALID']);
    const unknown = await asked.ask('/v2/', {
      method: 'POST',
      headers: { expect: 'miracles' },
      body: Buffer.from('x'),
    });
    expect({
      status: unknown.status,
      codes: codesOf({ headers: unknown.headers, body: unknown.body.toString() }),
    }).toEqual({ status: 417, codes: ['UNSUPPORTED'] });
    const tunnel = asked.session.request({ ':method': 'CONNECT', ':authority': 'localhost:1' });
    expect((await answerOf(tunnel)).status).toBe(405);
    const twoHosts = await asked.ask('/v2/', { headers: { ':authority': 'localhost', host: 'other.example' } });
    expect(codesOf({ headers: twoHosts.headers, body: twoHosts.body.toString() })).toEqual(['UNSUPPORTED']);
    expect(twoHosts.status).toBe(400);
    const foreign = await asked.ask('/v2/', { headers: { ':authority': 'evil.example' } });
    expect(foreign.status).toBe(421);
    expect((await asked.ask('/v2/')).status).toBe(200);
  });

  it('to Expect: told to go on, or refused before the body is sent', async () => {
    const { client, app } = await serving();
    const asked = client();
    const bytes = randomBytes(100_000);
    const headers = { ...octets, expect: '100-continue' };
    const sent = asked.open(`/v2/a/blobs/uploads/?digest=${digestOf(bytes)}`, { method: 'POST', headers });
    await once(sent, 'continue');
    sent.end(bytes);
    expect((await answerOf(sent)).status).toBe(201);
    let isContinued = false;
    const refused = asked.open(`/v2/A/blobs/uploads/?digest=${digestOf(bytes)}`, { method: 'POST', headers });
    refused.once('continue', () => {
      isContinued = true;
    });
    refused.on('error', () => {});
    expect((await answerOf(refused)).status).toBe(400);
    expect(isContinued).toBe(false);
    expect(app.server.listening).toBe(true);
  });
});

describe('a stream', () => {
  it('that is cut is half a body, although what came of it would do', async () => {
    const { client } = await serving();
    const asked = client();
    const upload = `/v2/a/blobs/uploads/?digest=${digestOf(emptyConfig)}`;
    await asked.ask(upload, { method: 'POST', headers: octets, body: emptyConfig });
    const headers = { 'content-type': mediaTypes.imageManifest };
    const short = { ...headers, 'content-length': String(image.bytes.byteLength + 1) };
    const unfinished = asked.open('/v2/a/manifests/short', { method: 'PUT', headers: short });
    unfinished.on('error', () => {}).end(image.bytes);
    await closed(unfinished);
    const cut = client();
    const push = cut.open('/v2/a/manifests/cut', { method: 'PUT', headers });
    push.on('error', () => {}).write(image.bytes);
    // What is answered came after it.
    await cut.ask('/v2/');
    cut.socket.destroy();
    await closed(push);
    for (let times = 0; times < 20; times += 1) {
      for (const tag of ['cut', 'short']) expect((await asked.ask(`/v2/a/manifests/${tag}`)).status).toBe(404);
    }
  });

  it('that breaks off leaves the others of its connection whole', async () => {
    const { client, app } = await serving();
    const asked = client();
    const blobs = Array.from({ length: 6 }, () => randomBytes(5_000_000));
    const paths = await Promise.all(blobs.map(async (bytes) => `/v2/a/blobs/${await pushBlob(app, 'a', bytes)}`));
    const rounds = Array.from({ length: 3 }, async () => {
      const broken = asked.open(paths[0] ?? '', {}, true);
      broken.on('error', () => {});
      await once(broken, 'data');
      broken.close(constants.NGHTTP2_CANCEL);
      const answers = await Promise.all(paths.map((path) => asked.ask(path)));
      expect(answers.map(({ body }, at) => body.equals(blobs[at] ?? Buffer.alloc(0)))).toEqual(paths.map(() => true));
    });
    await Promise.all(rounds);
  });

  it('whose blob cannot be read to its end is reset, so that nothing looks whole', async () => {
    const { client, app } = await serving({
      sender: {
        send: async (response) => {
          response.write(Buffer.alloc(1000));
          throw new Error('the disk is gone');
        },
      },
    });
    const path = `/v2/a/blobs/${await pushBlob(app, 'a', randomBytes(100_000))}`;
    const stream = client().open(path, {}, true);
    const [error] = await once(stream.resume(), 'error');
    expect(error).toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' });
    expect(stream.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
  });

  it('on which no byte moves is closed, and its connection goes on', async () => {
    const { client, app } = await serving({ settings: { stallTimeoutMs: 300 } });
    const asked = client();
    const path = `/v2/a/blobs/${await pushBlob(app, 'a', randomBytes(30_000_000))}`;
    const push = asked.open('/v2/a/manifests/v1', {
      method: 'PUT',
      headers: { 'content-type': mediaTypes.imageManifest },
    });
    const pull = asked.open(path, {}, true);
    for (const stream of [push, pull]) stream.on('error', () => {});
    push.write('{');
    // Nobody reads it, so that the window of the stream is used up.
    pull.pause();
    await vi.waitFor(() => expect([push.closed, pull.closed]).toEqual([true, true]), { timeout: 60_000 });
    expect(push.rstCode).toBe(constants.NGHTTP2_CANCEL);
    expect((await asked.ask('/v2/')).status).toBe(200);
  });

  it('is answered although its body is not read, and the connection goes on', async () => {
    const { client } = await serving();
    const asked = client();
    const body = Buffer.alloc(40_000_000);
    const refused = asked.open('/v2/A/blobs/uploads/?digest=sha256:0', { method: 'POST', headers: octets });
    refused.on('error', () => {});
    refused.write(body);
    const answer = await answerOf(refused);
    expect(answer.status).toBe(400);
    expect((await asked.ask('/v2/')).status).toBe(200);
  });
});

describe('when the server stops', () => {
  it('lets running streams end and tells clients to go', async () => {
    const { client, app } = await serving();
    const asked = client();
    const bytes = randomBytes(200_000);
    const push = asked.open(`/v2/a/blobs/uploads/?digest=${digestOf(bytes)}`, { method: 'POST', headers: octets });
    push.write(bytes.subarray(0, 1000));
    await asked.ask('/v2/');
    const goAway = once(asked.session, 'goaway');
    const closed = app.close();
    await goAway;
    push.end(bytes.subarray(1000));
    expect((await answerOf(push)).status).toBe(201);
    await closed;
  });

  it('cuts what does not end', async () => {
    const { client, app } = await serving();
    const asked = client();
    const push = asked.open('/v2/a/blobs/uploads/?digest=sha256:0', { method: 'PATCH', headers: octets });
    push.on('error', () => {});
    push.write('a');
    await asked.ask('/v2/');
    const closed = app.close();
    app.server.closeAllConnections();
    await closed;
  });
});
