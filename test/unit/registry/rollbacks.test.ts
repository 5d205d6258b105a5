import { readdir } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import { layoutKeys, poolKey } from '../../../src/layout/files/keys.ts';
import type { RollbackPoint } from '../../../src/layout/history/rollback-target.ts';
import { parseReference, parseRepositoryName, parseTag } from '../../../src/oci/reference.ts';
import { rollBack } from '../../../src/registry/rollbacks.ts';
import { type Image, imageIndex, imageManifest, referrerOf } from '../../support/content.ts';
import { movesOf } from '../../support/moves.ts';
import { codeOf, digestAt, pull, pushImage, pushManifest, referrersIn, tagsOf } from '../../support/pushes.ts';
import {
  directoryRegistry,
  memoryRegistry,
  onEveryDriver,
  type RegistryUnderTest,
} from '../../support/registry-under-test.ts';

const [a, b, c] = ['a', 'b', 'c'].map((name) => imageManifest({ annotations: { name } })) as [Image, Image, Image];
const named = { a, b, c };
const keys = layoutKeys(parseRepositoryName('team/app'));

/** Goes back, and says to what. */
async function back({ registry }: Pick<RegistryUnderTest, 'registry'>, tag = 'v1', point?: RollbackPoint) {
  const { history, manifests } = await registry.writable(parseRepositoryName('team/app'));
  const plan = await history.planRollback(parseTag(tag), point);
  if (plan.missing.length > 0) return plan;
  await rollBack(manifests, plan);
  return plan;
}

describe.each(onEveryDriver)('a rollback, %s', (_, open) => {
  it('goes to the digest before, and a second one back again', async () => {
    const served = await open();
    await pushImage(served.repository(), a, 'v1');
    await pushImage(served.repository(), b, 'v1');
    await back(served);
    expect(await digestAt(served.repository(), 'v1')).toBe(a.digest);
    await back(served);
    expect(await digestAt(served.repository(), 'v1')).toBe(b.digest);
    expect(await movesOf(served.repository(), named)).toEqual([
      'v1 push none -> a',
      'v1 push a -> b',
      'v1 rollback b -> a',
      'v1 rollback a -> b',
    ]);
  });

  it('brings back a tag that was deleted', async () => {
    const served = await open();
    await pushImage(served.repository(), a, 'v1');
    await served.repository().manifests.delete(parseReference('v1'));
    await back(served);
    expect(await digestAt(served.repository(), 'v1')).toBe(a.digest);
  });

  it('brings back a manifest that was deleted, its children and its place among the referrers', async () => {
    const served = await open();
    const { repository } = served;
    await pushImage(repository(), c, 'subject');
    for (const child of [a, b]) await pushImage(repository(), child);
    const index = imageIndex({ manifests: [a, b], subject: c });
    await pushManifest(repository(), 'v1', index);
    for (const { digest } of [index, a, b]) await repository().manifests.delete(parseReference(digest));
    for (const { digest } of [index, a, b]) expect(await codeOf(pull(repository(), digest))).toBe('MANIFEST_UNKNOWN');
    expect(await referrersIn(repository(), c.digest)).toEqual([]);
    const plan = await back(served);
    expect(plan.children.map(({ digest }) => digest)).toEqual([a.digest, b.digest]);
    expect(await digestAt(repository(), 'v1')).toBe(index.digest);
    for (const { digest, bytes } of [index, a, b]) expect((await pull(repository(), digest)).bytes).toEqual(bytes);
    expect(await referrersIn(repository(), c.digest)).toEqual([index.digest]);
  });

  it('goes to a digest, or to what the tag was at a time', async () => {
    const served = await open();
    const { clock, repository } = served;
    await pushImage(repository(), a, 'v1');
    clock.advance(60_000);
    const betweenMs = clock.now();
    clock.advance(60_000);
    await pushImage(repository(), b, 'v1');
    await pushImage(repository(), c, 'v1');
    await back(served, 'v1', { kind: 'time', atMs: betweenMs });
    expect(await digestAt(repository(), 'v1')).toBe(a.digest);
    await back(served, 'v1', { kind: 'digest', begins: b.digest.slice(0, 7 + 12) });
    expect(await digestAt(repository(), 'v1')).toBe(b.digest);
  });

  it('says why there is nothing to go back to, and changes nothing', async () => {
    const served = await open();
    const { repository, clock } = served;
    const startMs = clock.now() - 60_000;
    await expect(back(served)).rejects.toThrow('no move of it is known');
    await pushImage(repository(), a, 'v1');
    await expect(back(served)).rejects.toThrow('not known to have meant anything else');
    await expect(back(served, 'v1', { kind: 'digest', begins: a.digest })).rejects.toThrow('already');
    await expect(back(served, 'v1', { kind: 'digest', begins: b.digest })).rejects.toThrow('not known to have meant');
    await expect(back(served, 'v1', { kind: 'time', atMs: startMs })).rejects.toThrow('its history begins at');
    expect(await movesOf(repository(), named)).toEqual(['v1 push none -> a']);
  });

  it('names what is gone, and changes nothing', async () => {
    const served = await open();
    const { repository, store } = served;
    await pushImage(repository(), a, 'v1');
    await pushImage(repository(), b, 'v1');
    const layer = a.layers[0]?.digest ?? a.config.digest;
    // Without its link in the pool, or a look for lost files would put it back.
    await store.delete(poolKey(layer));
    await store.delete(keys.blob(layer));
    expect((await back(served)).missing).toEqual([layer]);
    expect(await digestAt(repository(), 'v1')).toBe(b.digest);
    // A look for lost files, which the deleted layer began, may put this one back once.
    await vi.waitFor(async () => {
      await store.delete(keys.blob(a.digest));
      await expect(back(served)).rejects.toThrow('is gone');
    });
  });

  it('is refused where the tag moved after it was planned, and takes nothing that was pushed meanwhile', async () => {
    const served = await open();
    const { repository, registry } = served;
    await pushImage(repository(), a);
    const index = imageIndex({ manifests: [a] });
    await pushManifest(repository(), 'v1', index);
    await pushImage(repository(), b, 'v1');
    for (const { digest } of [index, a]) await repository().manifests.delete(parseReference(digest));
    const { history, manifests } = await registry.writable(parseRepositoryName('team/app'));
    const plan = await history.planRollback(parseTag('v1'), undefined);
    await pushImage(repository(), c, 'v1');
    await pushImage(repository(), a);
    await expect(rollBack(manifests, plan)).rejects.toMatchObject({ status: 412 });
    expect(await digestAt(repository(), 'v1')).toBe(c.digest);
    expect(await digestAt(repository(), a.digest)).toBe(a.digest);
    expect(await codeOf(pull(repository(), index.digest))).toBe('MANIFEST_UNKNOWN');
    await back(served, 'v1', { kind: 'digest', begins: index.digest });
    expect(await digestAt(repository(), 'v1')).toBe(index.digest);
  });

  it('keeps the size of referrers of what comes back', async () => {
    const served = await open();
    const { repository } = served;
    await pushImage(repository(), a, 'v1');
    const signature = referrerOf(a, 'application/vnd.acme.signature');
    await pushImage(repository(), signature);
    await repository().manifests.delete(parseReference(a.digest));
    await back(served);
    expect(await referrersIn(repository(), a.digest)).toEqual([signature.digest]);
    expect(await tagsOf(repository())).toEqual(['v1']);
  });
});

