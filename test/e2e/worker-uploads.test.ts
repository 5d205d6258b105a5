// Uploads of which each request comes over a connection of its own, and so reaches another worker: they are one upload all the same.
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { Agent, type ClientRequest, request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startWorkers, until, workersOf } from './worker-processes.ts';

const digestOf = (content: Buffer) => `sha256:${createHash('sha256').update(content).digest('hex')}`;

interface Answer {
  readonly status: number | undefined;
  readonly location: string;
  readonly range: string | undefined;
}

/** On a connection of its own. */
function ask(
  method: string,
  url: string,
  body?: Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(body.byteLength) };
    const asked = request(url, { method, agent: new Agent(), headers: { ...length, ...headers } }, (response) => {
      response.resume();
      const { location = '', range } = response.headers;
      response.once('end', () => resolve({ status: response.statusCode, location, range: range as string }));
    });
    asked.once('error', reject).end(body);
  });
}

/** A file of the session, as long as it is one: a commit that copies makes another. */
async function inodeOfData(root: string): Promise<string> {
  const [id = ''] = await readdir(join(root, '.moorage', 'uploads'));
  return readFile(join(root, '.moorage', 'uploads', id, 'record.json'), 'utf8');
}

async function prepared(workers: number) {
  const { moorage, ready } = await startWorkers(workers);
  return { moorage, url: ready.url, uploads: `${ready.url}/v2/team/app/blobs/uploads/` };
}

describe.runIf(process.platform === 'linux')('uploads through several workers', () => {
  it.each([2, 3])('in chunks over as many connections are committed without a copy (%i workers)', async (workers) => {
    const { moorage, url, uploads } = await prepared(workers);
    for (const size of [100_000, 3_000_000]) {
      const blob = randomBytes(size);
      const { location } = await ask('POST', uploads);
      const part = Math.ceil(size / 7);
      for (let at = 0; at < size; at += part) {
        const chunk = blob.subarray(at, at + part);
        const range = `${at}-${at + chunk.byteLength - 1}`;
        const answer = await ask('PATCH', `${url}${location}`, chunk, { 'content-range': range });
        expect(answer).toMatchObject({ status: 202, range: `0-${at + chunk.byteLength - 1}` });
        expect(await ask('GET', `${url}${location}`)).toMatchObject({ status: 204, range: answer.range });
      }
      expect(await inodeOfData(join(moorage.directory, 'registry'))).not.toContain('changedOwner');
      expect(await ask('PUT', `${url}${location}?digest=${digestOf(blob)}`)).toMatchObject({ status: 201 });
      const stored = await fetch(`${url}/v2/team/app/blobs/${digestOf(blob)}`);
      expect(digestOf(Buffer.from(await stored.arrayBuffer()))).toBe(digestOf(blob));
    }
  });

  it('are gone for every worker once they are cancelled or finished', async () => {
    const { url, uploads } = await prepared(2);
    const blob = randomBytes(1_000);
    const cancelled = await ask('POST', uploads);
    expect((await ask('DELETE', `${url}${cancelled.location}`)).status).toBe(204);
    const finished = await ask('POST', uploads);
    expect((await ask('PUT', `${url}${finished.location}?digest=${digestOf(blob)}`, blob)).status).toBe(201);
    for (const { location } of [cancelled, finished]) {
      await until(async () => (await ask('GET', `${url}${location}`)).status === 404);
      for (let at = 0; at < 4; at += 1) expect((await ask('GET', `${url}${location}`)).status).toBe(404);
    }
  });

  it('are taken over from a request that hangs, with all that was acknowledged and no byte of it afterwards', async () => {
    const { url, uploads } = await prepared(2);
    const blob = randomBytes(500_000);
    const { location } = await ask('POST', uploads);
    await ask('PATCH', `${url}${location}`, blob.subarray(0, 100_000));
    const hanging: ClientRequest = request(`${url}${location}`, { method: 'PATCH', agent: new Agent() });
    const ended = new Promise((resolve) => hanging.on('error', () => {}).on('close', resolve));
    hanging.on('response', (response) => response.resume());
    hanging.write(randomBytes(50_000));
    const held = async () => /^0-(\d+)$/.exec((await ask('GET', `${url}${location}`)).range ?? '')?.[1];
    const last = Number(await held());
    expect(last).toBeGreaterThanOrEqual(99_999);
    hanging.destroy();
    await ended;
    await ask('DELETE', `${url}${location}`);
  });

  it('go on in another worker when theirs is killed', async () => {
    const { moorage, url, uploads } = await prepared(2);
    const blob = randomBytes(600_000);
    const { location } = await ask('POST', uploads);
    await ask('PATCH', `${url}${location}`, blob.subarray(0, 300_000));
    for (const pid of await workersOf(moorage)) process.kill(pid, 'SIGKILL');
    await until(async () => (await ask('GET', `${url}/v2/`).catch(() => undefined))?.status === 200);
    expect(await ask('GET', `${url}${location}`)).toMatchObject({ status: 204, range: '0-299999' });
    const headers = { 'content-range': '300000-599999' };
    const last = await ask('PUT', `${url}${location}?digest=${digestOf(blob)}`, blob.subarray(300_000), headers);
    expect(last.status).toBe(201);
  });
});
