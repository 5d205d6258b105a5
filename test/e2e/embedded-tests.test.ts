// What a registry inside a test can do for it: go wrong on purpose, tell what it was asked, and be filled.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRegistry, type EmbeddedRegistry, type Fault } from '../../src/index.ts';
import { scratchDirectory } from './moorage-process.ts';

async function listening(): Promise<{ registry: EmbeddedRegistry; url: string }> {
  const registry = await createRegistry();
  onTestFinished(() => registry.close());
  return { registry, url: (await registry.listen()).url };
}

const anything = { headers: { accept: '*/*' } };
const bytesAt = async (url: string) => Buffer.from(await (await fetch(url, anything)).arrayBuffer());

describe('push', () => {
  it('makes an image that can be pulled, the same each time', async () => {
    const { registry, url } = await listening();
    const image = { layers: [{ 'etc/hello': 'hi' }], config: { Cmd: ['run'] }, annotations: { a: 'b' } };
    const pushed = await registry.push('team/app:v1', image);
    expect(await registry.push('team/app:v2', image)).toEqual(pushed);
    const bytes = await bytesAt(`${url}/v2/team/app/manifests/v1`);
    expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(pushed.digest);
    const { layers, config, annotations } = JSON.parse(bytes.toString());
    expect(annotations).toEqual({ a: 'b' });
    const tar = gunzipSync(await bytesAt(`${url}/v2/team/app/blobs/${layers[0].digest}`));
    expect(tar.subarray(0, 9).toString()).toBe('etc/hello');
    expect(JSON.parse((await bytesAt(`${url}/v2/team/app/blobs/${config.digest}`)).toString())).toEqual({
      ...{ os: 'linux', architecture: 'amd64', config: { Cmd: ['run'] } },
      rootfs: { type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(tar).digest('hex')}`] },
    });
  });

  it('makes an index over platforms, and artifacts that are attached', async () => {
    const { registry, url } = await listening();
    const platforms = [{ platform: 'linux/amd64' }, { platform: 'linux/arm64/v8' }];
    const index = await registry.push('team/app:all', { platforms });
    const { manifests } = JSON.parse((await bytesAt(`${url}/v2/team/app/manifests/all`)).toString());
    expect(manifests.map(({ platform }: { platform: object }) => platform)).toEqual([
      { os: 'linux', architecture: 'amd64' },
      { os: 'linux', architecture: 'arm64', variant: 'v8' },
    ]);
    const layers = [Buffer.from('signature')];
    const attached = { subject: index, artifactType: 'application/x-signature', layers, layerType: 'text/plain' };
    const signature = await registry.push('team/app', attached);
    const referrers = JSON.parse((await bytesAt(`${url}/v2/team/app/referrers/${index.digest}`)).toString());
    expect(referrers.manifests).toMatchObject([{ digest: signature.digest, artifactType: 'application/x-signature' }]);
  });

  it.each(['', 'UPPER:v1', 'a:b:c', 'a:v 1', 'a@sha256:0'])('refuses the name "%s"', async (name) => {
    const { registry } = await listening();
    await expect(registry.push(name)).rejects.toThrow(/neither NAME:TAG nor NAME/);
  });
});

describe('seed', () => {
  it('copies what a path holds, under its own names or below one', async () => {
    const directory = await scratchDirectory();
    const one = await createRegistry({ root: join(directory, 'root') });
    const { digest } = await one.push('team/app:v1');
    await one.close();
    const { registry, url } = await listening();
    expect(await registry.seed(join(directory, 'root'))).toEqual([{ repository: 'team/app', tag: 'v1', digest }]);
    expect(await registry.seed(join(directory, 'root', 'team', 'app'), 'copy')).toEqual([
      { repository: 'copy', tag: 'v1', digest },
    ]);
    expect((await fetch(`${url}/v2/copy/manifests/v1`, anything)).headers.get('docker-content-digest')).toBe(digest);
  });

  it('says what is wrong with what it cannot copy', async () => {
    const directory = await scratchDirectory();
    const { registry } = await listening();
    await expect(registry.seed(join(directory, 'nothing'))).rejects.toThrow(/nothing/);
    await mkdir(join(directory, 'empty'));
    await writeFile(join(directory, 'empty', 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    await expect(registry.seed(join(directory, 'empty'))).rejects.toThrow();
  });
});

describe('fault', () => {
  it('answers with a status so many times, after so many that went well', async () => {
    const { registry, url } = await listening();
    await registry.push('team/app:v1');
    const fault = registry.fault({ route: 'manifests', method: 'get', after: 1, times: 2, status: 503 });
    const statuses = [];
    for (let at = 0; at < 4; at += 1) statuses.push((await fetch(`${url}/v2/team/app/manifests/v1`, anything)).status);
    expect(statuses).toEqual([200, 503, 503, 200]);
    expect(fault.hits).toBe(2);
    expect((await fetch(`${url}/v2/team/app/tags/list`)).status).toBe(200);
  });

  it.each([
    [401, 'UNAUTHORIZED'],
    [403, 'DENIED'],
    [404, 'UNSUPPORTED'],
    [429, 'TOOMANYREQUESTS'],
    [500, 'UNKNOWN'],
  ])('answers %i in the envelope', async (status, code) => {
    const { registry, url } = await listening();
    registry.fault({ status });
    const answer = await fetch(`${url}/v2/`);
    expect([answer.status, ((await answer.json()) as { errors: object[] }).errors]).toEqual([
      status,
      [expect.objectContaining({ code })],
    ]);
  });

  it('is for one repository, tag or digest alone, until it is removed', async () => {
    const { registry, url } = await listening();
    for (const name of ['a:v1', 'a:v2', 'b:v1']) await registry.push(name);
    const statusOf = async (path: string) => (await fetch(`${url}/v2/${path}`, anything)).status;
    const fault = registry.fault({ repository: 'a', reference: 'v1', status: 500 });
    expect([await statusOf('a/manifests/v1'), await statusOf('a/manifests/v2')]).toEqual([500, 200]);
    expect(await statusOf('b/manifests/v1')).toBe(200);
    fault.remove();
    expect(await statusOf('a/manifests/v1')).toBe(200);
  });

  it('keeps a client waiting', async () => {
    const { registry, url } = await listening();
    registry.fault({ delayMs: 300, times: 1 });
    const atMs = performance.now();
    expect((await fetch(`${url}/v2/`)).status).toBe(200);
    expect(performance.now() - atMs).toBeGreaterThan(295);
  });

  it.each([
    ['a small blob', 1_000],
    ['a large one', 3_000_000],
  ])('breaks off or spoils %s', async (_, size) => {
    const { registry, url } = await listening();
    const layer = Buffer.alloc(size, 7);
    await registry.push('team/app:v1', { layers: [layer] });
    const digest = `sha256:${createHash('sha256').update(layer).digest('hex')}`;
    const blob = `${url}/v2/team/app/blobs/${digest}`;
    const spoilt = registry.fault({ route: 'blobs', corruptByteAt: size - 2, times: 1 });
    const bytes = await bytesAt(blob);
    expect([bytes.byteLength, bytes[size - 2], bytes[size - 3], bytes[size - 1]]).toEqual([size, 7 ^ 0xff, 7, 7]);
    expect(spoilt.hits).toBe(1);
    registry.fault({ route: 'blobs', cutAfterBytes: size / 2, times: 1 });
    const [answer] = (await once(request(blob).end(), 'response')) as [NodeJS.ReadableStream];
    let received = 0;
    answer.on('data', (chunk: Buffer) => {
      received += chunk.byteLength;
    });
    await expect(once(answer, 'end')).rejects.toThrow(/aborted/);
    expect(received).toBe(size / 2);
    registry.fault({ route: 'blobs', cutAfterBytes: 0, times: 1 });
    await expect(fetch(blob)).rejects.toThrow();
    expect((await bytesAt(blob)).equals(layer)).toBe(true);
  });

  it('breaks off an upload, which a client then resumes', async () => {
    const { registry, url } = await listening();
    const layer = Buffer.alloc(2_000_000, 7);
    const digest = `sha256:${createHash('sha256').update(layer).digest('hex')}`;
    const begun = await fetch(`${url}/v2/team/app/blobs/uploads/`, { method: 'POST' });
    const location = new URL(begun.headers.get('location') ?? '', url).href;
    registry.fault({ route: 'uploads', method: 'PATCH', cutRequestAfterBytes: 700_000, times: 1 });
    await expect(fetch(location, { method: 'PATCH', body: layer })).rejects.toThrow();
    const range = async () => (await fetch(location)).headers.get('range');
    await expect.poll(range).toBe('0-699999');
    const rest = await fetch(`${location}?digest=${digest}`, { method: 'PUT', body: layer.subarray(700_000) });
    expect(rest.status).toBe(201);
  });

  it('that is misspelled is refused', async () => {
    const { registry } = await listening();
    expect(() => registry.fault({ staus: 500 } as Fault)).toThrow(
      'fault: staus is not an option; did you mean status?',
    );
  });
});

describe('requests', () => {
  it('are what was asked, and how it was answered', async () => {
    const { registry, url } = await listening();
    await registry.push('team/app:v1');
    await (await fetch(`${url}/v2/team/app/manifests/v1`, anything)).arrayBuffer();
    await (await fetch(`${url}/v2/team/app/manifests/v2`, anything)).arrayBuffer();
    await expect
      .poll(() =>
        registry.requests.map(({ method, route, repository, reference, status }) => [
          method,
          route,
          repository,
          reference,
          status,
        ]),
      )
      .toEqual([
        ['GET', 'manifests', 'team/app', 'v1', 200],
        ['GET', 'manifests', 'team/app', 'v2', 404],
      ]);
  });
});

it('is closed by `await using`', async () => {
  const registry = await createRegistry();
  const { url } = await registry.listen();
  await registry[Symbol.asyncDispose]();
  await expect(fetch(url)).rejects.toThrow();
});
