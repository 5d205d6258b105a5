// A repository of which nothing is left: no longer listed, then gone from the disk, unless somebody pushes or keeps something there.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Collected } from '../../../src/layout/collection/collected.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import { untold } from '../../../src/registry/collection-events.ts';
import { openFilesystemStore } from '../../../src/storage/filesystem/filesystem-store.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import type { Key, ObjectStore } from '../../../src/storage/object-store.ts';
import type { RootOrigin } from '../../../src/storage/root-origin.ts';
import { blobOf, imageManifest } from '../../support/content.ts';
import { interleaving } from '../../support/interleaving-store.ts';
import { pushImage } from '../../support/pushes.ts';
import { registryOver } from '../../support/registry-under-test.ts';
import { silentLog } from '../../support/silent-log.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { TestClock } from '../../support/test-clock.ts';

const graceMs = 3_600_000;
const image = imageManifest({ layers: [blobOf('base'), blobOf('app')] });
const index = 'team/app/index.json' as Key;

function over(inner: ObjectStore, clock: TestClock, origin: RootOrigin = 'created') {
  const hooked = interleaving(inner);
  const rules = { collection: { everyMs: 'off', graceMs }, keepLeftMs: graceMs } as const;
  const under = registryOver(hooked.store, clock, rules, undefined, { collects: true, origin });
  const collect = async (chosenMs = graceMs) => {
    const deleted: Collected[] = [];
    const signal = new AbortController().signal;
    const options = { dryRun: false, graceMs: chosenMs, onlyPushed: false, isMeant: undefined, signal };
    await under.registry.collect({ ...untold, ...options, onDeleted: (each) => deleted.push(each) });
    return deleted.filter(({ kind }) => kind === 'repository').map(({ where }) => where);
  };
  const empty = async (name = 'team/app') => {
    await pushImage(under.repository(name), image, 'v1');
    await under.repository(name).manifests.delete({ kind: 'digest', digest: image.digest });
  };
  const catalog = async () => (await under.registry.catalog({})).items;
  return { ...under, ...hooked, collect, empty, catalog };
}

async function onDisk(origin?: RootOrigin) {
  const root = await temporaryDirectory();
  const store = await openFilesystemStore(root, { log: silentLog });
  return { ...over(store, new TestClock(), origin), root };
}

