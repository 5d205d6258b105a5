// The scrub: what it reads and when, that it goes on where it was, that one of several processes does it, and what becomes of what it finds.

import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { checkedAtOnceBytes } from '../../../src/layout/blobs/blob-checks.ts';
import { newWritingProcess } from '../../../src/layout/changes/writing-process.ts';
import { layoutKeys, ownFactsDirectory, poolKey, scrubKeys } from '../../../src/layout/files/keys.ts';
import { createManifestCaches } from '../../../src/layout/manifests/manifest-caches.ts';
import { BackgroundWork } from '../../../src/layout/pacing/background-work.ts';
import { type Digest, encodedOf } from '../../../src/oci/digest.ts';
import { parseRepositoryName } from '../../../src/oci/reference.ts';
import { ByteRate } from '../../../src/registry/byte-rate.ts';
import { ProcessClaim } from '../../../src/registry/claim.ts';
import { MountedLayouts } from '../../../src/registry/mounted-layouts.ts';
import { noRegistryMeters } from '../../../src/registry/registry-meters.ts';
import { Scrub } from '../../../src/registry/scrub.ts';
import { blobFilesAfter } from '../../../src/registry/scrub-order.ts';
import { openFilesystemStore } from '../../../src/storage/filesystem/filesystem-store.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import type { Key, ObjectStore } from '../../../src/storage/object-store.ts';
import { StorageError } from '../../../src/storage/storage-error.ts';
import { findingsOf, inspect } from '../../hostile/stranger.ts';
import { blobOf, imageManifest } from '../../support/content.ts';
import { mountOver } from '../../support/mounts.ts';
import { noQuotas } from '../../support/no-quotas.ts';
import { RecordedLog } from '../../support/registry-under-test.ts';
import { defaultRules } from '../../support/rules.ts';
import { silentLog } from '../../support/silent-log.ts';
import { TestClock } from '../../support/test-clock.ts';
import { pushedRoot } from '../../support/verified.ts';

const everyMs = 30 * 24 * 3_600_000;
const layer = blobOf('the bytes of a layer');
const image = imageManifest({ layers: [layer] });
const files = 3;

interface Server {
  readonly scrub: Scrub;
  readonly mounted: MountedLayouts;
  readonly log: RecordedLog;
  /** Keys that were opened, blobs alone. */
  readonly opened: () => Key[];
  /** What the disk does not give back. */
  readonly unreadable: Set<Key>;
  readonly store: ObjectStore;
}

/** One of the processes of a root. */
async function server(root: string, clock: TestClock, bytesPerSecond = 1e9): Promise<Server> {
  const store = await openFilesystemStore(root, { log: silentLog });
  const opened: Key[] = [];
  const unreadable = new Set<Key>();
  const watched: ObjectStore = new Proxy(store, {
    get: (target, member) => {
      const value: unknown = Reflect.get(target, member, target);
      if (member !== 'open') return typeof value === 'function' ? value.bind(target) : value;
      return async (key: Key) => {
        if (unreadable.has(key)) throw new StorageError('unavailable', 'EIO: i/o error, read');
        if (/sha(256|512)/.test(key)) opened.push(key);
        return target.open(key);
      };
    },
  });
  const log = new RecordedLog();
  const rules = { ...defaultRules, scrub: { everyMs, bytesPerSecond } };
  const mount = mountOver(watched, { facts: { store, directory: ownFactsDirectory } });
  const writing = newWritingProcess();
  const shared = {
    caches: createManifestCaches(),
    clock,
    log,
    process: writing,
    rules,
    checkedAtOnceBytes,
    quotas: noQuotas,
  };
  const background = new BackgroundWork(log);
  const mounted = new MountedLayouts(mount, { ...shared, background });
  const scrub = new Scrub({
    mounts: () => [mounted],
    clock,
    log,
    meters: noRegistryMeters,
    rules,
    process: writing.id,
  });
  // All that writes later: the root is removed after it.
  onTestFinished(async () => {
    await scrub.close();
    await background.close();
    await mounted.close();
    await store.close();
  });
  return { scrub, mounted, log, opened: () => opened.splice(0), unreadable, store };
}

/** As long ago as all that rots: what is moments old is not judged for good. */
async function oldRoot(...names: string[]): Promise<string> {
  const root = await pushedRoot(image, ...names);
  for (const name of names.length === 0 ? ['team/app'] : names) {
    for (const { digest } of [image, image.config, layer]) utimesSync(fileIn(root, digest, name), 1000.5, 1000.5);
  }
  rmSync(join(root, '.moorage/cache'), { recursive: true, force: true });
  return root;
}

