// Collections of a registry that is served: what they free, what they leave to whom, and what happens between their steps.

import { describe, expect, it } from 'vitest';
import type { Collected } from '../../../src/layout/collection/collected.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import type { CollectionOptions } from '../../../src/registry/collection.ts';
import { untold } from '../../../src/registry/collection-events.ts';
import type { Registry } from '../../../src/registry/registry.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import type { Key } from '../../../src/storage/object-store.ts';
import type { RootOrigin } from '../../../src/storage/root-origin.ts';
import { blobOf, type Content, imageManifest } from '../../support/content.ts';
import { interleaving } from '../../support/interleaving-store.ts';
import { chunkOf, codeOf, digestAt, pushBlob, pushImage, pushManifest } from '../../support/pushes.ts';
import { registryOver } from '../../support/registry-under-test.ts';
import { TestClock } from '../../support/test-clock.ts';

const graceMs = 3_600_000;
const blobKey = ({ digest }: Pick<Content, 'digest'>, name = 'team/app') =>
  `${name}/blobs/${digest.replace(':', '/')}` as Key;
const poolKeyOf = ({ digest }: Content) => `.moorage/pool/${digest.replace(':', '/')}` as Key;
const trashKey = (content: Content) => `.moorage/trash/${blobKey(content)}` as Key;

async function collect(registry: Registry, options: Partial<CollectionOptions> = {}) {
  const deleted: Collected[] = [];
  const skipped: string[] = [];
  const outcomes = await registry.collect({
    ...untold,
    dryRun: false,
    graceMs,
    onlyPushed: false,
    isMeant: undefined,
    signal: new AbortController().signal,
    onDeleted: (deletion) => deleted.push(deletion),
    onSkipped: (repository, why) => skipped.push(`${repository}: ${why}`),
    ...options,
  });
  const [outcome] = outcomes;
  const totals = outcome !== undefined && 'totals' in outcome ? outcome.totals : undefined;
  return { deleted, skipped, totals, outcome, digests: deleted.flatMap(({ digest }) => digest ?? []).sort() };
}

function collected(uses?: { clock?: TestClock; memory?: MemoryStore; origin?: RootOrigin }) {
  const clock = uses?.clock ?? new TestClock();
  const memory = uses?.memory ?? new MemoryStore(() => clock.now());
  const hooked = interleaving(memory);
  const collection = { everyMs: 'off', graceMs } as const;
  const under = registryOver(hooked.store, clock, { collection, keepLeftMs: 0, requireReferences: true }, undefined, {
    collects: true,
    origin: uses?.origin ?? 'created',
  });
  return { ...under, memory, ...hooked };
}

const image = imageManifest({ layers: [blobOf('base'), blobOf('app')] });
const files = [image, image.config, ...image.layers];

async function deletedImage() {
  const under = collected();
  await pushImage(under.repository(), image, 'v1');
  await under.repository().manifests.delete(parseReference(image.digest));
  under.clock.advance(2 * graceMs);
  return under;
}

