// Retention as a collection carries it out: tags by rules, manifests that nothing leads to, and what a dry run says.

import { describe, expect, it } from 'vitest';
import type { Retained } from '../../../src/layout/retention/retained.ts';
import type { RetentionRule } from '../../../src/layout/retention/retention-rule.ts';
import { NameGlob } from '../../../src/oci/name-glob.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import type { CollectionOptions } from '../../../src/registry/collection.ts';
import { untold } from '../../../src/registry/collection-events.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import type { Key } from '../../../src/storage/object-store.ts';
import { blobOf, type Image, imageIndex, imageManifest } from '../../support/content.ts';
import { pushImage, pushManifest } from '../../support/pushes.ts';
import { type RegistryTestOptions, registryOver } from '../../support/registry-under-test.ts';
import { TestClock } from '../../support/test-clock.ts';

const day = 86_400_000;
const graceMs = day;
const indexKey = 'team/app/index.json' as Key;

function rule(keeps: Omit<RetentionRule, 'repositories' | 'tags'>, tags = '*', repositories = '**'): RetentionRule {
  const globs = [repositories, tags].map((text) => [NameGlob.parse(text)].filter((glob) => glob !== undefined));
  return { repositories: globs[0] ?? [], tags: globs[1] ?? [], ...keeps };
}

function retaining(options: RegistryTestOptions) {
  const clock = new TestClock();
  const store = new MemoryStore(() => clock.now());
  const collection = { everyMs: 'off', graceMs } as const;
  const rules = { collection, keepLeftMs: graceMs, ...options };
  const under = registryOver(store, clock, rules, undefined, { collects: true, origin: 'created' });
  const collect = async (chosen: Partial<CollectionOptions> = {}) => {
    const retained: Retained[] = [];
    const odd: string[] = [];
    const skipped: string[] = [];
    const outcomes = await under.registry.collect({
      ...untold,
      dryRun: false,
      graceMs,
      onlyPushed: false,
      isMeant: undefined,
      signal: new AbortController().signal,
      onRetained: (each) => retained.push(each),
      onOdd: (warning) => odd.push(warning),
      onSkipped: (repository, why) => skipped.push(`${repository}: ${why}`),
      ...chosen,
    });
    const [outcome] = outcomes;
    if (outcome === undefined || !('totals' in outcome)) throw new Error('nothing was collected');
    return { retained, odd, skipped, totals: outcome.totals };
  };
  const tags = async () => (await under.repository().tags.list({ limit: 100 })).items;
  const has = async (image: Image) => {
    const found = await under
      .repository()
      .manifests.get(parseReference(image.digest))
      .catch(() => undefined);
    return found !== undefined;
  };
  return { ...under, clock, store, collect, tags, has };
}

const version = (number: number) =>
  imageManifest({
    layers: [blobOf('base'), blobOf(`layer ${number}`.repeat(1_000))],
    annotations: { version: String(number) },
  });

describe('retention in a collection', () => {
  it('leaves of the times that were noted the newest of what is there', async () => {
    const { repository, store, collect } = retaining({ retention: [rule({ keepAll: true })] });
    await pushImage(repository(), version(1), 'v1');
    const key = '.moorage/times/team/app/.times' as Key;
    const line = (at: number) => `push ${at} v1 \npull ${at} ${version(1).digest}\npush ${at} gone \n`;
    const times = Array.from({ length: 4_000 }, (_, at) => at + 1);
    await store.append(key, Buffer.from(times.map(line).join('')));
    await collect({ dryRun: true });
    expect((await store.stat(key))?.size).toBeGreaterThan(100_000);
    await collect();
    const text = Buffer.from((await store.read(key, 10_000))?.bytes ?? []).toString();
    expect(text).toBe(`push 4000 v1 \npull 4000 ${version(1).digest}\n`);
  });

  it('keeps the newest, and frees what only the others needed once their time is over', async () => {
    const under = retaining({ retention: [rule({ keepNewest: 3 })], untagged: day });
    const { repository, clock, collect, tags, has } = under;
    for (let number = 1; number <= 20; number += 1) {
      await pushImage(repository(), version(number), `v${number}`);
      clock.advance(1_000);
    }
    const first = await collect();
    expect(first.totals).toMatchObject({ untagged: 17, removed: 0, freedBytes: 0 });
    expect(await tags()).toEqual(['v18', 'v19', 'v20']);
    clock.advance(day + 1_000);
    expect((await collect()).totals).toMatchObject({ untagged: 0, removed: 17 });
    expect(await has(version(17))).toBe(false);
    clock.advance(day + 1_000);
    const last = await collect();
    expect(last.totals.freedBytes).toBeGreaterThan(17 * 7_000);
    for (const number of [18, 19, 20]) expect(await has(version(number))).toBe(true);
    expect((await repository().blobs.stat(blobOf('base').digest)).size).toBe(4);
    expect((await collect()).totals).toMatchObject({ freedBytes: 0, untagged: 0, removed: 0 });
  });

  it('says in a dry run what each rule decides, and does nothing', async () => {
    const { repository, clock, collect, tags } = retaining({
      retention: [rule({ keepAll: true }, 'v*'), rule({ keepNewest: 1, keepPulledWithin: day }, 'pr-*')],
    });
    await pushManifest(repository(), 'v1', version(1));
    await pushManifest(repository(), 'pr-1', version(2));
    clock.advance(3 * day);
    await pushManifest(repository(), 'pr-2', version(3));
    await pushManifest(repository(), 'main', version(4));
    const { retained, totals } = await collect({ dryRun: true });
    expect(retained.map(({ tag, stays, why }) => `${tag} ${stays ? 'stays' : 'goes'}, ${why}`)).toEqual([
      'main stays, no rule matches it',
      'pr-1 goes, rule 2: not among the newest 1, never pulled',
      'pr-2 stays, rule 2: among the newest 1',
      'v1 stays, rule 1: it keeps all',
    ]);
    expect(totals.untagged).toBe(1);
    expect(await tags()).toEqual(['main', 'pr-1', 'pr-2', 'v1']);
  });

  it('warns of rules that match nothing, and of repositories that they would empty', async () => {
    const rules = [rule({ keepPushedWithin: 1 }, '*', 'team/*'), rule({ keepNewest: 2 }, '*', 'gone/*')];
    const { repository, clock, collect } = retaining({ retention: rules });
    await pushManifest(repository(), 'v1', version(1));
    clock.advance(day);
    expect((await collect({ dryRun: true })).odd).toEqual([
      'retention rule 1 would remove the only tag of team/app',
      'retention rule 2 matches nothing: there is no tag * in repositories gone/*',
    ]);
  });
});

