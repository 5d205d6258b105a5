// Events as an operator has them: a server, an endpoint that is away, hangs, or refuses, and `moorage events`.

import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { imageManifest } from '../support/content.ts';
import { writeLayout } from '../support/fixture-layouts.ts';
import { type MoorageProcess, runMoorage, scratchDirectory, startMoorage } from './moorage-process.ts';

const image = imageManifest({ layers: [] });

interface Endpoint {
  readonly port: number;
  /** `type subject` of each CloudEvent that was taken. */
  readonly taken: string[];
  answer: (response: ServerResponse, type: string) => void;
  close(): void;
}

async function endpoint(port = 0): Promise<Endpoint> {
  const taken: string[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const { type, subject } = JSON.parse(Buffer.concat(pieces).toString()) as { type: string; subject: string };
    taken.push(`${type.replace('io.moorage.', '')} ${subject.slice(0, 10)}`);
    opened.answer(response, type);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  onTestFinished(close);
  const opened: Endpoint = {
    port: (server.address() as AddressInfo).port,
    taken,
    answer: (response) => response.end(),
    close,
  };
  return opened;
}

async function site(port: number, workers: number, others = '') {
  const directory = await scratchDirectory();
  writeFileSync(
    join(directory, 'moorage.yaml'),
    `events:\n  - name: ci\n    url: http://127.0.0.1:${port}/\n    types: [push, tag]\n${others}`,
  );
  const start = () =>
    startMoorage(['--config', 'moorage.yaml', '--root', 'registry', '--listen', '127.0.0.1:0'], {
      directory,
      environment: { MOORAGE_SERVER_WORKERS: String(workers) },
    });
  const run = (...args: string[]) =>
    runMoorage([...args, '--config', 'moorage.yaml', '--root', 'registry'], { directory });
  return { directory, start, run };
}

function stopped(server: MoorageProcess) {
  server.signal('SIGTERM');
  return server.exited;
}

async function push(url: string, tag: string): Promise<void> {
  const headers = { 'Content-Type': image.descriptor.mediaType };
  const body = new Uint8Array(image.bytes);
  expect((await fetch(`${url}/v2/team/app/manifests/${tag}`, { method: 'PUT', headers, body })).status).toBe(201);
}

const pushed = `manifest.pushed ${image.digest.slice(0, 10)}`;

describe('an endpoint', () => {
  it.each([1, 2])(
    'that was away is told by the next server what it missed, also by commands; %i workers',
    {
      timeout: 120_000,
    },
    async (workers) => {
      const away = await endpoint();
      away.close();
      const { start, run, directory } = await site(away.port, workers);
      const server = await start();
      const { url } = await server.ready();
      await push(url, 'v1');
      await stopped(server);
      writeLayout(join(directory, 'other'), 'recorded/oras/tagged');
      expect((await run('import', './other', 'team/imported')).code).toBe(0);
      const listed = await run('events');
      expect(listed.stdout).toMatch(/^ci +[2-9] +0$/m);
      expect(listed.code).toBe(0);
      const back = await endpoint(away.port);
      const next = await start();
      await next.ready();
      await expect.poll(() => back.taken.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(4);
      expect(back.taken.slice(0, 3)).toEqual([pushed, 'tag.moved v1', expect.stringMatching(/^manifest.pushed/)]);
      await stopped(next);
      expect((await run('events', '--json')).stdout).toContain('"waiting": 0');
    },
  );

  it('that hangs holds up no push and no stop', { timeout: 120_000 }, async () => {
    const hanging = await endpoint();
    hanging.answer = () => {};
    const { start } = await site(hanging.port, 1, '    timeout: 30s\n');
    const server = await start();
    const { url } = await server.ready();
    await push(url, 'v1');
    await expect.poll(() => hanging.taken.length).toBe(1);
    for (const tag of ['v2', 'v3', 'v4']) await push(url, tag);
    expect((await stopped(server)).code).toBe(0);
  });

  it('that refuses one leaves a dead letter, which is sent again when somebody says so', {
    timeout: 120_000,
  }, async () => {
    const picky = await endpoint();
    picky.answer = (response, type) => {
      response.statusCode = type.endsWith('.pushed') ? 422 : 200;
      response.end();
    };
    const { start, run } = await site(picky.port, 1);
    const server = await start();
    const { url } = await server.ready();
    await push(url, 'v1');
    await expect.poll(() => picky.taken).toEqual([pushed, 'tag.moved v1']);
    await expect.poll(async () => (await run('events')).code, { timeout: 20_000 }).toBe(1);
    const { stdout } = await run('events');
    expect(stdout).toContain('it answers 422');
    expect(stdout).toContain(`team/app@${image.digest.slice(0, 12)}`);
    expect(JSON.parse((await run('events', '--json', 'ci')).stdout)).toMatchObject({
      endpoints: [
        { endpoint: 'ci', waiting: 0, dead: [{ type: 'push', repository: 'team/app', why: 'it answers 422' }] },
      ],
    });
    picky.answer = (response) => response.end();
    expect(await run('events', '--retry')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('put on the queue again'),
    });
    await expect.poll(() => picky.taken, { timeout: 20_000 }).toEqual([pushed, 'tag.moved v1', pushed]);
    await expect.poll(async () => (await run('events')).code, { timeout: 20_000 }).toBe(0);
  });
});

describe('wrong words', () => {
  it('are refused in one line', { timeout: 60_000 }, async () => {
    const { run, directory } = await site(9, 1, '    secretFile: absent\n');
    expect(await run('events', '--retry', '--forget')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--forget: is the opposite of --retry; choose one'),
    });
    expect((await run('events')).stderr).toContain('there is no registry here; name a directory');
    const server = await startMoorage(['--config', 'moorage.yaml', '--root', 'registry', '--listen', '127.0.0.1:0'], {
      directory,
    });
    const ended = await server.exited;
    expect([ended.code, ended.stderr]).toEqual([
      2,
      expect.stringContaining('events: cannot use absent of the endpoint ci: there is no such file'),
    ]);
  });
});
