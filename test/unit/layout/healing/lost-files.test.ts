// Files that another program's collector deletes although they are listed: put back from memory, from the journal, from the pool.
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import type { CrossingEdit } from '../../../../src/layout/changes/crossing-edit.ts';
import type { EditOwners } from '../../../../src/layout/changes/edit-owners.ts';
import { layoutKeys } from '../../../../src/layout/files/keys.ts';
import { healPolicy } from '../../../../src/layout/healing/heal-policy.ts';
import type { ImageLayout } from '../../../../src/layout/image-layout.ts';
import { parseRepositoryName } from '../../../../src/oci/reference.ts';
import { Registry } from '../../../../src/registry/registry.ts';
import type { WritableRepository } from '../../../../src/registry/repository.ts';
import { MemoryStore } from '../../../../src/storage/memory/memory-store.ts';
import type { Key } from '../../../../src/storage/object-store.ts';
import { type Content, imageIndex, imageManifest } from '../../../support/content.ts';
import { type Interleaving, interleaving } from '../../../support/interleaving-store.ts';
import { mountOver } from '../../../support/mounts.ts';
import { bytesOfBlob, codeOf, pull, pushBlob, pushImage, pushManifest } from '../../../support/pushes.ts';
import {
  changesOf,
  directoryRegistry,
  memoryRegistry,
  onEveryDriver,
  RecordedLog,
  type RegistryUnderTest,
  registryOver,
} from '../../../support/registry-under-test.ts';
import { defaultRules } from '../../../support/rules.ts';

const image = imageManifest();
const imageNumber = (n: number) => imageManifest({ annotations: { n: `${n}` } });
const keys = layoutKeys(parseRepositoryName('a'));
const keyOf = ({ digest }: Content): Key => keys.blob(digest);

async function untilReady(registry: Registry, isReady: boolean): Promise<void> {
  await expect.poll(async () => (await registry.readiness()).length === 0, { timeout: 60_000 }).toBe(isReady);
}

describe.each(onEveryDriver)('what a collector deleted %s', (_, open) => {
  it('comes back by itself, however late it is deleted, and without a write of index.json', async () => {
    const { repository, store, clock } = await open();
    const [layer] = image.layers;
    if (layer === undefined) throw new Error('no layer');
    await pushImage(repository('a'), image, 'v1');
    await pushManifest(repository('a'), 'v2', imageNumber(2));
    for (const passedMs of [20_000, 120_000, healPolicy.windowMs / 2]) {
      // The look that put back what went before has ended by then.
      await sleep(300);
      clock.advance(passedMs);
      for (const lost of [image, imageNumber(2), layer, image.config]) await store.delete(keyOf(lost));
      await expect
        .poll(
          async () =>
            (await Promise.all([image, layer, image.config].map((each) => store.stat(keyOf(each))))).every(Boolean),
          {
            timeout: 60_000,
          },
        )
        .toBe(true);
    }
  });

  it('comes back when the server is closed', async () => {
    const { repository, store, registry } = await open();
    await pushImage(repository('a'), image, 'v1');
    for (const lost of [image, ...image.layers]) await store.delete(keyOf(lost));
    await registry.close();
    for (const back of [image, ...image.layers]) expect(await store.stat(keyOf(back))).toBeDefined();
  });
});

it('what one process of a server received comes back by the one that listed it', async () => {
  const { registry, store, clock } = await memoryRegistry();
  const owners: EditOwners = {
    commit: async (place, edit) => {
      const crossed = deserialize(serialize(edit)) as CrossingEdit;
      await changesOf(registry.layoutAt(place) as ImageLayout).commit(crossed);
      return true;
    },
    isToldOf: () => true,
  };
  const rules = { ...defaultRules, uploadsExpireAfterMs: 60_000 };
  const other = new Registry({ mounts: [mountOver(store)], log: new RecordedLog(), clock, rules, owners });
  const repository = (await other.repository(parseRepositoryName('a'))) as WritableRepository;
  // Larger than what the journal keeps.
  const large = imageManifest({ annotations: { text: 'x'.repeat(healPolicy.manifestLimitBytes) } });
  await pushImage(repository, large, 'v1');
  const contents = [large, large.config, ...large.layers];
  for (const lost of contents) await store.delete(keyOf(lost));
  await other.close();
  await registry.close();
  for (const back of contents) expect(await store.stat(keyOf(back))).toBeDefined();
});

