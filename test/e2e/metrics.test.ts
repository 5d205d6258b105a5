// Metrics of real processes: numbers that a scrape shows after pushes and pulls, of one process and of several, and who may see them.
import { once } from 'node:events';
import { statfsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { describe, expect, it } from 'vitest';
import { imageManifest } from '../support/content.ts';
import { parseExposition, type Scrape } from '../support/exposition.ts';
import { type MoorageProcess, scratchDirectory, startMoorage } from './moorage-process.ts';
import { startWorkers, until, workersOf } from './worker-processes.ts';

const timeout = 600_000;
const args = ['serve', '--root', 'registry', '--port', '0'];
const count = 'moorage_http_request_duration_seconds_count';
const manifests = '/v2/:name/manifests/:reference';
const image = imageManifest();

interface Answer {
  readonly status: number | undefined;
  readonly text: string;
}

/** On a connection of its own, which one worker or another gets. */
function ask(url: string, headers: Readonly<Record<string, string>> = {}, patienceMs = 60_000): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: new Agent(), headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.once('end', () => resolve({ status: response.statusCode, text }));
    });
    request.setTimeout(patienceMs, () => request.destroy(new Error('no answer')));
    request.once('error', reject);
  });
}

async function scrape(url: string, headers?: Readonly<Record<string, string>>): Promise<Scrape> {
  const { status, text } = await ask(`${url}/metrics`, headers);
  expect(status).toBe(200);
  return parseExposition(text);
}

async function pushImage(url: string, name: string): Promise<void> {
  for (const { bytes, digest } of [image.config, ...image.layers]) {
    const begun = await fetch(`${url}/v2/${name}/blobs/uploads/`, { method: 'POST' });
    const location = new URL(begun.headers.get('location') ?? '', url);
    location.searchParams.set('digest', digest);
    expect((await fetch(location, { method: 'PUT', body: new Uint8Array(bytes) })).status).toBe(201);
  }
  const headers = { 'content-type': image.descriptor.mediaType };
  const body = new Uint8Array(image.bytes);
  expect((await fetch(`${url}/v2/${name}/manifests/v1`, { method: 'PUT', headers, body })).status).toBe(201);
}

/** One that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Where the log says that metrics are served. */
async function metricsUrlOf(moorage: MoorageProcess): Promise<string> {
  await moorage.says(/metrics are served/);
  const line = moorage.stderr.split('\n').find((each) => each.includes('metrics are served')) ?? '';
  const { host, port } = JSON.parse(line) as { host: string; port: number };
  return `http://${host}:${port}`;
}

