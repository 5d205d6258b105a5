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

/** Runs a client process to its end; its acknowledged tags. */
async function runPusher(url: string, prefix: string): Promise<readonly string[]> {
  const child = spawn(process.execPath, [pusher, url, repository, prefix, String(tagsEach)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
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
  const foreign: string[] = [];
  const other = (async () => {
    for (let at = 0; pushing; at += 1) {
      await layout.addTag(`foreign-${at}`, 2, 'rename');
      foreign.push(`foreign-${at}`);
      await sleep(100);
    }
  })();
  const pushed = await Promise.all(
    Array.from({ length: clients }, (_, at) => runPusher(urls[at % urls.length] ?? '', `client-${at}`)),
  );
  pushing = false;
  await other;
  const expected = ['first', ...pushed.flat(), ...foreign];
  expect(expected.length).toBeGreaterThan(clients * tagsEach + 1);
  expect(await missingOnceAtRest(expected, () => layout.tags())).toEqual([]);
  for (const url of urls) expect(await missingOnceAtRest(expected, () => tagsOf(url, repository))).toEqual([]);
}, 300_000);