const fileIn = (root: string, digest: Digest, name = 'team/app') => join(root, name, 'blobs/sha256', encodedOf(digest));

/** Other bytes, and the same times: nothing that a stat shows but the time of change. */
function rot(path: string): void {
  const { atimeMs, mtimeMs } = statSync(path);
  const bytes = readFileSync(path);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
}

const { state, claim } = scrubKeys(ownFactsDirectory);
const stateIn = (root: string) => JSON.parse(readFileSync(join(root, state), 'utf8'));

describe('a pass', () => {
  it('reads every file once, however many names it has, and the next comes when the first of them is due', async () => {
    const root = await oldRoot('team/app', 'team/copy');
    const clock = new TestClock();
    const { scrub, opened } = await server(root, clock);
    await scrub.round();
    // The pool once, and the manifests, which are files of their own.
    const manifest = (name: string) => layoutKeys(parseRepositoryName(name)).blob(image.digest);
    expect(opened().sort()).toEqual(
      [poolKey(image.config.digest), poolKey(layer.digest), manifest('team/app'), manifest('team/copy')].sort(),
    );
    await scrub.round();
    expect(opened()).toEqual([]);
    clock.advance(everyMs - 60_000);
    await scrub.round();
    expect(opened()).toEqual([]);
    clock.advance(120_000);
    await scrub.round();
    expect(opened()).toHaveLength(4);
  });

  it('leaves out what others read lately, and comes back for it', async () => {
    const root = await oldRoot();
    const clock = new TestClock();
    const first = await server(root, clock);
    await first.scrub.round();
    await first.mounted.close();
    rmSync(join(root, state));
    clock.advance(everyMs / 2);
    const second = await server(root, clock);
    await second.scrub.round();
    expect(second.opened()).toEqual([]);
    clock.advance(everyMs / 2 + 60_000);
    await second.scrub.round();
    expect(second.opened()).toHaveLength(files);
  });

  it('goes on after a restart where it was', async () => {
    const root = await oldRoot();
    const clock = new TestClock();
    const slow = await server(root, clock, 1);
    const round = slow.scrub.round();
    // The second file waits for its time: a byte a second.
    while (slow.opened().length === 0) await new Promise((resolve) => setImmediate(resolve));
    await slow.scrub.close();
    await round;
    expect(stateIn(root)).toMatchObject({ startedAtMs: expect.any(Number) });
    expect(stateIn(root).nextAtMs).toBeUndefined();
    const begun = stateIn(root).at === undefined ? 0 : 1;
    await slow.mounted.close();
    const next = await server(root, clock);
    await next.scrub.round();
    expect(next.opened().length).toBe(files - begun);
  });

  it('goes on in the order of keys, which is not that of names', async () => {
    const root = await oldRoot('a', 'a-b', 'a/c');
    const store = await openFilesystemStore(root, { log: silentLog });
    const { signal } = new AbortController();
    const all: Key[] = [];
    for await (const { key } of blobFilesAfter(store, undefined, signal)) all.push(key);
    expect(all).toHaveLength(5);
    for (const [at, key] of all.entries()) {
      const rest: Key[] = [];
      for await (const file of blobFilesAfter(store, key, signal)) rest.push(file.key);
      expect(rest).toEqual(all.slice(at + 1));
    }
  });

  it('that a clock put off by years begins when the clock is right again', async () => {
    const root = await oldRoot();
    const clock = new TestClock();
    const years = 10 * 365 * 24 * 3_600_000;
    clock.step(years);
    const { scrub, opened } = await server(root, clock);
    await scrub.round();
    expect(opened()).toHaveLength(files);
    clock.step(-years);
    await scrub.round();
    // What was read in the future is read again: nobody knows when that was.
    expect(opened()).toHaveLength(files);
    await scrub.round();
    expect(opened()).toEqual([]);
  });
});

describe('of several processes', () => {
  it('one scrubs, and another does once that is gone', async () => {
    const root = await oldRoot();
    const clock = new TestClock();
    const one = await server(root, clock);
    const other = await server(root, clock);
    const held = new ProcessClaim({ store: one.store, key: claim, process: 'killed', clock });
    expect(await held.take()).toBe(true);
    await other.scrub.round();
    expect(other.opened()).toEqual([]);
    // Its beats end; the clock of the machine may jump meanwhile.
    clock.step(-1e12);
    await other.scrub.round();
    expect(other.opened()).toEqual([]);
    clock.advance(120_000);
    await other.scrub.round();
    expect(other.opened()).toHaveLength(files);
    await one.scrub.round();
    expect(one.opened()).toEqual([]);
  });

  it('a claim goes from hand to hand, and is given back', async () => {
    const store = new MemoryStore();
    const clock = new TestClock();
    const [one, other] = ['one', 'other'].map((process) => new ProcessClaim({ store, key: claim, process, clock }));
    expect([await one?.take(), await other?.take(), await one?.take()]).toEqual([true, false, true]);
    await one?.release();
    expect([one?.isOurs, await other?.take()]).toEqual([false, true]);
    await other?.release();
    await store.write(claim, Buffer.from('{"process":5'));
    expect(await one?.take()).toBe(true);
    await one?.release();
  });
});

