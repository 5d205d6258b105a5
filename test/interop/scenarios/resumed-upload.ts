// A resumed upload: a chunk whose connection is lost half-way, the offset asked for, the rest sent, the blob read back.

import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { expectEqual, expectThat, Unexpected } from '../expect.ts';
import type { Lab, Scenario } from '../lab.ts';
import { type RegistryClient, sha256 } from '../registry-client.ts';

const mebibyte = 1024 * 1024;
const repository = 'interop/http/resumed';

export const resumedUpload: Scenario = async (lab) => {
  await lab.checks.check('http', 'a resumed upload', () => resume(lab, async () => undefined));
  await lab.checks.check('http', 'a resumed upload, server restarted in between', async () => {
    let restarted = false;
    const detail = await resume(lab, async () => {
      restarted = await lab.server.restart();
    });
    return restarted ? detail : `${detail}; the server is not ours to restart`;
  });
};

async function resume({ registry }: Lab, between: () => Promise<void>): Promise<string> {
  const blob = randomBytes(24 * mebibyte);
  const location = await startUpload(registry);
  await appendChunk(registry, location, blob.subarray(0, 8 * mebibyte), 0);
  await loseConnection(registry, location, blob.subarray(8 * mebibyte, 16 * mebibyte), 8 * mebibyte);
  await between();
  const offset = await settledOffset(registry, location);
  expectThat(offset >= 8 * mebibyte, `the first chunk is not kept: offset ${offset}`);
  expectThat(offset <= 16 * mebibyte, `more is kept than was sent: offset ${offset}`);
  await appendChunk(registry, location, blob.subarray(offset), offset);
  const digest = sha256(blob);
  const closing = new URL(location, registry.url('/'));
  closing.searchParams.set('digest', digest);
  const closed = await fetch(closing, { method: 'PUT' });
  expectEqual(closed.status, 201, `PUT that closes the upload (${await closed.text()})`);
  const pulled = await fetch(registry.url(`/v2/${repository}/blobs/${digest}`));
  expectEqual(sha256(Buffer.from(await pulled.arrayBuffer())), digest, 'the blob read back');
  return `resumed at byte ${offset} of ${blob.length}`;
}

async function startUpload(registry: RegistryClient): Promise<string> {
  const response = await fetch(registry.url(`/v2/${repository}/blobs/uploads/`), { method: 'POST' });
  expectEqual(response.status, 202, 'POST that starts the upload');
  return locationOf(response);
}

async function appendChunk(registry: RegistryClient, location: string, bytes: Buffer, at: number): Promise<void> {
  const headers = { 'content-type': 'application/octet-stream', 'content-range': `${at}-${at + bytes.length - 1}` };
  const response = await fetch(new URL(location, registry.url('/')), { method: 'PATCH', headers, body: bytes });
  expectEqual(response.status, 202, `PATCH of bytes ${headers['content-range']} (${await response.text()})`);
  expectEqual(response.headers.get('range'), `0-${at + bytes.length - 1}`, 'Range after the chunk');
}

/** Sends the whole header and two thirds of the body, then cuts the connection. */
async function loseConnection(registry: RegistryClient, location: string, bytes: Buffer, at: number): Promise<void> {
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': bytes.length,
    'content-range': `${at}-${at + bytes.length - 1}`,
  };
  const patch = request(new URL(location, registry.url('/')), { method: 'PATCH', headers });
  const gone = new Promise<void>((resolve) => patch.on('close', resolve));
  // The connection is ours to cut: that it then reports an error is what was asked for.
  patch.on('error', () => undefined);
  const part = bytes.subarray(0, Math.floor((bytes.length * 2) / 3));
  await new Promise<void>((resolve) => patch.write(part, () => resolve()));
  patch.destroy();
  await gone;
}

/** The offset once the server has noticed that the connection is gone: the same answer twice in a row. */
async function settledOffset(registry: RegistryClient, location: string): Promise<number> {
  let last = -1;
  for (let attempt = 0; attempt < 100; attempt++) {
    const response = await fetch(new URL(location, registry.url('/')));
    await response.arrayBuffer();
    expectEqual(response.status, 204, 'GET of the upload');
    const end = /^0-(\d+)$/.exec(response.headers.get('range') ?? '')?.[1];
    const offset = end === undefined ? 0 : Number(end) + 1;
    if (offset === last) return offset;
    last = offset;
    await delay(100);
  }
  throw new Unexpected(`the offset of the upload keeps changing; last seen ${last}`);
}

function locationOf(response: Response): string {
  const location = response.headers.get('location');
  if (location === null) throw new Unexpected('no Location in the answer');
  return location;
}
