// The registry as a whole: its repositories, its readiness, and one layout object for each repository.
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rootPrefix } from '../../../src/layout/files/keys.ts';
import { parseRepositoryName } from '../../../src/oci/reference.ts';
import type { Key } from '../../../src/storage/object-store.ts';
import { imageManifest } from '../../support/content.ts';
import { interleaving } from '../../support/interleaving-store.ts';
import { codeOf, digestAt, pushBlob, pushImage, tagsOf } from '../../support/pushes.ts';
import { directoryRegistry, memoryRegistry, onEveryDriver, registryOver } from '../../support/registry-under-test.ts';

const image = imageManifest();
const index = 'a/index.json' as Key;

describe.each(onEveryDriver)('the catalogue %s', (_, open) => {
  it('lists what has an index.json, nested repositories too, in byte order and in pages', async () => {
    const { registry, repository } = await open();
    for (const name of ['team/app', 'team', 'b', 'team/app/debug', 'a-b', 'a/b'])
      await pushImage(repository(name), image, 'v1');
    await pushBlob(repository('unfinished'), image.config);
    const names = ['a-b', 'a/b', 'b', 'team', 'team/app', 'team/app/debug'];
    expect(await registry.catalog({})).toEqual({ items: names, more: false });
    expect(await registry.catalog({ after: 'b', limit: 2 })).toEqual({ items: ['team', 'team/app'], more: true });
  });

  it('is empty when there is nothing, and asking for what is not there leaves nothing', async () => {
    const { registry, repository, store } = await open();
    await codeOf(tagsOf(repository('nobody')));
    await codeOf(repository('nobody').blobs.stat(image.digest));
    await repository('nobody').referrers.list(image.digest, { artifactTypes: [] });
    expect(await registry.catalog({})).toEqual({ items: [], more: false });
    expect(await store.list('' as Key)).toEqual([]);
  });
});

it('does not list half a registry when its volume goes meanwhile', async () => {
  const { root, store: inner } = await directoryRegistry();
  const { store, rightAfter } = interleaving(inner);
  const { registry, repository } = registryOver(store);
  for (const name of ['a', 'b']) await pushImage(repository(name), image, 'v1');
  rightAfter('list', () => renameSync(root, `${root}-away`), rootPrefix);
  await expect(registry.catalog({})).rejects.toMatchObject({ failure: 'unavailable' });
  renameSync(`${root}-away`, root);
  expect((await registry.catalog({})).items).toEqual(['a', 'b']);
});

it('does not list directories of other tools, nor names that nobody could ask for', async () => {
  const { registry, root, repository } = await directoryRegistry();
  await pushImage(repository('a'), image, 'v1');
  for (const name of ['Upper', 'a/ingest', 'a/blobs/sha256', '.hidden', '_uploads/x', 'a/index.json.d', 'a b']) {
    mkdirSync(`${root}/${name}`, { recursive: true });
    writeFileSync(`${root}/${name}/index.json`, JSON.stringify({ manifests: [image.descriptor] }));
  }
  writeFileSync(`${root}/index.json`, JSON.stringify({ manifests: [image.descriptor] }));
  expect((await registry.catalog({})).items).toEqual(['a', 'a/index.json.d']);
});

describe('readiness', () => {
  it('names each index.json that cannot be read, also one that never could, until it can', async () => {
    const { registry, repository, store, clock } = await memoryRegistry();
    await pushImage(repository('b'), image, 'v1');
    await store.write(index, Buffer.from('{"manifests":['));
    await store.write('b/index.json' as Key, Buffer.from(''));
    expect(await registry.readiness()).toEqual([]);
    const first = codeOf(tagsOf(repository('a')));
    clock.advance(2_000);
    expect(await first).toBe('UNAVAILABLE');
    expect(await tagsOf(repository('b'))).toEqual(['v1']);
    expect((await registry.readiness()).map((line) => line.split(':')[0])).toEqual(['b/index.json', 'a/index.json']);
    await store.write(index, Buffer.from('{"manifests":[]}'));
    await store.write('b/index.json' as Key, Buffer.from('{}'));
    expect(await registry.readiness()).toEqual([]);
  });
});

describe('a repository that takes no pushes', () => {
  it('is read as any other, and has nothing to push with', async () => {
    const writing = await memoryRegistry();
    await pushImage(writing.repository('a'), image, 'v1');
    const { registry, repository } = await writing.another({ readOnly: true });
    expect(await digestAt(repository('a'), 'v1')).toBe(image.digest);
    const name = parseRepositoryName('a');
    expect(await registry.repository(name)).not.toHaveProperty('uploads');
    expect(await codeOf(registry.writable(name))).toBe('DENIED');
    for await (const { layout } of registry.layouts()) expect(layout.changes).toBeUndefined();
  });
});

describe('a repository', () => {
  it('that pushes go to is one object however many others are asked for', async () => {
    const hooked = interleaving((await memoryRegistry()).store);
    const { registry, repository } = registryOver(hooked.store);
    await pushImage(repository('a'), image, 'v1');
    const { manifests } = await registry.repository(parseRepositoryName('a'));
    for (let at = 0; at < 2_100; at += 1) {
      await hooked.store.write(`other${at}/index.json` as Key, Buffer.from('{}'));
      await tagsOf(repository(`other${at}`));
      repository(`other${at}`);
    }
    expect((await registry.repository(parseRepositoryName('a'))).manifests).toBe(manifests);
  });

  it('that was removed as a whole begins anew; one that lost its index.json alone does not', async () => {
    const { repository, root } = await directoryRegistry();
    for (const name of ['gone', 'damaged']) await pushImage(repository(name), image, 'v1');
    rmSync(`${root}/gone`, { recursive: true });
    rmSync(`${root}/damaged/index.json`);
    for (const name of ['gone', 'damaged']) await pushImage(repository(name), image, 'v2');
    expect(await tagsOf(repository('gone'))).toEqual(['v2']);
    expect(await tagsOf(repository('damaged'))).toEqual(['v1', 'v2']);
  });

  it('stays known through a flood of names that do not exist', async () => {
    const hooked = interleaving((await memoryRegistry()).store);
    const { repository } = registryOver(hooked.store);
    await pushImage(registryOver(hooked.store).repository('a'), image, 'v1');
    await digestAt(repository('a'), 'v1');
    const reads = hooked.count('read');
    await digestAt(repository('a'), 'v1');
    for (let at = 0; at < 1_000; at += 1) repository(`made-up/${at}`);
    await digestAt(repository('a'), 'v1');
    expect(hooked.count('read')).toBe(reads);
  });
});