describe('a collection', () => {
  it('frees what nothing leads to, with the link of the pool, and says how much that is', async () => {
    const { registry, store, clock, repository } = await deletedImage();
    const kept = imageManifest({ layers: [image.layers[0] ?? image.config], annotations: { is: 'kept' } });
    await pushImage(repository(), kept, 'v2');
    clock.advance(2 * graceMs);
    const dry = await collect(registry, { dryRun: true });
    const { totals, digests, skipped } = await collect(registry);
    expect(skipped).toEqual([]);
    expect(digests).toEqual([image.layers[1]?.digest]);
    expect({ ...dry, outcome: undefined }).toEqual({ ...dry, outcome: undefined, digests, totals });
    const bytes = (contents: readonly Content[]) => contents.reduce((sum, each) => sum + each.bytes.byteLength, 0);
    expect(totals).toMatchObject({
      freedBytes: bytes(image.layers.slice(1)),
      keptBytes: bytes([kept, kept.config, ...kept.layers]),
      deleted: { blob: 1, manifest: 0 },
    });
    expect(await store.stat(poolKeyOf(image.layers[1] as Content))).toBeUndefined();
    expect(await store.stat(poolKeyOf(image.layers[0] as Content))).toBeDefined();
    expect((await collect(registry)).deleted).toEqual([]);
    expect(await digestAt(repository(), 'v2')).toBe(kept.digest);
  });

  it('frees in one run what several repositories let go of, and counts it once', async () => {
    const { registry, store, clock, repository } = collected();
    for (const name of ['a', 'b', 'c']) {
      await pushImage(repository(name), image, 'v1');
      await repository(name).manifests.delete(parseReference(image.digest));
    }
    clock.advance(2 * graceMs);
    const { totals } = await collect(registry);
    const blobs = [image.config, ...image.layers];
    expect(totals?.freedBytes).toBe(blobs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0));
    expect(totals?.deleted.blob).toBe(3 * blobs.length);
    for (const blob of blobs) expect(await store.stat(poolKeyOf(blob))).toBeUndefined();
  });

  it('leaves young blobs, and with a grace of nothing none', async () => {
    const { registry, repository } = collected();
    await pushBlob(repository(), image.config);
    expect((await collect(registry)).deleted).toEqual([]);
    expect((await collect(registry, { graceMs: 0 })).digests).toEqual([image.config.digest]);
  });

  it('frees a pool entry that no repository holds once it is older than the grace', async () => {
    const { registry, repository, store, clock } = collected();
    await pushBlob(repository(), image.config);
    await pushImage(repository(), imageManifest({ annotations: { other: '1' } }), 'v1');
    clock.advance(2 * graceMs);
    // Another program, such as regctl: its mistake can be put right for a grace.
    await store.delete(blobKey(image.config));
    expect((await collect(registry)).deleted).toEqual([]);
    clock.advance(2 * graceMs);
    expect((await collect(registry)).deleted).toMatchObject([]);
  });

  it('looks only into the repositories that are meant', async () => {
    const { registry, repository, clock } = collected();
    for (const name of ['a', 'b']) await pushBlob(repository(name), blobOf(name));
    clock.advance(2 * graceMs);
    const { digests } = await collect(registry, { isMeant: (prefix) => prefix === 'a' });
    expect(digests).toEqual([blobOf('a').digest]);
  });

  it('leaves a repository alone that it does not understand, and goes on with the others', async () => {
    const { registry, repository, store, clock } = collected();
    for (const name of ['a', 'b']) await pushBlob(repository(name), blobOf(name));
    await store.write('a/index.json' as Key, Buffer.from('{'));
    clock.advance(2 * graceMs);
    const { digests, skipped } = await collect(registry);
    expect(digests).toEqual([blobOf('b').digest]);
    expect(skipped).toEqual([expect.stringMatching(/^a: .*cannot be read/)]);
  });

  it('removes uploads that nobody goes on with, and says what they held', async () => {
    const { registry, repository, clock } = collected();
    const { uploads } = repository();
    const { id } = await uploads.start({});
    await uploads.append(id, chunkOf(Buffer.from('x')));
    clock.advance(2 * graceMs);
    const { totals } = await collect(registry);
    expect(totals?.deleted.upload).toBe(1);
  });
});