describe('manifests that no tag leads to', () => {
  it('stay for ever unless somebody says otherwise', async () => {
    const { repository, clock, collect, has } = retaining({});
    await pushImage(repository(), version(1), 'v1');
    await pushImage(repository(), version(2), 'v1');
    clock.advance(900 * day);
    await collect();
    expect(await has(version(1))).toBe(true);
  });

  it('go once they were without a tag for so long, and not when they were pushed long ago', async () => {
    const { repository, clock, collect, has } = retaining({ untagged: 7 * day });
    await pushImage(repository(), version(1), 'v1');
    clock.advance(100 * day);
    await pushImage(repository(), version(2), 'v1');
    clock.advance(6 * day);
    expect((await collect()).totals.removed).toBe(0);
    clock.advance(2 * day);
    const { retained, totals } = await collect();
    expect(totals.removed).toBe(1);
    expect(retained).toEqual([
      expect.objectContaining({ digest: version(1).digest, repository: 'team/app', tag: undefined }),
    ]);
    expect(await has(version(1))).toBe(false);
    expect(await has(version(2))).toBe(true);
  });

  it('stay when a tagged index lists them, or a kept image is what they refer to; and go with what they refer to', async () => {
    const { repository, clock, collect, has } = retaining({ untagged: day });
    const [child, alone] = [version(1), version(2)];
    const index = imageIndex({ manifests: [child] });
    const signature = imageManifest({ subject: child, layers: [], annotations: { of: 'child' } });
    const signed = imageManifest({ subject: signature, layers: [], annotations: { of: 'signature' } });
    const lost = imageManifest({ subject: alone, layers: [], annotations: { of: 'alone' } });
    for (const each of [child, alone, signature, signed, lost]) await pushImage(repository(), each, each.digest);
    await pushManifest(repository(), 'v1', index);
    clock.advance(3 * day);
    expect((await collect()).totals.removed).toBe(2);
    for (const each of [child, signature, signed]) expect(await has(each)).toBe(true);
    for (const each of [alone, lost]) expect(await has(each)).toBe(false);
    expect((await repository().referrers.list(child.digest, { artifactTypes: [] })).manifests).toHaveLength(1);
  });

  it('stay while a client was told that they are there', async () => {
    const { repository, clock, collect, has } = retaining({ untagged: 7 * day });
    await pushImage(repository(), version(1), version(1).digest);
    clock.advance(8 * day);
    await repository().manifests.stat(parseReference(version(1).digest));
    expect((await collect()).totals.removed).toBe(0);
    clock.advance(2 * day);
    expect((await collect()).totals.removed).toBe(1);
    expect(await has(version(1))).toBe(false);
  });

  it('go although a client was told of them where whoever collects knows that nobody pushes', async () => {
    const { repository, clock, collect, has } = retaining({ untagged: 7 * day });
    await pushImage(repository(), version(1), version(1).digest);
    clock.advance(8 * day);
    await repository().manifests.stat(parseReference(version(1).digest));
    expect((await collect({ graceMs: 0, dryRun: true })).totals.removed).toBe(1);
    expect((await collect({ graceMs: 0 })).totals.removed).toBe(1);
    expect(await has(version(1))).toBe(false);
  });

  it('stay, all of them, where nobody can tell what leads to them', async () => {
    const { repository, clock, collect, has, store } = retaining({ untagged: day });
    await pushImage(repository(), version(1), version(1).digest);
    clock.advance(9 * day);
    const unknown = { ...blobOf('{}', 'application/vnd.unknown.v1+json').descriptor };
    const object = await store.read(indexKey, 1_000_000);
    const json = JSON.parse(Buffer.from(object?.bytes ?? []).toString()) as { manifests: object[] };
    await store.write(indexKey, Buffer.from(JSON.stringify({ ...json, manifests: [...json.manifests, unknown] })));
    const { totals, skipped } = await collect();
    expect(totals).toMatchObject({ removed: 0, skipped: 1, freedBytes: 0 });
    expect(skipped[0]).toContain('team/app');
    expect(await has(version(1))).toBe(true);
  });
});