describe('what was deleted', () => {
  it('is kept under no name that is served, for as long as it can be put back', async () => {
    const served = await directoryRegistry({ keepLeftMs: 3_600_000 });
    const { repository, root, registry, clock } = served;
    await pushImage(repository(), a, 'v1');
    await repository().manifests.delete(parseReference(a.digest));
    const kept = `${root}/.moorage/history/team/app/.manifests/sha256`;
    expect(await readdir(kept)).toEqual([a.digest.slice(7)]);
    const changes = await layoutOf(registry);
    const within = (afterMs: number) => ({
      graceMs: 3_600_000,
      ages: { since: (atMs: number) => clock.now() + afterMs - atMs },
    });
    expect([...(await changes.leftWithin(within(3_000_000))).keys()]).toEqual([a.digest]);
    expect(await changes.changes?.forgetLeft(within(3_000_000))).toEqual([]);
    expect([...(await changes.leftWithin(within(3_700_000))).keys()]).toEqual([]);
    expect(await changes.changes?.forgetLeft(within(3_700_000))).toEqual([
      { digest: a.digest, bytes: a.bytes.byteLength },
    ]);
    expect(await readdir(kept)).toEqual([]);
    await expect(back(served)).rejects.toThrow('is gone');
  });

  it('is not kept where nothing can be put back', async () => {
    const { repository, store } = await memoryRegistry({ keepLeftMs: 0 });
    await pushImage(repository(), a, 'v1');
    await repository().manifests.delete(parseReference(a.digest));
    expect(await store.stat(keys.keptManifest(a.digest))).toBeUndefined();
  });

  it('is not believed when its bytes are others', async () => {
    const served = await memoryRegistry();
    await pushImage(served.repository(), a, 'v1');
    await served.repository().manifests.delete(parseReference(a.digest));
    await served.store.write(keys.keptManifest(a.digest), Buffer.from('{}'));
    await expect(back(served)).rejects.toThrow('is gone');
  });

  it('counts from what followed it, where a clock ran ahead for a while', async () => {
    const { repository, registry, clock } = await memoryRegistry();
    const yearMs = 365 * 24 * 3_600_000;
    await pushImage(repository(), a, 'v1');
    clock.step(yearMs);
    await pushImage(repository(), b, 'v1');
    clock.step(-yearMs);
    const layout = await layoutOf(registry);
    const left = async (graceMs: number) => [
      ...(await layout.leftWithin({ graceMs, ages: { since: (atMs) => clock.now() - atMs } })).keys(),
    ];
    expect(await left(60_000)).toEqual([a.digest]);
    await pushImage(repository(), c, 'v1');
    clock.advance(3_600_000);
    expect(await left(60_000)).toEqual([]);
    expect(await left(7_200_000)).toEqual([b.digest, a.digest]);
  });
});

async function layoutOf(registry: RegistryUnderTest['registry']) {
  for await (const { name, layout } of registry.layouts()) if (name === 'team/app') return layout;
  throw new Error('no such layout');
}
