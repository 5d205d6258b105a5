// oras, skopeo, crane and BuildKit write index.json in place from a copy that they read earlier: what they overwrite comes back, and
// what we publish is complete at any moment.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { RegistryError } from '../../src/oci/error-code.ts';
import { parseReference } from '../../src/oci/reference.ts';
import { systemCalls } from '../../src/storage/filesystem/system-calls.ts';
import { scratchDirectory, startMoorage } from '../e2e/moorage-process.ts';
import { tagsOf as tagsIn } from '../support/pushes.ts';
import { type DirectoryRegistry, directoryRegistry } from '../support/registry-under-test.ts';
import { manifestNamed, manifestType, pushTag } from './content.mjs';
import { LayoutOnDisk, missingOnceAtRest, tagsOf } from './layout-on-disk.ts';

const repository = 'team/app';
const pushes = 500;
const clients = 4;
const rewrites = 100;
const staleMs = 50;
/** On a busy machine the other program may stand still for longer than we wait, with half of its file written: then clients try again. */
const unavailable = 503;
const writer = fileURLToPath(new URL('in-place-writer.mjs', import.meta.url));

interface Written {
  readonly code: number | null;
  readonly tags: readonly string[];
  readonly complaint: string;
}

/** The other program, in a process of its own, to its end. */
async function rewriteInPlace(layout: string): Promise<Written> {
  const child = spawn(process.execPath, [writer, layout, 'theirs', String(rewrites), String(staleMs)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const [code] = await once(child, 'close');
  return { code, tags: printed.split('\n').filter((line) => line !== ''), complaint };
}

/** Several clients push so many tags, spread over the time that the other program takes. */
async function pushAll(push: (tag: string) => Promise<void>): Promise<readonly string[]> {
  const tags = Array.from({ length: pushes }, (_, at) => `ours-${at}`);
  const waiting = [...tags];
  const pauseMs = (rewrites * staleMs * clients) / pushes - 5;
  const client = async () => {
    for (let tag = waiting.shift(); tag !== undefined; tag = waiting.shift()) {
      await push(tag);
      await sleep(pauseMs);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return tags;
}

it('loses none of 500 pushed tags and none of theirs, once at rest, beside 100 rewrites from a copy 50 ms old', async () => {
  const root = await scratchDirectory();
  const moorage = await startMoorage(['--root', root, '--listen', '127.0.0.1:0']);
  const { url } = await moorage.ready();
  const layout = new LayoutOnDisk(`${root}/${repository}`);
  const push = async (tag: string) => {
    let status = await pushTag(url, repository, tag);
    while (status === unavailable) status = await pushTag(url, repository, tag);
    expect(status).toBe(201);
  };
  await push('first');
  const [ours, theirs] = await Promise.all([pushAll(push), rewriteInPlace(`${root}/${repository}`)]);
  expect(theirs).toMatchObject({ code: 0, complaint: expect.stringMatching(/^\d+ reads\n$/) });
  expect(theirs.tags).toHaveLength(rewrites);
  const expected = ['first', ...ours, ...theirs.tags];
  // Nobody asks the server anything: it must notice by itself.
  expect(await missingOnceAtRest(expected, () => layout.tags())).toEqual([]);
  expect(await missingOnceAtRest(expected, () => tagsOf(url, repository))).toEqual([]);
  expect(moorage.stderr).toContain('put back');
}, 600_000);

it('publishes only complete files by every rename of its own, looked at right before the rename', async () => {
  const published = { complete: 0, incomplete: [] as string[] };
  const look = (from: string, to: string) => {
    if (basename(to) !== 'index.json') return;
    const text = readFileSync(from, 'utf8');
    if (isComplete(text)) published.complete += 1;
    else published.incomplete.push(`${text.length} bytes: ${text.slice(0, 80)}`);
  };
  const registry = await directoryRegistry({
    calls: {
      exchangeSync: (from, to) => {
        look(from, to);
        return systemCalls.exchangeSync(from, to);
      },
      renameSync: (from, to) => {
        look(from, to);
        systemCalls.renameSync(from, to);
      },
    },
  });
  const push = (tag: string) => put(registry, tag);
  await push('first');
  const directory = `${registry.root}/${repository}`;
  const [ours, theirs] = await Promise.all([pushAll(push), rewriteInPlace(directory)]);
  expect(theirs).toMatchObject({ code: 0, complaint: expect.stringMatching(/^\d+ reads\n$/) });
  const layout = new LayoutOnDisk(directory);
  const expected = ['first', ...ours, ...theirs.tags];
  expect(await missingOnceAtRest(expected, () => layout.tags())).toEqual([]);
  expect(await missingOnceAtRest(expected, async () => new Set(await tagsIn(registry.repository(repository))))).toEqual(
    [],
  );
  expect(published.incomplete).toEqual([]);
  expect(published.complete).toBeGreaterThan(rewrites);
}, 600_000);

async function put(registry: DirectoryRegistry, tag: string): Promise<void> {
  const push = { reference: parseReference(tag), tags: [], contentType: manifestType, bytes: manifestNamed(tag) };
  try {
    await registry.repository(repository).manifests.put(push);
  } catch (error) {
    if (!(error instanceof RegistryError && error.status === unavailable)) throw error;
    await put(registry, tag);
  }
}

/** One JSON document with its list of entries, and nothing behind it. */
function isComplete(text: string): boolean {
  try {
    return Array.isArray((JSON.parse(text) as { manifests: unknown }).manifests);
  } catch {
    return false;
  }
}
