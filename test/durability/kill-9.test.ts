// kill -9 in the middle of pushes: nothing that was acknowledged is lost, nothing is half there, and the next server is soon at work.
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { scratchDirectory, startMoorage } from '../e2e/moorage-process.ts';
import { digestOf, manifestNamed, manifestType, pushBlob, pushTag } from './content.mjs';

const repository = 'team/app';
const rounds = 20;
/** A lock left by the dead process goes stale after 2 s; the rest is for a machine that is slow. */
const firstPushWithinMs = 60_000;

/** Pushes until the connection breaks; what was acknowledged is added to `acknowledged`. */
async function pushUntilKilled(
  acknowledged: Set<string>,
  name: (at: number) => string,
  push: (name: string) => Promise<number>,
) {
  for (let at = 0; ; at += 1) {
    try {
      if ((await push(name(at))) !== 201) return;
    } catch {
      return; // The server was killed: this push was not acknowledged.
    }
    acknowledged.add(name(at));
  }
}

/** Pushes one manifest after the other under one tag. */
async function moveTag(url: string, name: string): Promise<number> {
  const headers = { 'content-type': manifestType };
  const body = new Uint8Array(manifestNamed(name));
  const answer = await fetch(`${url}/v2/${repository}/manifests/moving`, { method: 'PUT', headers, body });
  await answer.arrayBuffer();
  return answer.status;
}

/** What the tag meant, the oldest first. */
async function historyOfMoving(url: string): Promise<readonly string[]> {
  const answer = await fetch(`${url}/v2/${repository}/_oci/tag-history/moving?n=1000`);
  const { manifests } = (await answer.json()) as {
    manifests: { digest: string; annotations: Record<string, string> }[];
  };
  for (const { annotations } of manifests) expect(annotations['io.moorage.tag.how']).toBe('push');
  return manifests.map(({ digest }) => digest).reverse();
}

async function assertTags(url: string, tags: ReadonlySet<string>): Promise<void> {
  for (const tag of tags) {
    const answer = await fetch(`${url}/v2/${repository}/manifests/${tag}`);
    expect({ tag, status: answer.status }).toEqual({ tag, status: 200 });
    expect(Buffer.from(await answer.arrayBuffer()).equals(manifestNamed(tag))).toBe(true);
  }
}

it(`loses no acknowledged tag and no acknowledged blob in ${rounds} rounds`, async () => {
  const root = await scratchDirectory();
  const blobs = new Map<string, Buffer<ArrayBuffer>>();
  const tags = new Set<string>();
  const stored = new Set<string>();
  const moves = new Set<string>();
  for (let round = 0; round < rounds; round += 1) {
    const moorage = await startMoorage(['--root', root, '--listen', '127.0.0.1:0']);
    const { url } = await moorage.ready();
    const startedMs = Date.now();
    expect(await pushTag(url, repository, `round-${round}`)).toBe(201);
    expect(Date.now() - startedMs).toBeLessThan(firstPushWithinMs);
    tags.add(`round-${round}`);
    await assertTags(url, tags);
    const pushing = [0, 1, 2].map((client) =>
      pushUntilKilled(
        tags,
        (at) => `${round}-${client}-${at}`,
        (tag) => pushTag(url, repository, tag),
      ),
    );
    const blobPushing = pushUntilKilled(
      stored,
      (at) => `${round}-${at}`,
      (name) => {
        const bytes = Buffer.from(randomBytes(200_000));
        blobs.set(name, bytes);
        return pushBlob(url, repository, bytes);
      },
    );
    const moving = pushUntilKilled(
      moves,
      (at) => `moving ${round}-${at}`,
      (name) => moveTag(url, name),
    );
    // In every other round also a slow machine has acknowledged something of each kind by then.
    const [before, storedBefore] = [tags.size, stored.size];
    while (round % 2 === 1 && (tags.size === before || stored.size === storedBefore)) await sleep(10);
    await sleep(20 + Math.random() * 150);
    moorage.signal('SIGKILL');
    await moorage.exited;
    await Promise.all([...pushing, blobPushing, moving]);
  }
  expect(tags.size).toBeGreaterThan(rounds);
  expect(stored.size).toBeGreaterThan(0);
  const moorage = await startMoorage(['--root', root, '--listen', '127.0.0.1:0']);
  const told = await historyOfMoving((await moorage.ready()).url);
  const acknowledged = Array.from(moves, (name) => digestOf(manifestNamed(name)));
  expect(told.filter((digest) => acknowledged.includes(digest))).toEqual(acknowledged);
  const directory = `${root}/${repository}/blobs/sha256`;
  for (const file of await readdir(directory)) {
    expect(digestOf(await readFile(`${directory}/${file}`))).toBe(`sha256:${file}`);
  }
  for (const name of stored) {
    const bytes = blobs.get(name) ?? Buffer.alloc(0);
    expect((await readFile(`${directory}/${digestOf(bytes).slice(7)}`)).equals(bytes)).toBe(true);
  }
}, 600_000);