describe('whoever was told that a blob is there', () => {
  const tells: readonly [string, (under: ReturnType<typeof collected>) => Promise<unknown>][] = [
    ['by HEAD', ({ repository }) => repository().blobs.stat(image.config.digest)],
    ['by a mount', ({ repository }) => repository().blobs.mount(image.config.digest, undefined)],
    ['by an upload of what is there', ({ repository }) => pushBlob(repository(), image.config)],
  ];

  it.each(tells)('%s has a grace to list it', async (_, tell) => {
    const under = await deletedImage();
    await tell(under);
    under.clock.advance(graceMs - 1_000);
    expect((await collect(under.registry)).digests).not.toContain(image.config.digest);
    under.clock.advance(2 * graceMs);
    expect((await collect(under.registry)).digests).toContain(image.config.digest);
  });

  it('has it also where another process collects, and after a restart', async () => {
    const under = await deletedImage();
    await under.repository().blobs.stat(image.config.digest);
    const other = collected(under);
    expect((await collect(other.registry)).digests).not.toContain(image.config.digest);
  });

  it('is written down once in half a grace, and not for what is not there', async () => {
    const under = await deletedImage();
    const before = under.count('append');
    for (let times = 0; times < 5; times += 1) await under.repository().blobs.stat(image.config.digest);
    expect(under.count('append') - before).toBe(1);
    under.clock.advance(graceMs / 2 + 1_000);
    await under.repository().blobs.stat(image.config.digest);
    expect(under.count('append') - before).toBe(2);
    expect(await codeOf(under.repository().blobs.stat(blobOf('nowhere').digest))).toBe('BLOB_UNKNOWN');
    expect(under.count('append') - before).toBe(2);
  });

  it('finds it where it was told right before, between, and right after the steps that take it', async () => {
    for (const call of ['exclusively', 'move', 'stat', 'list', 'open'] as const) {
      for (const moment of ['rightBefore', 'rightAfter'] as const) {
        const under = await deletedImage();
        let wasThere = false;
        under[moment](call, async () => {
          wasThere =
            (await under
              .repository()
              .blobs.stat(image.config.digest)
              .catch(() => undefined)) !== undefined;
        });
        await collect(under.registry);
        if (!wasThere) continue;
        expect(`${moment} ${call}: ${(await under.store.stat(blobKey(image.config))) !== undefined}`).toBe(
          `${moment} ${call}: true`,
        );
      }
    }
  });

  it('loses nothing to a collection that was killed after it took blobs out', async () => {
    const under = await deletedImage();
    // Taken out, and never looked at again.
    for (const each of files.slice(1)) await under.memory.move(blobKey(each), trashKey(each));
    expect(await codeOf(under.repository().blobs.stat(image.config.digest))).toBe('BLOB_UNKNOWN');
    // A push finds them all the same.
    await pushManifest(under.repository(), 'v1', image);
    for (const each of files) expect(await under.store.stat(blobKey(each))).toBeDefined();
    expect((await collect(under.registry)).deleted).toEqual([]);
  });
});

describe('a push', () => {
  it('of what another program deleted after its client was told that it is there is refused, where sparse images are not', async () => {
    const clock = new TestClock();
    const memory = new MemoryStore(() => clock.now());
    // Not collected by itself: no other process reads leases.
    const { repository } = registryOver(memory, clock, { keepLeftMs: 0 });
    for (const blob of [image.config, ...image.layers]) await pushBlob(repository(), blob);
    for (const blob of [image.config, ...image.layers]) await repository().blobs.stat(blob.digest);
    await memory.delete(blobKey(image.config));
    await memory.delete(poolKeyOf(image.config));
    expect(await codeOf(pushManifest(repository(), 'v1', image))).toBe('MANIFEST_BLOB_UNKNOWN');
    const sparse = imageManifest({ layers: [blobOf('elsewhere')], config: blobOf('there too') });
    for (const tag of ['v2', 'v3']) await pushManifest(repository(), tag, sparse);
    expect([...(await memory.list('.moorage/leases' as Key))]).toEqual([]);
  });

  it('that lists what is being collected is whole, whichever step it meets', async () => {
    const calls = ['exclusively', 'move', 'stat', 'list', 'delete', 'open', 'read', 'isCurrent'] as const;
    for (const call of calls) {
      for (const moment of ['rightBefore', 'rightAfter'] as const) {
        const under = await deletedImage();
        let pushed: Promise<unknown> | undefined;
        let refused = false;
        under[moment](call, () => {
          pushed = pushManifest(under.repository(), 'v1', image).catch(() => {
            refused = true;
          });
        });
        await collect(under.registry);
        await pushed;
        // What was deleted before it is pushed again by its client, as it is told.
        if (refused) continue;
        for (const each of pushed === undefined ? [] : files)
          expect(`${moment} ${call}: ${(await under.store.stat(blobKey(each))) !== undefined}`).toBe(
            `${moment} ${call}: true`,
          );
      }
    }
  });
});

describe('what is not ours', () => {
  it.each(['clock', 'state', 'claim'])('wedges nothing where it is %s and larger than any', async (name) => {
    const { registry, memory } = await deletedImage();
    await memory.write(`.moorage/gc/${name}` as Key, Buffer.alloc(100_000, '{'));
    expect((await collect(registry, { dryRun: true })).digests).toHaveLength(3);
    expect((await collect(registry)).outcome).toHaveProperty('totals');
    expect((await memory.stat(`.moorage/gc/${name}` as Key))?.size).toBeLessThan(1_000);
  });

  it.each(['created', 'adopted', 'earlier'] as const)(
    'has its empty directories looked for only where moorage made the root: %s',
    async (origin) => {
      const removed: Key[] = [];
      const { registry, store, memory } = collected({ origin });
      const { removeEmpty } = store;
      store.removeEmpty = (prefix, rules) => {
        removed.push(prefix);
        return removeEmpty.call(store, prefix, rules);
      };
      // Served before.
      await memory.write('.moorage/id' as Key, Buffer.from('id\n'));
      await collect(registry, { graceMs: 0 });
      expect(removed.includes('' as Key)).toBe(origin === 'created');
    },
  );
});