describe('a scrape', () => {
  it('shows what was pushed and pulled', { timeout }, async () => {
    const directory = await scratchDirectory();
    const server = await startMoorage(args, { directory, environment: { MOORAGE_METRICS_REPOSITORIES: 'true' } });
    const { url } = await server.ready();
    await pushImage(url, 'team/app');
    for (let at = 0; at < 5; at += 1) await ask(`${url}/v2/team/app/manifests/v1`);
    await ask(`${url}/v2/team/app/manifests/nix`);
    await ask(`${url}/v2/library/os/manifests/v1?ns=docker.io`);
    await ask(`${url}/nowhere/at/all`);
    const found = await scrape(url);
    const requests = (method: string, route: string, status: string) => found.valueOf(count, { method, route, status });
    expect(requests('GET', manifests, '200')).toBe(5);
    expect(requests('GET', manifests, '404')).toBe(2);
    expect(requests('PUT', manifests, '201')).toBe(1);
    expect(requests('PUT', '/v2/:name/blobs/uploads/:id', '201')).toBe(2);
    expect(requests('GET', 'unknown', '404')).toBe(1);
    const pushed = [image.config, ...image.layers].reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    const uploads = { method: 'PUT', route: '/v2/:name/blobs/uploads/:id' };
    expect(found.valueOf('moorage_http_request_bytes_total', uploads)).toBe(pushed);
    const pulled = found.valueOf('moorage_http_response_bytes_total', { method: 'GET', route: manifests });
    expect(pulled).toBeGreaterThan(5 * image.bytes.byteLength);
    expect(found.valueOf('moorage_index_rewrites_total')).toBe(1);
    expect(found.valueOf('moorage_index_batch_edits_sum')).toBe(1);
    expect(found.valueOf('moorage_fsync_seconds_count')).toBeGreaterThan(2);
    expect(found.valueOf('moorage_lock_wait_seconds_count')).toBeGreaterThan(0);
    expect(found.valueOf('moorage_mirror_requests_total', { status: '404' })).toBe(1);
    expect(found.valueOf('moorage_uploads_open', { mount: '/' })).toBe(0);
    const { bsize, blocks } = statfsSync(directory);
    expect(found.valueOf('moorage_disk_total_bytes', { mount: '/' })).toBe(bsize * blocks);
    expect(found.valueOf('moorage_workers')).toBe(1);
    expect(found.valueOf('moorage_workers_silent')).toBe(0);
    expect(found.valueOf('moorage_build_info', { node: process.versions.node })).toBe(1);
    expect(found.valueOf('process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
    expect(found.valueOf('moorage_repository_requests_total', { repository: 'team/app', method: 'GET' })).toBe(5);
    expect(JSON.stringify(found.series)).not.toMatch(/nowhere|nix|docker\.io/);
    const head = await fetch(`${url}/metrics`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('is no endpoint where nothing is counted, in the envelope of the spec', { timeout }, async () => {
    const server = await startMoorage(args, { environment: { MOORAGE_METRICS_ENABLED: 'false' } });
    const { url } = await server.ready();
    const { status, text } = await ask(`${url}/metrics`);
    expect([status, JSON.parse(text)]).toMatchObject([404, { errors: [{ code: 'UNSUPPORTED' }] }]);
  });
});

describe('several workers', () => {
  it('are one server: whichever is asked tells the sum of all', { timeout }, async () => {
    const { ready } = await startWorkers(2);
    const { url } = ready;
    await pushImage(url, 'team/app');
    for (let at = 0; at < 30; at += 1) await ask(`${url}/v2/team/app/manifests/v1`);
    const free: (number | undefined)[] = [];
    for (let at = 0; at < 6; at += 1) {
      const found = await scrape(url);
      expect(found.valueOf(count, { method: 'GET', route: manifests, status: '200' })).toBe(30);
      expect(found.valueOf('moorage_index_rewrites_total')).toBe(1);
      expect(found.valueOf('moorage_workers')).toBe(2);
      expect(found.valueOf('moorage_workers_silent')).toBe(0);
      expect(found.valueOf('moorage_build_info')).toBe(1);
      free.push(found.valueOf('moorage_disk_free_bytes'));
      expect(found.valueOf('moorage_disk_total_bytes')).toBeGreaterThan(found.valueOf('moorage_disk_free_bytes') ?? 0);
    }
    expect(free.every((bytes) => bytes !== undefined && bytes > 0)).toBe(true);
  });

  it('that stand still are left out, and counted', { timeout }, async () => {
    const { moorage, ready } = await startWorkers(2);
    const [still = 0] = await workersOf(moorage);
    process.kill(still, 'SIGSTOP');
    try {
      let silent: number | undefined;
      await until(async () => {
        // A connection that the one which stands still was handed is answered by nobody.
        const answer = await ask(`${ready.url}/metrics`, {}, 4_000).catch(() => undefined);
        silent = answer && parseExposition(answer.text).valueOf('moorage_workers_silent');
        return silent === 1;
      });
      expect(silent).toBe(1);
    } finally {
      process.kill(still, 'SIGCONT');
    }
  });
});

describe('with users', () => {
  const access = JSON.stringify([
    { repositories: '**', who: 'anna', may: 'pull' },
    { repositories: 'public/*', who: 'prometheus', may: 'metrics' },
  ]);

  async function site() {
    const directory = await scratchDirectory();
    const users = ['anna', 'prometheus'].map((name) => `${name}:${hashSync(`${name}-secret`, 4)}\n`);
    await writeFile(join(directory, 'users'), users.join(''));
    return { directory, environment: { MOORAGE_AUTH_HTPASSWD: 'users', MOORAGE_ACCESS: access } };
  }
  const basic = (name: string) => ({
    authorization: `Basic ${Buffer.from(`${name}:${name}-secret`).toString('base64')}`,
  });

  it('it is for who has the right', { timeout }, async () => {
    const server = await startMoorage(args, await site());
    const { url } = await server.ready();
    expect((await ask(`${url}/metrics`)).status).toBe(401);
    expect((await ask(`${url}/metrics`, basic('anna'))).status).toBe(403);
    const found = await scrape(url, basic('prometheus'));
    expect(found.valueOf(count, { route: '/metrics', status: '401' })).toBe(1);
    expect((await ask(`${url}/v2/public/x/tags/list`, basic('prometheus'))).status).toBe(403);
  });

  it('a listener on the loopback asks nobody, one that others reach does; neither has anything else', {
    timeout,
  }, async () => {
    const { directory, environment } = await site();
    for (const host of ['127.0.0.1', '0.0.0.0']) {
      const own = { ...environment, MOORAGE_METRICS_LISTEN: `${host}:0` };
      const server = await startMoorage(args, { directory, environment: own });
      const { url } = await server.ready();
      const metrics = (await metricsUrlOf(server)).replace('0.0.0.0', '127.0.0.1');
      expect((await ask(`${metrics}/metrics`)).status).toBe(host === '127.0.0.1' ? 200 : 401);
      expect((await scrape(metrics, basic('prometheus'))).valueOf('moorage_workers')).toBe(1);
      expect((await ask(`${metrics}/v2/`, basic('anna'))).status).toBe(404);
      expect((await ask(`${url}/metrics`, basic('prometheus'))).status).toBe(404);
      server.signal('SIGTERM');
      expect(await server.exited).toMatchObject({ code: 0 });
    }
  });
});

describe('a listener of its own', () => {
  it('tells of all workers, and is there again when the one that has it is replaced', { timeout }, async () => {
    const port = await freePort();
    const metrics = `http://127.0.0.1:${port}`;
    const { moorage, ready } = await startWorkers(2, { environment: { MOORAGE_METRICS_LISTEN: `127.0.0.1:${port}` } });
    for (let at = 0; at < 10; at += 1) await ask(`${ready.url}/v2/`);
    expect((await scrape(metrics)).valueOf(count, { route: '/v2/', status: '200' })).toBe(10);
    expect((await ask(`${ready.url}/metrics`)).status).toBe(404);
    for (const pid of await workersOf(moorage)) process.kill(pid, 'SIGKILL');
    await until(async () => (await ask(`${metrics}/metrics`).catch(() => undefined))?.status === 200);
  });

  it('that cannot be had is told by its setting', { timeout }, async () => {
    const first = await startMoorage(args);
    const { port } = await first.ready();
    const environment = { MOORAGE_METRICS_LISTEN: `127.0.0.1:${port}` };
    const { code, stderr } = await (await startMoorage(args, { environment })).exited;
    expect(code).toBe(1);
    expect(stderr).toContain(`cannot listen on 127.0.0.1:${port}`);
    expect(stderr).toContain('metrics.listen');
  });
});

it('says how long answers took where that is wanted', { timeout }, async () => {
  const server = await startMoorage(args, { environment: { MOORAGE_SERVER_TIMING: 'true' } });
  const { url } = await server.ready();
  expect((await fetch(`${url}/v2/`)).headers.get('server-timing')).toMatch(/^gate;dur=.*total;dur=[\d.]+$/);
});
