// A client that lost its server goes on with another one on the same root, while the first still writes what it had received.
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { scratchDirectory, startMoorage } from '../e2e/moorage-process.ts';

const size = 4_000_000;

async function uploadedBytes(url: string, location: string): Promise<number> {
  const answer = await fetch(`${url}${location}`);
  expect(answer.status).toBe(204);
  const last = Number(/^0-(\d+)$/.exec(answer.headers.get('range') ?? '')?.[1]);
  return last === 0 ? 0 : last + 1;
}

it.each([1, 2, 3, 4, 5])(
  'an upload taken over by a second server while the first still writes never yields a wrong blob (%i)',
  async () => {
    const root = await scratchDirectory();
    const servers = await Promise.all([0, 1].map(() => startMoorage(['--root', root, '--listen', '127.0.0.1:0'])));
    const [first, second] = await Promise.all(servers.map(async (server) => (await server.ready()).url));
    const body = randomBytes(size);
    const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
    const started = await fetch(`${first}/v2/team/app/blobs/uploads/`, { method: 'POST' });
    const location = started.headers.get('location') ?? '';

    // The first server keeps receiving, and keeps writing, wrong bytes of a client that is not there any more.
    const old = request(`${first}${location}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/octet-stream' },
    });
    const closed = new Promise((resolve) => old.on('error', () => {}).on('close', resolve));
    old.write(body.subarray(0, 1_000_000));
    let writing = true;
    const oldClient = (async () => {
      await sleep(100);
      while (writing && !old.destroyed) {
        old.write(randomBytes(50_000));
        await sleep(5);
      }
      old.destroy();
    })();

    await sleep(150);
    let status = 0;
    for (let attempt = 0; attempt < 50 && status !== 201; attempt += 1) {
      const from = Math.min(await uploadedBytes(second ?? '', location), size);
      const answer = await fetch(`${second}${location}?digest=${digest}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/octet-stream', 'content-range': `${from}-${size - 1}` },
        body: body.subarray(from),
      });
      await answer.arrayBuffer();
      status = answer.status;
      if (status === 400) break; // Foreign bytes got in between: refused, which is right.
      await sleep(10);
    }
    await sleep(100);
    writing = false;
    await Promise.all([oldClient, closed]);
    expect([201, 400, 416]).toContain(status);
    const directory = `${root}/team/app/blobs/sha256`;
    const files = await readdir(directory).catch(() => []);
    expect(files).toEqual(status === 201 ? [digest.slice(7)] : []);
    for (const file of files) {
      expect(
        createHash('sha256')
          .update(await readFile(`${directory}/${file}`))
          .digest('hex'),
      ).toBe(file);
    }
  },
  600_000,
);
