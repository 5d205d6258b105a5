// The pool of the fallback sender: buffers are shared between downloads and never while one still sends from them.
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PooledSender } from '../../../src/http/pooled-sender.ts';
import type { BlobContent } from '../../../src/registry/blobs.ts';

const mebibyte = 1024 * 1024;

/** Every byte of download `at` is `at`: a byte of another one would show. */
function contentOf(at: number, size: number, failsAt = size): BlobContent {
  return {
    info: { size } as BlobContent['info'],
    fileDescriptor: undefined,
    inMemory: undefined,
    readInto: async (target, from) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (from >= failsAt) throw new Error('the disk is gone');
      return target.fill(at).byteLength;
    },
    close: async () => {},
  };
}

async function serve(contents: readonly BlobContent[]) {
  const sender = new PooledSender();
  const failures: unknown[] = [];
  const server = createServer((request, response) => {
    const content = contents[Number(request.url?.slice(1))];
    if (content === undefined) throw new Error('no such download');
    response.writeHead(200, { 'Content-Length': content.info.size });
    sender.send(response, content, { first: 0, length: content.info.size }).then(
      (isTaken) => isTaken && response.end(),
      (error: unknown) => {
        failures.push(error);
        response.destroy();
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  /** All that came, whether or not it was all. */
  const download = (at: number) =>
    new Promise<Buffer>((resolve, reject) => {
      get({ port, host: '127.0.0.1', path: `/${at}`, agent: false }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('error', () => {}).on('close', () => resolve(Buffer.concat(chunks)));
        // Begins to read late, so that all downloads hold their buffers at the same time.
        setTimeout(() => answer.on('data', (chunk: Buffer) => chunks.push(chunk)), 50);
      }).on('error', reject);
    });
  return { download, failures };
}

describe('PooledSender', () => {
  it('serves more downloads at a time than it has full-sized buffers for', async () => {
    const count = 50;
    const { download } = await serve(Array.from({ length: count }, (_, at) => contentOf(at, 2 * mebibyte + at)));
    const bodies = await Promise.all(Array.from({ length: count }, (_, at) => download(at)));
    for (const [at, body] of bodies.entries()) expect(body.equals(Buffer.alloc(2 * mebibyte + at, at))).toBe(true);
  });

  it('never lets bytes of another download into one whose blob fails', async () => {
    const size = 8 * mebibyte;
    const contents = Array.from({ length: 8 }, (_, at) => contentOf(at, size, at % 2 === 0 ? 3 * mebibyte : size));
    const { download, failures } = await serve(contents);
    const bodies = await Promise.all(contents.map((_, at) => download(at)));
    for (const [at, body] of bodies.entries()) {
      expect(body.equals(Buffer.alloc(body.byteLength, at))).toBe(true);
      if (at % 2 === 0) expect(body.byteLength).toBeLessThanOrEqual(3 * mebibyte);
      else expect(body.byteLength).toBe(size);
    }
    expect(failures).toHaveLength(4);
  });
});
