// Large blobs on real sockets, by both ways of sending: every byte right, whatever the client does, and nothing left open.
import { randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync } from 'node:fs';
import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type BlobSender, TruncatedBlobError } from '../../src/http/blob-sender.ts';
import { PooledSender } from '../../src/http/pooled-sender.ts';
import { loadSendfileCalls } from '../../src/http/sendfile-calls.ts';
import { SendfileSender } from '../../src/http/sendfile-sender.ts';
import { encodedOf } from '../../src/oci/digest.ts';
import { imageManifest, pushBlob, pushImage } from './support/content.ts';
import { diskApp } from './support/disk-app.ts';
import { head, rawConnection } from './support/raw-connection.ts';

const mebibyte = 1024 * 1024;
const calls = loadSendfileCalls();

const senders: [string, (() => BlobSender) | undefined][] = [
  ['reads and writes', () => new PooledSender()],
  ['sendfile', calls && (() => new SendfileSender(calls, new PooledSender()))],
];

/** Files that this process has open below a directory. */
function openFiles(directory: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${descriptor}`);
      return path.startsWith(directory) ? [path] : [];
    } catch {
      // Closed since it was listed.
      return [];
    }
  });
}

describe.each(senders)('a download by %s', (_name, makeSender) => {
  const test = it.skipIf(makeSender === undefined);
  const start = async (size: number, settings = {}) => {
    const sender = makeSender?.() ?? new PooledSender();
    const disk = await diskApp({ sender, settings });
    const bytes = randomBytes(size);
    const digest = await pushBlob(disk.app, 'a', bytes);
    return {
      ...disk,
      bytes,
      digest,
      url: `/v2/a/blobs/${digest}`,
      file: join(disk.directory, 'a/blobs/sha256', encodedOf(digest)),
    };
  };

  test.each([65_536, 65_537, mebibyte - 1, mebibyte + 4096, 5 * mebibyte + 1, 20 * mebibyte])(
    'brings all %i bytes, and the connection goes on',
    async (size) => {
      const { app, bytes, url, directory } = await start(size);
      const connection = await rawConnection(app);
      for (let round = 0; round < 3; round += 1) {
        await connection.write(head(`GET ${url}`));
        const answer = await connection.answer();
        expect(answer.status).toBe(200);
        expect(Buffer.from(answer.body, 'latin1').equals(bytes)).toBe(true);
      }
      await expect.poll(() => openFiles(directory)).toEqual([]);
    },
  );

  test('brings exactly the range that was asked for', async () => {
    const { app, bytes, url } = await start(4 * mebibyte);
    const connection = await rawConnection(app);
    for (const [first, last] of [
      [0, 65_536],
      [1, 4 * mebibyte - 1],
      [4095, 4095 + 65_537],
      [mebibyte, 3 * mebibyte],
      [4 * mebibyte - 65_537, 4 * mebibyte - 1],
    ] as const) {
      await connection.write(head(`GET ${url}`, { Range: `bytes=${first}-${last}` }));
      const answer = await connection.answer();
      expect(answer.status).toBe(206);
      expect(Buffer.from(answer.body, 'latin1').equals(bytes.subarray(first, last + 1))).toBe(true);
    }
  });

  test('brings several ranges, small and large, one after the other', async () => {
    const { app, bytes, url, directory } = await start(8 * mebibyte);
    const connection = await rawConnection(app);
    const ranges = [
      [7 * mebibyte, 8 * mebibyte - 1],
      [0, 0],
      [1, 3 * mebibyte],
      [5 * mebibyte, 5 * mebibyte + 65_535],
      [6 * mebibyte, 6 * mebibyte + 65_536],
    ] as const;
    const range = `bytes=${ranges.map(([first, last]) => `${first}-${last}`).join()}`;
    for (let round = 0; round < 3; round += 1) {
      await connection.write(head(`GET ${url}`, { Range: range }));
      const { status, headers, body } = await connection.answer();
      expect(status).toBe(206);
      const delimiter = `--${headers['content-type']?.split('boundary=')[1]}`;
      const parts = `\r\n${body}`.split(`\r\n${delimiter}`);
      expect(parts.length).toBe(ranges.length + 2);
      expect([parts[0], parts.at(-1)]).toEqual(['', '--\r\n']);
      for (const [at, [first, last]] of ranges.entries()) {
        const content = parts[at + 1]?.split('\r\n\r\n').slice(1).join('\r\n\r\n') ?? '';
        expect(Buffer.from(content, 'latin1').equals(bytes.subarray(first, last + 1))).toBe(true);
      }
    }
    await expect.poll(() => openFiles(directory)).toEqual([]);
  });

  test('of several ranges stops when the client leaves, and leaves nothing open', async () => {
    const { app, url, directory, failures } = await start(16 * mebibyte);
    const ranges = Array.from({ length: 8 }, (_, at) => `${2 * at * mebibyte}-${(2 * at + 1) * mebibyte}`).join();
    const leaving = Array.from({ length: 10 }, async () => {
      const connection = await rawConnection(app);
      await connection.write(head(`GET ${url}`, { Range: `bytes=${ranges}` }));
      await new Promise((resolve) => connection.socket.once('data', resolve));
      connection.socket.resetAndDestroy();
    });
    await Promise.all(leaving);
    await expect.poll(() => openFiles(directory), { timeout: 60_000 }).toEqual([]);
    expect(failures).toEqual([]);
  });

  test('waits for a slow reader', async () => {
    const { app, bytes, url } = await start(20 * mebibyte);
    const connection = await rawConnection(app);
    await connection.write(head(`GET ${url}`));
    for (let round = 0; round < 20; round += 1) {
      connection.socket.pause();
      await new Promise((resolve) => setTimeout(resolve, 5));
      connection.socket.resume();
      await new Promise((resolve) => connection.socket.once('data', resolve));
    }
    expect(Buffer.from((await connection.answer()).body, 'latin1').equals(bytes)).toBe(true);
  });

  test('answers pipelined requests in their order', async () => {
    const { app, bytes, url } = await start(3 * mebibyte);
    await pushImage(app, 'a', 'v1', imageManifest());
    const connection = await rawConnection(app);
    const requests = [url, '/v2/a/manifests/v1', url, url, '/v2/'];
    await connection.write(requests.map((each) => head(`GET ${each}`)).join(''));
    for (const each of requests) {
      const { status, body } = await connection.answer();
      expect(status).toBe(200);
      if (each === url) expect(Buffer.from(body, 'latin1').equals(bytes)).toBe(true);
    }
  });

  test('of clients that leave in the middle leaves nothing open, and others get every byte', async () => {
    const { app, bytes, url, directory, failures } = await start(8 * mebibyte);
    const leaving = Array.from({ length: 40 }, async (_, at) => {
      const connection = await rawConnection(app);
      // Some ask twice, so that an answer still waits for the connection when it goes.
      await connection.write(head(`GET ${url}`).repeat(1 + (at % 3)));
      await new Promise((resolve) => connection.socket.once('data', resolve));
      if (at % 2 === 0) connection.socket.resetAndDestroy();
      else connection.socket.destroy();
    });
    const staying = Array.from({ length: 4 }, async () => {
      const connection = await rawConnection(app);
      await connection.write(head(`GET ${url}`));
      return Buffer.from((await connection.answer()).body, 'latin1').equals(bytes);
    });
    await Promise.all(leaving);
    expect(await Promise.all(staying)).toEqual([true, true, true, true]);
    await expect.poll(() => openFiles(directory), { timeout: 60_000 }).toEqual([]);
    expect(failures).toEqual([]);
  });

  test('of a blob that is cut under us breaks off, and is logged', async () => {
    const { app, url, file, directory, failures } = await start(20 * mebibyte);
    const connection = await rawConnection(app);
    await connection.write(head(`GET ${url}`));
    await new Promise((resolve) => connection.socket.once('data', resolve));
    connection.socket.pause();
    await truncate(file, mebibyte);
    connection.socket.resume();
    await expect(connection.answer()).rejects.toThrow('the connection ended within an answer');
    expect(failures).toEqual([expect.any(TruncatedBlobError)]);
    await expect.poll(() => openFiles(directory)).toEqual([]);
    expect((await app.inject('/v2/')).statusCode).toBe(200);
  });

  test('to a client that never reads is closed in the end', async () => {
    const { app, url, directory } = await start(64 * mebibyte, { stallTimeoutMs: 200 });
    const connection = await rawConnection(app);
    connection.socket.pause();
    await connection.write(head(`GET ${url}`));
    await expect.poll(() => openFiles(directory).length).toBe(1);
    await expect.poll(() => openFiles(directory), { timeout: 60_000 }).toEqual([]);
    connection.socket.resume();
    await connection.closed();
  });
});

describe('sendfile', () => {
  const works = { sendfile: () => 0, seek: () => 0, errno: { again: 11, interrupted: 4, brokenPipe: 32, reset: 104 } };

  it.each([
    ['is not supported by the file system', () => -22],
    ['is interrupted and then not supported', interruptedThen(-22)],
  ])('that %s leaves the rest to reads and writes', async (_what, sendfile) => {
    const sender = new SendfileSender({ ...works, sendfile }, new PooledSender());
    const { app } = await diskApp({ sender });
    const bytes = randomBytes(3 * mebibyte);
    const digest = await pushBlob(app, 'a', bytes);
    const connection = await rawConnection(app);
    await connection.write(head(`GET /v2/a/blobs/${digest}`));
    expect(Buffer.from((await connection.answer()).body, 'latin1').equals(bytes)).toBe(true);
  });

  it('whose connection is always full still makes progress', async () => {
    const sender = new SendfileSender({ ...works, sendfile: () => -11 }, new PooledSender());
    const { app } = await diskApp({ sender });
    const bytes = randomBytes(100_000);
    const digest = await pushBlob(app, 'a', bytes);
    const connection = await rawConnection(app);
    await connection.write(head(`GET /v2/a/blobs/${digest}`));
    expect(Buffer.from((await connection.answer()).body, 'latin1').equals(bytes)).toBe(true);
  });

  it.each([-32, -104])('that finds the client gone (%i) just stops', async (result) => {
    const sender = new SendfileSender({ ...works, sendfile: () => result }, new PooledSender());
    const { app, directory, failures } = await diskApp({ sender });
    const digest = await pushBlob(app, 'a', randomBytes(100_000));
    const connection = await rawConnection(app);
    await connection.write(head(`GET /v2/a/blobs/${digest}`));
    await expect.poll(() => openFiles(directory)).toEqual([]);
    expect(failures).toEqual([]);
    connection.socket.destroy();
  });

  it('is left alone where it does not exist', () => {
    expect(loadSendfileCalls('darwin')).toBeUndefined();
    expect(loadSendfileCalls('win32')).toBeUndefined();
  });
});

function interruptedThen(result: number): () => number {
  let called = 0;
  return () => {
    called += 1;
    return called === 1 ? -4 : result;
  };
}
