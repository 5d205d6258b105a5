// Manifests and blobs of registries that behave, and of those that do not.
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/oci/digest.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { parseReference, parseRepositoryName } from '../../../src/oci/reference.ts';
import { blobOf, imageManifest } from '../../support/content.ts';
import { type Answering, clientOf, fakeServer, refusal } from './fake-registry.ts';

const app = parseRepositoryName('team/app');
const image = imageManifest();
const tag = parseReference('v1');
const byDigest = parseReference(image.digest);

function serving(bytes: Uint8Array, headers: Record<string, string>): Answering {
  return (_request, response) => response.writeHead(200, headers).end(bytes);
}

describe('a manifest', () => {
  it('is asked for in all four types, and known again by its digest', async () => {
    const server = await fakeServer(
      serving(image.bytes, { 'content-type': `${mediaTypes.imageManifest}; charset=utf-8` }),
    );
    const { remote } = clientOf(server);
    const expected = { digest: image.digest, mediaType: mediaTypes.imageManifest, bytes: image.bytes };
    expect(await remote.manifest(app, tag)).toEqual(expected);
    expect(await remote.manifest(app, byDigest)).toEqual(expected);
    expect(server.seen.map(({ url }) => url)).toEqual(['/v2/team/app/manifests/v1']);
    for (const type of ['manifest.v1', 'index.v1', 'manifest.v2', 'manifest.list.v2']) {
      expect(server.seen[0]?.accept).toContain(type);
    }
  });

  it('has the digest of the header, in its algorithm', async () => {
    const digest = digestOf(image.bytes, 'sha512');
    const headers = { 'content-type': mediaTypes.imageManifest, 'docker-content-digest': digest };
    expect((await clientOf(await fakeServer(serving(image.bytes, headers))).remote.manifest(app, tag)).digest).toBe(
      digest,
    );
  });

  it('has the type that it states itself where the server knows none', async () => {
    const server = await fakeServer(serving(image.bytes, { 'content-type': 'application/octet-stream' }));
    expect((await clientOf(server).remote.manifest(app, tag)).mediaType).toBe(mediaTypes.imageManifest);
  });

  it.each([
    ['other than asked for', byDigest, {}],
    ['other than announced', tag, { 'docker-content-digest': image.digest }],
  ])('with bytes %s is refused', async (_what, reference, headers) => {
    const server = await fakeServer(
      serving(Buffer.from('{}'), { 'content-type': mediaTypes.imageManifest, ...headers }),
    );
    await expect(clientOf(server).remote.manifest(app, reference)).rejects.toThrow(`sent for ${image.digest}`);
  });

  it.each([
    ['MANIFEST_UNKNOWN', 'MANIFEST_UNKNOWN'],
    ['NAME_UNKNOWN', 'NAME_UNKNOWN'],
    ['NOT_FOUND', 'MANIFEST_UNKNOWN'],
  ])('that is not there: %s is %s', async (sent, code) => {
    const server = await fakeServer((_request, response) => refusal(response, 404, sent));
    await expect(clientOf(server).remote.manifest(app, tag)).rejects.toMatchObject({ code, status: 404 });
  });
});

describe('what may pass', () => {
  it.each([429, 500, 502, 503, 504])('%s is tried again, after the pause that is asked for', async (status) => {
    let left = 2;
    const server = await fakeServer((request, response) => {
      left -= 1;
      if (left < 0) serving(image.bytes, { 'content-type': mediaTypes.imageManifest })(request, response);
      else response.writeHead(status, left === 1 ? { 'retry-after': '7' } : {}).end('busy');
    });
    const { remote, pauses } = clientOf(server);
    expect((await remote.manifest(app, tag)).digest).toBe(image.digest);
    expect(pauses).toEqual([7000, 1000]);
  });

  it('and does not: what the registry said last', async () => {
    const server = await fakeServer((_request, response) => refusal(response, 429, 'TOOMANYREQUESTS', 'slow down'));
    const { remote, pauses } = clientOf(server);
    await expect(remote.manifest(app, tag)).rejects.toMatchObject({
      code: 'TOOMANYREQUESTS',
      message: expect.stringContaining('slow down'),
    });
    expect(pauses).toHaveLength(3);
    expect(server.seen).toHaveLength(4);
  });

  it('a connection that breaks before or within the answer', async () => {
    let turn = 0;
    const server = await fakeServer((request, response) => {
      turn += 1;
      if (turn === 1) response.destroy();
      else if (turn === 2) {
        response.writeHead(200, { 'content-length': image.bytes.byteLength }).write(image.bytes.subarray(0, 10));
        setImmediate(() => response.destroy());
      } else serving(image.bytes, { 'content-type': mediaTypes.imageManifest })(request, response);
    });
    const { remote, pauses } = clientOf(server);
    expect((await remote.manifest(app, tag)).digest).toBe(image.digest);
    expect(pauses).toHaveLength(2);
  });

  it('a server that says nothing any more', async () => {
    const server = await fakeServer((_request, response) => void response.writeHead(200).write('{'));
    const { remote, pauses } = clientOf(server, { transport: { stallMs: 100 } });
    await expect(remote.manifest(app, tag)).rejects.toThrow(`the registry ${server.host}: no answer, or next to none`);
    expect(pauses).toHaveLength(3);
  });

  it('a server that sends a byte now and then, of a manifest as of a blob', async () => {
    const server = await fakeServer((_request, response) => {
      response.writeHead(200, { 'content-length': 1_000_000 });
      const trickle = setInterval(() => void response.write('x'), 20);
      response.on('close', () => clearInterval(trickle));
    });
    const { remote, pauses } = clientOf(server, { transport: { stallMs: 200, attempts: 2 } });
    const stalled = `the registry ${server.host}: no answer, or next to none, for 0.2 seconds`;
    await expect(remote.manifest(app, tag)).rejects.toThrow(stalled);
    const descriptor = { ...image.descriptor, size: 1_000_000 };
    const chunks = remote.readBlob(app, descriptor, 0)[Symbol.asyncIterator]();
    const all = async () => {
      while ((await chunks.next()).done !== true);
    };
    await expect(all()).rejects.toThrow(server.host);
    expect(pauses).toHaveLength(2);
  });

  it('but nobody there does not pass', async () => {
    const { remote, pauses } = clientOf({ host: '127.0.0.1:9' });
    await expect(remote.manifest(app, tag)).rejects.toThrow('cannot use the registry 127.0.0.1:9:');
    expect(pauses).toEqual([]);
  });
});

