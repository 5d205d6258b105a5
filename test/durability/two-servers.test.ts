// Two server processes on one root, clients in processes of their own, and another program that writes index.json in between.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { scratchDirectory, startMoorage } from '../e2e/moorage-process.ts';
import { pushTag } from './content.mjs';
import { LayoutOnDisk, missingOnceAtRest, tagsOf } from './layout-on-disk.ts';

const pusher = fileURLToPath(new URL('tag-pusher.mjs', import.meta.url));
const repository = 'team/app';
const clients = 4;
const tagsEach = 250;

async function startServer(root: string): Promise<string> {
  const moorage = await startMoorage(['--root', root, '--listen', '127.0.0.1:0'], {
    environment: { MOORAGE_LOG_REQUESTS: 'false' },
  });
  return (await moorage.ready()).url;
}

/** Runs a client process to its end; its acknowledged tags. `onTag` is told of each when it is. */
async function runPusher(url: string, prefix: string, onTag: () => void): Promise<readonly string[]> {
  const child = spawn(process.execPath, [pusher, url, repository, prefix, String(tagsEach)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    onTag();
  });
  const [code] = await once(child, 'close');
  expect(code).toBe(0);
  return printed.split('\n').filter((line) => line !== '');
}

it('lose nothing of 4 x 250 tags pushed through both, nor of what another program adds by rename meanwhile', async () => {
  const root = await scratchDirectory();
  const urls = [await startServer(root), await startServer(root)];
  const layout = new LayoutOnDisk(`${root}/${repository}`);
  expect(await pushTag(urls[0] ?? '', repository, 'first')).toBe(201);
  let pushing = true;
  let acknowledged = 0;
  const foreign: string[] = [];
  const other = (async () => {
    for (let at = 0; pushing; at += 1) {
      await layout.addTag(`foreign-${at}`, 2, 'rename');
      foreign.push(`foreign-${at}`);
      await sleep(100);
      // Not faster than a busy machine pushes: an update that finds another file each time says 503 in the end, and rightly so.
      for (const before = acknowledged; pushing && acknowledged < before + clients; ) await sleep(10);
    }
  })();
  const pushers = Array.from({ length: clients }, (_, at) =>
    runPusher(urls[at % urls.length] ?? '', `client-${at}`, () => {
      acknowledged += 1;
    }),
  );
  const pushed = await Promise.all(pushers).finally(() => {
    pushing = false;
  });
  await other;
  const expected = ['first', ...pushed.flat(), ...foreign];
  expect(expected.length).toBeGreaterThan(clients * tagsEach + 1);
  expect(await missingOnceAtRest(expected, () => layout.tags())).toEqual([]);
  for (const url of urls) expect(await missingOnceAtRest(expected, () => tagsOf(url, repository))).toEqual([]);
}, 600_000);

it('let one of several writers win who read the same tag: no step of a counter is lost or taken twice', async () => {
  const root = await scratchDirectory();
  const urls = [await startServer(root), await startServer(root)];
  expect(await putCounter(urls[0] ?? '', 0, { 'if-none-match': '*' })).toBe(201);
  const steps = await Promise.all(
    Array.from({ length: clients }, async (_, at) => {
      const url = urls[at % urls.length] ?? '';
      let taken = 0;
      while (taken < 10) {
        const { count, entityTag } = await readCounter(url);
        const status = await putCounter(url, count + 1, { 'if-match': entityTag });
        expect([201, 412]).toContain(status);
        if (status === 201) taken += 1;
      }
      return taken;
    }),
  );
  const total = steps.reduce((sum, taken) => sum + taken, 0);
  for (const url of urls) expect((await readCounter(url)).count).toBe(total);
}, 600_000);

const counterUrl = (url: string) => `${url}/v2/${repository}/manifests/counter`;

async function putCounter(url: string, count: number, headers: Readonly<Record<string, string>>): Promise<number> {
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const body = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [], annotations: { count: `${count}` } });
  const answer = await fetch(counterUrl(url), {
    method: 'PUT',
    headers: { 'content-type': mediaType, ...headers },
    body,
  });
  return answer.status;
}

async function readCounter(url: string): Promise<{ readonly count: number; readonly entityTag: string }> {
  const answer = await fetch(counterUrl(url));
  const { annotations } = (await answer.json()) as { annotations: { count: string } };
  return { count: Number(annotations.count), entityTag: answer.headers.get('etag') ?? '' };
}
