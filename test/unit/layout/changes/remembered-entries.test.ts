// What other programs took off the list, as the journal knows it: named, and brought back only when somebody asks.
import { readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { layoutKeys } from '../../../../src/layout/files/keys.ts';
import { parseReference, parseRepositoryName } from '../../../../src/oci/reference.ts';
import type { Registry } from '../../../../src/registry/registry.ts';
import { imageManifest } from '../../../support/content.ts';
import { bytesOfBlob, digestAt, pushImage, pushManifest, tagsOf } from '../../../support/pushes.ts';
import { changesOf, type DirectoryRegistry, directoryRegistry } from '../../../support/registry-under-test.ts';

const image = imageManifest();
const imageNumber = (n: number) => imageManifest({ annotations: { n: `${n}` } });
const keys = layoutKeys(parseRepositoryName('a'));

async function layoutOf(registry: Registry) {
  for await (const { name, layout } of registry.layouts()) if (name === 'a') return layout;
  throw new Error('no such layout');
}

/** As `skopeo delete` and `oras manifest delete` do, long after the push. */
async function takenByAnother({ root, clock, repository }: DirectoryRegistry, tags: readonly string[]): Promise<void> {
  clock.advance(10 * 60_000);
  const path = `${root}/${keys.index}`;
  const lines = readFileSync(path, 'utf8').split('\n');
  const kept = lines.filter((line) => !tags.some((tag) => line.includes(`"${tag}"`)));
  writeFileSync(path, kept.join('\n').replace('},\n]', '}\n]'));
  utimesSync(path, clock.now() / 1_000, clock.now() / 1_000);
  clock.advance(10_000);
  await expect.poll(async () => (await tagsOf(repository('a'))).filter((tag) => tags.includes(tag))).toEqual([]);
  // A push of ours judges what the other one did, and records it.
  await pushManifest(repository('a'), 'later', imageNumber(100));
}

async function pushed(): Promise<DirectoryRegistry> {
  const registry = await directoryRegistry();
  await pushImage(registry.repository('a'), image, 'v1');
  await pushManifest(registry.repository('a'), 'v2', imageNumber(2));
  await pushManifest(registry.repository('a'), 'v3', imageNumber(3));
  return registry;
}

describe('entries that another program took away', () => {
  it('are named, and listed again with their files when that is asked for; once', async () => {
    const registry = await pushed();
    await takenByAnother(registry, ['v1', 'v2']);
    rmSync(`${registry.root}/${keys.blob(image.digest)}`, { force: true });
    const [layer] = image.layers;
    rmSync(`${registry.root}/${keys.blob(layer?.digest ?? image.digest)}`, { force: true });
    const layout = await layoutOf(registry.registry);
    expect((await layout.remembered()).map(({ name, digest }) => [name, digest])).toEqual([
      ['v1', image.digest],
      ['v2', imageNumber(2).digest],
    ]);
    expect((await layout.planRestore())?.changes).toHaveLength(2);
    expect(await tagsOf(registry.repository('a'))).toEqual(['later', 'v3']);
    const changes = await changesOf(layout).restoreRemembered();
    expect(changes.map(({ kind, digest }) => [kind, digest])).toEqual([
      ['restored-entry', image.digest],
      ['restored-entry', imageNumber(2).digest],
    ]);
    expect(await tagsOf(registry.repository('a'))).toEqual(['later', 'v1', 'v2', 'v3']);
    expect(await digestAt(registry.repository('a'), 'v1')).toBe(image.digest);
    if (layer !== undefined) expect(await bytesOfBlob(registry.repository('a'), layer.digest)).toEqual(layer.bytes);
    expect(await changesOf(layout).restoreRemembered()).toEqual([]);
    expect(await layout.remembered()).toEqual([]);
  });

  it('are known to the next process too, and not those that were deleted through us', async () => {
    const registry = await pushed();
    await registry.repository('a').manifests.delete(parseReference('v3'));
    await registry.repository('a').manifests.delete({ kind: 'digest', digest: imageNumber(3).digest });
    await takenByAnother(registry, ['v2']);
    await registry.registry.close();
    const next = await registry.another();
    const layout = await layoutOf(next.registry);
    expect((await layout.remembered()).map(({ name }) => name)).toEqual(['v2']);
    await changesOf(layout).restoreRemembered();
    expect(await tagsOf(next.repository('a'))).toEqual(['later', 'v1', 'v2']);
  });

  it('come back without the name that something else has by now', async () => {
    const registry = await pushed();
    await takenByAnother(registry, ['v2']);
    await pushManifest(registry.repository('a'), 'v2', imageNumber(22));
    const layout = await layoutOf(registry.registry);
    expect((await layout.remembered()).map(({ name }) => name)).toEqual([undefined]);
    await changesOf(layout).restoreRemembered();
    expect(await digestAt(registry.repository('a'), 'v2')).toBe(imageNumber(22).digest);
    expect(await digestAt(registry.repository('a'), imageNumber(2).digest)).toBe(imageNumber(2).digest);
  });

  it('stay away when nobody has their manifest any more', async () => {
    const registry = await directoryRegistry();
    const large = imageManifest({ annotations: { text: 'x'.repeat(200_000) } });
    await pushManifest(registry.repository('a'), 'v1', image);
    await pushManifest(registry.repository('a'), 'v2', large);
    await takenByAnother(registry, ['v2']);
    await registry.registry.close();
    rmSync(`${registry.root}/${keys.blob(large.digest)}`);
    const layout = await layoutOf((await registry.another()).registry);
    expect(await layout.remembered()).toHaveLength(1);
    expect(await changesOf(layout).restoreRemembered()).toEqual([]);
  });

  it('are none where nothing was taken, and in a layout that we never wrote to', async () => {
    const registry = await pushed();
    expect(await (await layoutOf(registry.registry)).remembered()).toEqual([]);
    rmSync(`${registry.root}/.moorage`, { recursive: true });
    const next = await registry.another({ readOnly: true });
    expect(await (await layoutOf(next.registry)).remembered()).toEqual([]);
  });
});
