// oras, skopeo, crane and BuildKit write index.json in place from a copy that they read earlier: what they overwrite comes back.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { scratchDirectory, startMoorage } from '../e2e/moorage-process.ts';
import { pushTag } from './content.mjs';
import { LayoutOnDisk, missingOnceAtRest, tagsOf } from './layout-on-disk.ts';

const repository = 'team/app';
const rewrites = 100;
const staleMs = 50;

it('loses none of ours and none of its own once at rest, in 100 rewrites from a copy 50 ms old beside our pushes', async () => {
  const root = await scratchDirectory();
  const moorage = await startMoorage(['--root', root, '--listen', '127.0.0.1:0']);
  const { url } = await moorage.ready();
  const layout = new LayoutOnDisk(`${root}/${repository}`);
  const ours: string[] = [];
  const push = async (tag: string) => {
    expect(await pushTag(url, repository, tag)).toBe(201);
    ours.push(tag);
  };
  await push('first');
  let rewriting = true;
  const pushing = Promise.all(
    ['a', 'b'].map(async (client) => {
      for (let at = 0; rewriting; at += 1) {
        await push(`${client}-${at}`);
        await sleep(5);
      }
    }),
  );
  const theirs: string[] = [];
  for (let at = 0; at < rewrites; at += 1) {
    await layout.addTag(`theirs-${at}`, staleMs, 'in-place');
    theirs.push(`theirs-${at}`);
  }
  rewriting = false;
  await pushing;
  // Nobody asks the server anything: it must notice by itself.
  expect(await missingOnceAtRest([...ours, ...theirs], () => layout.tags())).toEqual([]);
  expect(await missingOnceAtRest([...ours, ...theirs], () => tagsOf(url, repository))).toEqual([]);
  expect(moorage.stderr).toContain('put back');
}, 120_000);
