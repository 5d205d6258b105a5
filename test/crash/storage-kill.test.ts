// kill -9 in the middle of updates and of blob commits: nothing acknowledged is lost, nothing half-written is visible, and
// the next process gets its first update acknowledged within 4 s (it waits for the dead one's lock to go stale).

import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { isUploadId } from '../../src/oci/upload-id.ts';
import { openFilesystemStore } from '../../src/storage/filesystem/filesystem-store.ts';
import { systemCalls } from '../../src/storage/filesystem/system-calls.ts';
import type { Key } from '../../src/storage/object-store.ts';
import { silentLog } from '../support/silent-log.ts';
import { StorageProcess } from './storage-process.ts';

const rounds = 10;
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'moorage-crash-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
});

const acknowledgedBy = (round: StorageProcess): string[] => round.acknowledged.map(({ name }) => name);

/** Somewhere in the work on the next few writes. */
const aMoment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.random() * 25));

test(`${rounds} rounds of updates, each killed at random`, { timeout: 600_000 }, async () => {
  const acknowledged: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const writing = new StorageProcess('updates', root, `round${round}`);
    await writing.until((each) => each.length > 5);
    await aMoment();
    await writing.kill();
    expect(writing.acknowledged[0]?.afterMs).toBeLessThan(60_000);
    acknowledged.push(...acknowledgedBy(writing));
    const text = readFileSync(join(root, 'team/app/index.json'), 'utf8');
    const entries = text.trimEnd().split('\n');
    expect(text.endsWith('\n')).toBe(true);
    expect(entries.filter((entry) => !/^round\d+-\d+$/.test(entry))).toEqual([]);
    expect(new Set(entries).size).toBe(entries.length);
    expect(acknowledged.filter((name) => !entries.includes(name))).toEqual([]);
    // What an entry names was durable before it.
    for (const entry of entries) {
      expect(readFileSync(join(root, 'team/app/blobs/sha256', entry), 'utf8')).toBe(entry.repeat(500));
    }
  }
  expect(acknowledged.length).toBeGreaterThan(rounds * 5);
});

test(`${rounds} rounds of blob pushes, each killed at random`, { timeout: 600_000 }, async () => {
  const blobs = join(root, 'team/app/blobs/sha256');
  const acknowledged: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const writing = new StorageProcess('blobs', root, `round${round}`);
    await writing.until((each) => each.filter(({ name }) => !name.includes(':')).length > 3);
    await aMoment();
    await writing.kill();
    const names = acknowledgedBy(writing);
    acknowledged.push(...names.filter((name) => !name.includes(':')));
    // Whatever has a name has the bytes of that name: no half object is ever visible.
    const present = readdirSync(blobs);
    for (const name of present) {
      expect(
        createHash('sha256')
          .update(readFileSync(join(blobs, name)))
          .digest('hex'),
      ).toBe(name);
    }
    expect(acknowledged.filter((name) => !present.includes(name))).toEqual([]);
    await expectStagedToGoOn(names);
  }
});

/** Every session that a size was told of, and that had not begun to end, is there with at least that size. */
async function expectStagedToGoOn(names: readonly string[]): Promise<void> {
  const store = await openFilesystemStore(root, { log: silentLog });
  const sizes = new Map<string, number>();
  for (const name of names) {
    const [kind, id = '', size] = name.split(':');
    if (kind === 'staged') sizes.set(id, Number(size));
    if (kind === 'ended') sizes.delete(id);
  }
  const listed = new Set((await store.staged()).map(({ id }) => id));
  for (const [id, size] of sizes) {
    const told = names.filter((name) => name.startsWith(`staged:${id}`)).length;
    const session = isUploadId(id) ? await store.resume(id) : undefined;
    // After its second append a session may have been committed when the process was killed.
    if (told === 1) expect(session).toBeDefined();
    if (session === undefined) continue;
    expect(listed.has(session.id)).toBe(true);
    const kept = await session.size();
    const wasRenamed = told === 2 && kept === 0;
    if (!wasRenamed) expect(kept).toBeGreaterThanOrEqual(size);
  }
  for (const id of listed) await (await store.resume(id))?.discard();
  await store.close();
}

test('what the killed processes left behind is cleared away in time', { timeout: 600_000 }, async () => {
  for (let round = 0; round < 3; round += 1) {
    const writing = new StorageProcess('updates', root, `round${round}`);
    await writing.until((each) => each.length > 2);
    await aMoment();
    await writing.kill();
  }
  const later = Date.now() + 7_200_000;
  const store = await openFilesystemStore(root, { log: silentLog, calls: { ...systemCalls, now: () => later } });
  await store.update('team/app/index.json' as Key, async () => undefined);
  await store.close();
  expect(readdirSync(join(root, 'team/app')).sort()).toEqual(['blobs', 'index.json']);
  expect(readdirSync(join(root, '.moorage/staging'))).toEqual([]);
});
