// Where names lead, and what it costs to find out.
import { describe, expect, it } from 'vitest';
import { parseRepositoryName } from '../../../src/oci/reference.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import type { Key } from '../../../src/storage/object-store.ts';
import { imageManifest } from '../../support/content.ts';
import { putLayout } from '../../support/fixture-layouts.ts';
import { interleaving } from '../../support/interleaving-store.ts';
import { codeOf, digestAt, pull, pushImage, tagsOf } from '../../support/pushes.ts';
import { memoryRegistry, registryOver } from '../../support/registry-under-test.ts';

const image = imageManifest();

describe('a pull', () => {
  it('of a repository that is known looks at its index.json once, and lists no directory', async () => {
    const { store, count } = interleaving(new MemoryStore());
    const { repository } = registryOver(store);
    await pushImage(repository('team/app'), image, 'v1');
    for (let times = 0; times < 3; times += 1) await pull(repository('team/app'), 'v1');
    const calls = ['stat', 'isCurrent', 'read', 'open', 'list'] as const;
    const before = calls.map(count);
    await pull(repository('team/app'), 'v1');
    expect(calls.map((call, at) => count(call) - (before[at] ?? 0))).toEqual([0, 1, 0, 0, 0]);
  });

  it('of a name that is made up looks once at each directory that it could be in, and lists none', async () => {
    const { store, count } = interleaving(new MemoryStore());
    const { repository } = registryOver(store);
    await digestAt(repository('a/b/c'), 'v1');
    const before = count('stat') + count('isCurrent') + count('read');
    await digestAt(repository('a/b/c'), 'v1');
    expect(count('list')).toBe(0);
    // Five looks, since what was located is asked once more; that nothing is there is made sure of by a read.
    expect(count('stat') + count('isCurrent') + count('read') - before).toBeLessThanOrEqual(15);
  });
});

describe('a name', () => {
  it('leads to the directory of a nested repository, whatever is above it', async () => {
    const { repository, store } = await memoryRegistry();
    const names = ['a', 'a/b', 'a/b/c/d'];
    for (const [at, name] of names.entries())
      await pushImage(repository(name), imageManifest({ annotations: { name } }), `v${at}`);
    for (const [at, name] of names.entries()) expect(await tagsOf(repository(name))).toEqual([`v${at}`]);
    for (const name of names) expect(await store.stat(`${name}/index.json` as Key)).toBeDefined();
    expect(await codeOf(tagsOf(repository('a/b/c')))).toBe('NAME_UNKNOWN');
  });

  it('leads into the nearest layout above that has it as a full name', async () => {
    const { repository, store, registry } = await memoryRegistry();
    await putLayout(store, 'shelf', 'generated/linuxkit/cache');
    await putLayout(store, 'shelf/library', 'generated/oras/fullname');
    expect(await tagsOf(repository('shelf/library/alpine'))).toEqual(['3.20']);
    expect(await tagsOf(repository('shelf/library/hello'))).toEqual(['v1']);
    expect((await registry.catalog({})).items).toEqual([
      ...['shelf/library/alpine', 'shelf/library/hello', 'shelf/library/team/other', 'shelf/linuxkit/init'],
    ]);
  });

  it('that was virtual leads to the directory that another tool made, and back when it is gone', async () => {
    const { repository, store } = await memoryRegistry();
    await putLayout(store, 'shelf', 'generated/linuxkit/cache');
    expect(await tagsOf(repository('shelf/library/alpine'))).toEqual(['3.20']);
    await putLayout(store, 'shelf/library/alpine', 'generated/oras/tagged');
    expect(await tagsOf(repository('shelf/library/alpine'))).toEqual(['v1']);
    await store.delete('shelf/library/alpine/index.json' as Key);
    // The request that finds it gone may say so; the next one looks further.
    await tagsOf(repository('shelf/library/alpine')).catch(() => undefined);
    expect(await tagsOf(repository('shelf/library/alpine'))).toEqual(['3.20']);
  });

  it.each(['shelf/ingest', 'shelf/a.lock', 'shelf/manifest.json/x', 'shelf/repositories'])(
    'of what tools keep in a layout is refused: %s',
    async (name) => {
      const { repository, store } = await memoryRegistry();
      await pushImage(repository(name.replace('shelf', 'free')), image, 'v1');
      await putLayout(store, 'shelf', 'generated/oras/tagged');
      expect(await codeOf(digestAt(repository(name), 'v1'))).toBe('NAME_INVALID');
    },
  );

  it('below a layout that cannot be read makes nothing in its place', async () => {
    const { repository, store, clock } = await memoryRegistry();
    await store.write('shelf/index.json' as Key, Buffer.from('{"manifests":[{'));
    const refused = codeOf(pushImage(repository('shelf/app'), image, 'v1'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    clock.advance(5_000);
    expect(await refused).toBe('UNAVAILABLE');
    expect((await store.list('shelf' as Key)).map(({ name }) => name)).toEqual(['index.json']);
  });
});

describe('requests for a repository that nobody has seen yet', () => {
  it('share one object, so that their pushes are written together', async () => {
    const { store, count } = interleaving(new MemoryStore());
    const { registry } = registryOver(store);
    const name = parseRepositoryName('deep/er/new');
    const found = await Promise.all(Array.from({ length: 20 }, () => registry.writable(name)));
    expect(new Set(found.map(({ manifests }) => manifests)).size).toBe(1);
    const images = found.map((_, at) => imageManifest({ annotations: { at: String(at) }, layers: 0 }));
    await pushImage(found[0] as (typeof found)[0], image, 'first');
    const before = count('update');
    await Promise.all(
      images.map((each, at) =>
        found[at]?.manifests.put({
          reference: { kind: 'tag', tag: `v${at}` as never },
          tags: [],
          contentType: each.descriptor.mediaType,
          bytes: each.bytes,
        }),
      ),
    );
    expect(count('update') - before).toBeLessThan(10);
    expect((await (await registry.repository(name)).tags.list({})).items).toHaveLength(21);
  });
});