describe('a blob', () => {
  const blob = blobOf('0123456789'.repeat(100));
  const descriptor = blob.descriptor;

  async function read(chunks: AsyncIterable<Uint8Array>): Promise<string> {
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    return Buffer.concat(parts).toString();
  }

  /** Answers ranges. */
  const ranged: Answering = ({ range }, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    const headers: Record<string, string> = from === 0 ? {} : { 'content-range': `bytes ${from}-999/1000` };
    response.writeHead(from === 0 ? 200 : 206, headers).end(blob.bytes.subarray(from));
  };

  it('is read from any offset', async () => {
    const server = await fakeServer(ranged);
    const { remote } = clientOf(server);
    expect(await read(remote.readBlob(app, descriptor, 0))).toBe(blob.bytes.toString());
    expect(await read(remote.readBlob(app, descriptor, 995))).toBe('56789');
    expect(await read(remote.readBlob(app, descriptor, 1000))).toBe('');
    expect(server.seen.map(({ url, range }) => [url, range])).toEqual([
      [`/v2/team/app/blobs/${blob.digest}`, undefined],
      [`/v2/team/app/blobs/${blob.digest}`, 'bytes=995-'],
    ]);
  });

  it('is read from any offset where ranges are not known', async () => {
    const { remote } = clientOf(await fakeServer((_request, response) => response.writeHead(200).end(blob.bytes)));
    expect(await read(remote.readBlob(app, descriptor, 995))).toBe('56789');
  });

  it('whose connection breaks is taken up where it broke off', async () => {
    let breaks = 2;
    const server = await fakeServer((request, response) => {
      breaks -= 1;
      if (breaks < 0) return ranged(request, response);
      const from = Number(/^bytes=(\d+)-$/.exec(request.range ?? '')?.[1] ?? 0);
      const headers = { 'content-range': `bytes ${from}-999/1000`, 'content-length': 1000 - from };
      response
        .writeHead(from === 0 ? 200 : 206, headers)
        .write(blob.bytes.subarray(from, from + 300), () => response.destroy());
    });
    const { remote } = clientOf(server);
    expect(await read(remote.readBlob(app, descriptor, 0))).toBe(blob.bytes.toString());
    expect(server.seen.map(({ range }) => range)).toEqual([undefined, 'bytes=300-', 'bytes=600-']);
  });

  it('that always ends too early is given up', async () => {
    const server = await fakeServer(({ range }, response) => {
      if (range === undefined) response.writeHead(200).end(blob.bytes.subarray(0, 10));
      else response.writeHead(206, { 'content-range': 'bytes 10-999/1000' }).end();
    });
    await expect(read(clientOf(server).remote.readBlob(app, descriptor, 0))).rejects.toThrow(
      'sent 10 of the 1000 bytes',
    );
    expect(server.seen).toHaveLength(4);
  });

  it('that is longer than its descriptor says is refused', async () => {
    const { remote } = clientOf(
      await fakeServer((_request, response) => response.writeHead(200).end(`${blob.bytes}x`)),
    );
    await expect(read(remote.readBlob(app, descriptor, 0))).rejects.toThrow('sent more than the 1000 bytes');
  });

  it.each([
    [206, { 'content-range': 'bytes 0-999/1000' }],
    [206, {}],
    [416, { 'content-range': 'bytes */1000' }],
  ])('of another range is refused: %s %j', async (status, headers) => {
    const { remote } = clientOf(await fakeServer((_request, response) => response.writeHead(status, headers).end('x')));
    await expect(read(remote.readBlob(app, descriptor, 995))).rejects.toThrow('no bytes from 995 on');
  });

  it('that is not there: BLOB_UNKNOWN', async () => {
    const { remote } = clientOf(await fakeServer((_request, response) => response.writeHead(404).end()));
    await expect(read(remote.readBlob(app, descriptor, 0))).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
  });

  it('with a digest that is none is not asked for', async () => {
    const server = await fakeServer(ranged);
    const evil = { ...descriptor, digest: '../../token' };
    expect(() => clientOf(server).remote.readBlob(app, evil, 0)).toThrow('not a digest');
    expect(server.seen).toEqual([]);
  });
});