it('what a layout lists and never held is not put there, although its bytes are known from another one', async () => {
  const { repository, store, registry } = await memoryRegistry();
  await pushImage(repository('a'), image, 'v1');
  const other = layoutKeys(parseRepositoryName('b'));
  await store.write(other.ociLayout, Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
  await store.write(other.index, Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [image.descriptor] })));
  expect(await codeOf(pull(repository('b'), image.digest))).toBe('MANIFEST_UNKNOWN');
  await registry.close();
  expect(await store.stat(other.blob(image.digest))).toBeUndefined();
});

describe('what went while no server ran', () => {
  it('comes back at the next start: manifests from the journal, layers from the pool', async () => {
    const first = await directoryRegistry();
    await pushImage(first.repository('a'), image, 'v1');
    await first.registry.close();
    for (const lost of [image, image.config, ...image.layers]) rmSync(`${first.root}/${keyOf(lost)}`);
    const second = await first.another();
    await second.registry.start();
    await expect.poll(() => second.store.stat(keyOf(image)), { timeout: 60_000 }).toBeDefined();
    for (const blob of [image.config, ...image.layers]) {
      await expect.poll(() => second.store.stat(keyOf(blob)), { timeout: 60_000 }).toBeDefined();
      expect(await bytesOfBlob(second.repository('a'), blob.digest)).toEqual(blob.bytes);
    }
    expect((await pull(second.repository('a'), 'v1')).bytes).toEqual(image.bytes);
    const said = () => second.log.lines.map(({ message }) => message);
    await expect.poll(said, { timeout: 60_000 }).toContainEqual(expect.stringContaining('put back'));
  });

  it('does not give a repository what it never held: a sparse image stays sparse', async () => {
    const first = await directoryRegistry();
    const [layer] = image.layers;
    if (layer === undefined) throw new Error('no layer');
    await pushBlob(first.repository('b'), layer);
    await pushManifest(first.repository('a'), 'v1', image);
    await first.registry.close();
    rmSync(`${first.root}/${keyOf(image)}`);
    const second = await first.another();
    await second.registry.start();
    await expect.poll(() => second.store.stat(keyOf(image)), { timeout: 60_000 }).toBeDefined();
    expect(await codeOf(second.repository('a').blobs.stat(layer.digest))).toBe('BLOB_UNKNOWN');
  });

  it('is put back once, by however many looks', async () => {
    const { repository, registry, store, another } = await memoryRegistry();
    await pushImage(repository('a'), image, 'v1');
    await registry.close();
    await store.delete(keyOf(image));
    const { registry: next, log } = await another();
    for await (const { layout } of next.layouts())
      await Promise.all([changesOf(layout).recover(), changesOf(layout).recover()]);
    expect(await store.stat(keyOf(image))).toBeDefined();
    expect(log.lines.filter(({ message }) => message.includes('put back'))).toHaveLength(1);
  });

  it('is looked for no longer once the server is stopped', async () => {
    const { store, repository } = await memoryRegistry();
    await pushManifest(repository('a'), 'v1', image);
    const interleaved = interleaving(store);
    const { registry } = registryOver(interleaved.store);
    for await (const { layout } of registry.layouts()) {
      await expect(changesOf(layout).recover(AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
    }
    expect(interleaved.count('listingVersion')).toBe(0);
  });

  it('leaves a layer deleted that an image needed, where that is allowed', async () => {
    const first = await directoryRegistry({ referencedBlobs: 'allow' });
    const [layer] = image.layers;
    if (layer === undefined) throw new Error('no layer');
    for (const name of ['a', 'b']) await pushImage(first.repository(name), image, 'v1');
    await first.repository('a').blobs.delete(layer.digest);
    await first.registry.close();
    rmSync(`${first.root}/${keyOf(image)}`);
    const second = await first.another({ referencedBlobs: 'allow' });
    await second.registry.start();
    await expect.poll(() => second.store.stat(keyOf(image)), { timeout: 60_000 }).toBeDefined();
    expect(await codeOf(second.repository('a').blobs.stat(layer.digest))).toBe('BLOB_UNKNOWN');
  });

  it('leaves what was deleted through us deleted', async () => {
    const first = await directoryRegistry();
    await pushImage(first.repository('a'), image, 'v1');
    await pushManifest(first.repository('a'), 'v2', imageNumber(2));
    await first.repository('a').manifests.delete({ kind: 'digest', digest: image.digest });
    await first.registry.close();
    rmSync(`${first.root}/${keyOf(imageNumber(2))}`);
    const second = await first.another();
    await second.registry.start();
    await expect.poll(() => second.store.stat(keyOf(imageNumber(2))), { timeout: 60_000 }).toBeDefined();
    expect(await second.store.stat(keyOf(image))).toBeUndefined();
  });
});

describe('a delete through us while files are looked for', () => {
  /** Runs `meanwhile` when the look has read index.json, and not looked for any file. */
  async function lookedAt(
    meanwhile: (opened: Omit<RegistryUnderTest, 'another'>, interleaved: Interleaving) => Promise<void>,
  ) {
    const interleaved = interleaving(new MemoryStore());
    const opened = registryOver(interleaved.store);
    await pushManifest(opened.repository('a'), 'v1', image);
    await pushManifest(opened.repository('a'), 'all', imageIndex({ manifests: [image] }));
    interleaved.rightAfter('listingVersion', () => meanwhile(opened, interleaved));
    await opened.registry.close();
    return opened;
  }

  it('stays one: the manifest is neither put back nor missed', async () => {
    const { repository, store, log } = await lookedAt(async (opened) => {
      await opened.repository('a').manifests.delete({ kind: 'digest', digest: image.digest });
    });
    expect(await store.stat(keyOf(image))).toBeUndefined();
    expect(await codeOf(pull(repository('a'), image.digest))).toBe('MANIFEST_UNKNOWN');
    expect(log.lines).toEqual([]);
  });

  it('and when another program had taken its file before', async () => {
    const { repository, store } = await lookedAt(async (opened, { rightBefore }) => {
      await opened.store.delete(keyOf(image));
      const remove = () => opened.repository('a').manifests.delete({ kind: 'digest', digest: image.digest });
      rightBefore('write', remove, keyOf(image));
    });
    expect(await store.stat(keyOf(image))).toBeUndefined();
    expect(await codeOf(pull(repository('a'), image.digest))).toBe('MANIFEST_UNKNOWN');
  });
});

describe('what nobody has the bytes of any more', () => {
  /** Too large for the journal. */
  const large = imageManifest({ annotations: { text: 'x'.repeat(2 * healPolicy.manifestLimitBytes) } });

  it('makes the server unready, until it is pushed again', async () => {
    const first = await directoryRegistry();
    await pushManifest(first.repository('a'), 'v1', large);
    await first.registry.close();
    rmSync(`${first.root}/${keyOf(large)}`);
    const second = await first.another();
    await second.registry.start();
    await untilReady(second.registry, false);
    expect((await second.registry.readiness())[0]).toContain(large.digest);
    await pushManifest(second.repository('a'), 'v1', large);
    await untilReady(second.registry, true);
  });

  it('or until it is deleted', async () => {
    const first = await directoryRegistry();
    await pushManifest(first.repository('a'), 'v1', large);
    await pushManifest(first.repository('a'), 'v2', image);
    await first.registry.close();
    rmSync(`${first.root}/${keyOf(large)}`);
    const second = await first.another();
    await second.registry.start();
    await untilReady(second.registry, false);
    await second.repository('a').manifests.delete({ kind: 'digest', digest: large.digest });
    await untilReady(second.registry, true);
  });

  it('and was never acknowledged here is not missed: a layout may list what it does not hold', async () => {
    const { store, repository, registry } = await memoryRegistry();
    await pushImage(repository('a'), image, 'v1');
    const sparse = imageNumber(7);
    const index = JSON.parse(Buffer.from((await store.read(keys.index, 1e6))?.bytes ?? []).toString()) as {
      manifests: object[];
    };
    index.manifests.push(sparse.descriptor);
    await store.write(keys.index, Buffer.from(JSON.stringify(index)));
    await store.delete(keyOf(image));
    await expect.poll(() => store.stat(keyOf(image)), { timeout: 60_000 }).toBeDefined();
    expect(await registry.readiness()).toEqual([]);
  });
});