describe('what a scrub finds', () => {
  it('is logged, told by the registry and by inspect, and not served, although nothing of it has changed', async () => {
    const root = await oldRoot();
    const clock = new TestClock();
    const { scrub, mounted, log, opened } = await server(root, clock);
    await scrub.round();
    expect(await mounted.damage()).toBeUndefined();
    rot(fileIn(root, layer.digest));
    clock.advance(everyMs + 60_000);
    opened();
    await scrub.round();
    expect(opened()).toHaveLength(files);
    expect(log.lines.filter(({ message }) => message.startsWith('a blob file does not hold'))).toMatchObject([
      { details: { key: poolKey(layer.digest), digest: layer.digest } },
    ]);
    expect(await mounted.damage()).toBe(`a damaged file is not served: ${poolKey(layer.digest)}`);
    const { blobs } = mounted.at(parseRepositoryName('team/app'));
    expect(await blobs.find(layer.digest)).toBeUndefined();
    await mounted.close();
    expect(findingsOf(await inspect(root))).toMatchObject([
      { code: 'wrong-digest', name: 'v1', digest: layer.digest, detail: 'found when it was read before' },
    ]);
    // Good bytes in its place end it, for everybody.
    rmSync(fileIn(root, layer.digest));
    rmSync(join(root, poolKey(layer.digest)));
    writeFileSync(fileIn(root, layer.digest), layer.bytes);
    expect(findingsOf(await inspect(root))).toEqual([]);
    const next = await server(root, clock);
    expect(await next.mounted.damage()).toBeUndefined();
  });

  it('does not end it: a file that cannot be read is told, and the next is read', async () => {
    const root = await oldRoot();
    const { scrub, log, unreadable } = await server(root, new TestClock());
    unreadable.add(layoutKeys(parseRepositoryName('team/app')).blob(image.digest));
    await scrub.round();
    expect(log.lines.map(({ message }) => message)).toEqual([
      'a blob file cannot be read: the disk may be failing',
      'every blob was read that was due',
    ]);
  });
});

it('reads nothing while it is off, and goes on when it is on again', async () => {
  const root = await oldRoot();
  const { scrub, opened } = await server(root, new TestClock());
  scrub.follow({ scrub: { everyMs: 'off', bytesPerSecond: 1e9 } });
  await scrub.round();
  expect(opened()).toEqual([]);
  scrub.follow({ scrub: { everyMs, bytesPerSecond: 1e9 } });
  await scrub.round();
  expect(opened()).toHaveLength(files);
});

it('that is put off in the middle saves where it is', async () => {
  const root = await oldRoot();
  const { scrub, opened, store } = await server(root, new TestClock());
  const { open } = store;
  // With the first file that is read.
  vi.spyOn(store, 'open').mockImplementationOnce(async (key) => {
    scrub.follow({ scrub: { everyMs: 'off', bytesPerSecond: 1e9 } });
    return open.call(store, key);
  });
  await scrub.round();
  expect(opened()).toHaveLength(1);
  expect(stateIn(root)).toMatchObject({ at: expect.any(String) });
  scrub.follow({ scrub: { everyMs, bytesPerSecond: 1e9 } });
  await scrub.round();
  expect(opened()).toHaveLength(files - 1);
});

it('reads faster once it may', async () => {
  const clock = new TestClock();
  let bytesPerSecond = 1;
  const rate = new ByteRate(() => bytesPerSecond, clock);
  bytesPerSecond = 1e9;
  await rate.take(1_000_000, new AbortController().signal);
  // At the first rate it would have to wait for eleven days.
  await rate.take(1, new AbortController().signal);
});

it('reads no faster than it may, and saves nothing up', async () => {
  const clock = new TestClock();
  const rate = new ByteRate(() => 10_000, clock);
  const { signal } = new AbortController();
  clock.advance(3_600_000);
  const beganMs = performance.now();
  for (let piece = 0; piece < 4; piece += 1) await rate.take(10_000, signal);
  // One for the second that it may save up, one that is not paid for yet; timers may be early by a moment.
  expect(performance.now() - beganMs).toBeGreaterThan(1_900);
  await expect(rate.take(1, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
});