it('is not listed, and goes with its directory; a push begins it anew', async () => {
  const { root, collect, empty, catalog, repository } = await onDisk();
  await empty();
  await pushImage(repository('team/app/nested'), image, 'v1');
  expect(await catalog()).toEqual(['team/app/nested']);
  expect((await repository().tags.list({ limit: 10 })).items).toEqual([]);
  // Within the grace: to be rolled back to.
  expect(await collect()).toEqual([]);
  expect(existsSync(join(root, 'team/app/index.json'))).toBe(true);
  expect(await collect(0)).toEqual(['team/app']);
  expect(readdirSync(join(root, 'team/app'))).toEqual(['nested']);
  await repository('team/app/nested').manifests.delete({ kind: 'digest', digest: image.digest });
  expect(await collect(0)).toEqual(['team/app/nested']);
  expect(readdirSync(root).filter((name) => !name.startsWith('.'))).toEqual([]);
  await pushImage(repository(), image, 'v2');
  expect(await catalog()).toEqual(['team/app']);
  expect((await repository().tags.list({ limit: 10 })).items).toEqual(['v2']);
  expect(readdirSync(join(root, 'team/app')).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
});

it.each(['exclusively', 'move', 'delete'] as const)('a push beside %s wins', async (call) => {
  const key = { exclusively: index, move: index, delete: 'team/app/oci-layout' as Key }[call];
  for (const moment of ['rightBefore', 'rightAfter'] as const) {
    const clock = new TestClock();
    const under = over(new MemoryStore(() => clock.now()), clock);
    const { collect, empty, catalog, repository, store } = under;
    await empty();
    clock.advance(2 * graceMs);
    // What left is free.
    await collect();
    await empty('team/app');
    clock.advance(2 * graceMs);
    let pushed: Promise<Digest> | undefined;
    under[moment](
      call,
      () => {
        pushed = pushImage(repository(), image, 'v2');
      },
      key,
    );
    await collect();
    expect(await pushed).toBe(image.digest);
    expect(await catalog()).toEqual(['team/app']);
    expect((await repository().tags.list({ limit: 10 })).items).toEqual(['v2']);
    for (const { digest } of [image, image.config, ...image.layers])
      expect(await store.stat(`team/app/blobs/${digest.replace(':', '/')}` as Key)).toBeDefined();
    expect(await store.stat('team/app/oci-layout' as Key)).toBeDefined();
  }
});

it('what another program writes into it at that moment stays', async () => {
  const { root, collect, empty, rightAfter, catalog } = await onDisk();
  await empty();
  const trashed = '.moorage/trash/team/app/index.json' as Key;
  const foreign = JSON.stringify({ schemaVersion: 2, manifests: [image.descriptor] });
  // It had opened the file before.
  rightAfter('move', () => writeFileSync(join(root, trashed), foreign), index);
  expect(await collect(0)).toEqual([]);
  expect(readFileSync(join(root, 'team/app/index.json'), 'utf8')).toBe(foreign);
  expect(existsSync(join(root, 'team/app/oci-layout'))).toBe(true);
  expect(await catalog()).toEqual(['team/app']);
});

it('comes back where a collection was killed, and is judged anew', async () => {
  const { root, store, collect, empty } = await onDisk();
  await empty();
  await collect(0);
  await empty();
  await store.move(index, '.moorage/trash/team/app/index.json' as Key);
  expect(await collect(graceMs)).toEqual([]);
  expect(existsSync(join(root, 'team/app/index.json'))).toBe(true);
  expect(await collect(0)).toEqual(['team/app']);
  expect(existsSync(join(root, '.moorage/trash/team'))).toBe(false);
});

it.each([
  ['a file of somebody', (path: string) => writeFileSync(join(path, 'README'), 'mine')],
  ['a blob that is none', (path: string) => writeFileSync(join(path, 'blobs/sha256/notes'), 'mine')],
  [
    'an index that says more',
    (path: string) => writeFileSync(join(path, 'index.json'), '{"manifests":[],"annotations":{"a":"b"}}'),
  ],
  ['a directory of another tool', (path: string) => mkdirSync(join(path, 'ingest'))],
])('stays for %s', async (_, put) => {
  const { root, collect, empty } = await onDisk();
  await empty();
  put(join(root, 'team/app'));
  expect(await collect(0)).toEqual([]);
  expect(existsSync(join(root, 'team/app/index.json'))).toBe(true);
});

it('of another program, or in a directory of others, stays', async () => {
  const { root, collect, empty } = await onDisk('adopted');
  await empty();
  expect(await collect(0)).toEqual([]);
  const created = await onDisk();
  mkdirSync(join(created.root, 'new/blobs/sha256'), { recursive: true });
  writeFileSync(join(created.root, 'new/oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(created.root, 'new/index.json'), '{"schemaVersion":2,"manifests":[]}');
  expect(await created.collect(0)).toEqual([]);
  expect(existsSync(join(created.root, 'new/index.json'))).toBe(true);
  expect(existsSync(join(root, 'team/app/index.json'))).toBe(true);
});

it('leaves records behind as long as each of them is worth something', async () => {
  const clock = new TestClock();
  const day = 24 * 3_600_000;
  const { store, collect, empty, repository } = over(new MemoryStore(() => clock.now()), clock);
  await empty('gone/app');
  await empty('here/app');
  await pushImage(repository('here/app'), image, 'v1');
  const kept = image.digest.replace(':', '/');
  const recordsOf = async (name: string) => {
    const keys = [`history/${name}/.history`, `history/${name}/.manifests/${kept}`, `journal/${name}/.journal`];
    keys.push(`times/${name}/.times`);
    const found: string[] = [];
    for (const key of keys)
      if ((await store.stat(`.moorage/${key}` as Key)) !== undefined) found.push(key.split('/')[0] ?? '');
    return found;
  };
  for (const name of ['gone/app', 'here/app'])
    await store.append(`.moorage/times/${name}/.times` as Key, Buffer.from(`pull ${clock.now()} v1 \n`));
  // A file of its own, as if the record of it had been lost.
  await store.write(`.moorage/history/gone/app/.manifests/${kept}` as Key, image.bytes);
  for (const key of ['index.json', 'oci-layout']) await store.delete(`gone/app/${key}` as Key);
  for (const { digest } of [image, image.config, ...image.layers])
    await store.delete(`gone/app/blobs/${digest.replace(':', '/')}` as Key);
  const all = ['history', 'history', 'journal', 'times'];
  await collect();
  expect(await recordsOf('gone/app')).toEqual(all);
  clock.advance(graceMs + 1_000);
  await collect();
  expect(await recordsOf('gone/app')).toEqual(['history', 'journal', 'times']);
  clock.advance(day);
  await collect();
  expect(await recordsOf('gone/app')).toEqual(['history']);
  clock.advance(364 * day);
  await collect();
  expect(await recordsOf('gone/app')).toEqual([]);
  expect(await recordsOf('here/app')).toEqual(['history', 'journal', 'times']);
});