describe('what another program takes away', () => {
  it('is put back before anything is called free', async () => {
    const { registry, repository, store, clock, memory } = collected();
    await pushImage(repository(), image, 'v1');
    clock.advance(600_000);
    // A stale copy of before, as skopeo and crane write it.
    await memory.write('team/app/index.json' as Key, Buffer.from('{"schemaVersion":2,"manifests":[]}'));
    expect((await collect(registry, { graceMs: 1_000 })).deleted).toEqual([]);
    for (const each of files) expect(await store.stat(blobKey(each))).toBeDefined();
  });
});

describe('a clock that jumps', () => {
  const yearMs = 365 * 86_400_000;

  it('forward makes nothing old', async () => {
    const { registry, repository, clock } = collected();
    await pushBlob(repository(), image.config);
    expect((await collect(registry)).deleted).toEqual([]);
    clock.step(yearMs);
    expect((await collect(registry)).deleted).toEqual([]);
    clock.advance(2 * graceMs);
    expect((await collect(registry)).digests).toEqual([image.config.digest]);
  });

  it('back keeps nothing for years', async () => {
    const { registry, repository, clock } = collected();
    await pushBlob(repository(), image.config);
    await collect(registry);
    clock.step(-yearMs);
    expect((await collect(registry)).deleted).toEqual([]);
    clock.advance(2 * graceMs);
    expect((await collect(registry)).digests).toEqual([image.config.digest]);
  });

  it('back before anybody looked keeps nothing for years either', async () => {
    const { registry, repository, clock } = collected();
    clock.step(yearMs);
    await pushBlob(repository(), image.config);
    clock.step(-yearMs);
    expect((await collect(registry)).deleted).toEqual([]);
    clock.advance(2 * graceMs);
    expect((await collect(registry)).digests).toEqual([image.config.digest]);
  });

  it('over a start of the machine is watched before anything goes', async () => {
    const { registry, repository, clock } = collected();
    await pushBlob(repository(), image.config);
    await collect(registry);
    clock.reboot(10 * graceMs);
    expect((await collect(registry)).outcome).toMatchObject({ refusal: { kind: 'clock' } });
    clock.advance(graceMs / 2);
    expect((await collect(registry)).outcome).toMatchObject({ refusal: { kind: 'clock' } });
    clock.advance(graceMs);
    expect((await collect(registry)).digests).toEqual([image.config.digest]);
  });

  it('after such a start is seen while it is watched', async () => {
    const { registry, repository, clock } = collected();
    await pushBlob(repository(), image.config);
    await collect(registry);
    clock.reboot(600_000);
    clock.step(yearMs);
    expect((await collect(registry)).outcome).toMatchObject({ refusal: { kind: 'clock' } });
    clock.advance(600_000);
    // NTP puts it right.
    clock.step(-yearMs);
    clock.advance(graceMs / 2);
    expect((await collect(registry)).deleted).toEqual([]);
    clock.advance(graceMs);
    expect((await collect(registry)).digests).toEqual([image.config.digest]);
  });
});

it('says once that it waits for another process, and for how long at most', async () => {
  const clock = new TestClock();
  const { registry, memory } = collected({ clock });
  await memory.write('.moorage/gc/claim' as Key, Buffer.from('{"process":"killed","beat":7}\n'));
  const waits: number[] = [];
  const onWaiting = (mostMs: number) => {
    waits.push(mostMs);
    clock.advance(mostMs);
  };
  const signal = new AbortController().signal;
  const chosen = { dryRun: false, graceMs, onlyPushed: false, isMeant: undefined, signal };
  const [outcome] = await registry.collect({ ...untold, ...chosen, onWaiting }, 90_000);
  expect(outcome).toEqual({ refusal: { kind: 'running' } });
  expect(waits).toEqual([90_000]);
});
