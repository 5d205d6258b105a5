// Tags that go by a rule, in a layout that is pushed to at the same time.
import { describe, expect, it, onTestFinished } from 'vitest';
import { Ages } from '../../../../src/layout/collection/ages.ts';
import { firstRecord } from '../../../../src/layout/collection/clock-record.ts';
import type { ImageLayout } from '../../../../src/layout/image-layout.ts';
import type { RepositoryRetention } from '../../../../src/layout/retention/layout-retention.ts';
import type { RetentionRule } from '../../../../src/layout/retention/retention-rule.ts';
import { NameGlob } from '../../../../src/oci/name-glob.ts';
import { parseReference, parseRepositoryName } from '../../../../src/oci/reference.ts';
import { Registry } from '../../../../src/registry/registry.ts';
import type { WritableRepository } from '../../../../src/registry/repository.ts';
import { MemoryStore } from '../../../../src/storage/memory/memory-store.ts';
import type { Key } from '../../../../src/storage/object-store.ts';
import { imageManifest } from '../../../support/content.ts';
import { mountOver } from '../../../support/mounts.ts';
import { pushManifest } from '../../../support/pushes.ts';
import { defaultRules } from '../../../support/rules.ts';
import { silentLog } from '../../../support/silent-log.ts';
import { TestClock } from '../../../support/test-clock.ts';

const day = 86_400_000;
const all = [NameGlob.parse('**')].filter((glob) => glob !== undefined);

function rule(keeps: Omit<RetentionRule, 'repositories' | 'tags'>): RetentionRule {
  return { repositories: all, tags: all, ...keeps };
}

interface Tested {
  readonly clock: TestClock;
  readonly store: MemoryStore;
  readonly repository: WritableRepository;
  readonly layout: ImageLayout;
  readonly tags: () => Promise<readonly string[]>;
  readonly plan: (...rules: RetentionRule[]) => Promise<readonly RepositoryRetention[]>;
  readonly apply: (planned: readonly RepositoryRetention[]) => Promise<readonly string[]>;
  readonly another: () => Promise<Tested>;
}

async function opened(store: MemoryStore, clock: TestClock, slowMs = 0): Promise<Tested> {
  const registry = new Registry({
    mounts: [mountOver(store, { collects: true })],
    log: silentLog,
    clock,
    rules: defaultRules,
  });
  onTestFinished(() => registry.close());
  const repository = await registry.writable(parseRepositoryName('team/app'));
  const found: ImageLayout[] = [];
  await pushManifest(repository, 'first', imageManifest({ annotations: { text: 'first' } }));
  for await (const { layout } of registry.layouts()) found.push(layout);
  const [layout] = found;
  if (layout?.changes === undefined) throw new Error('there is no layout');
  const { changes, retention } = layout;
  const beganMs = clock.now();
  // Each look at the clock takes long, as on a slow disk with many tags.
  let looks = 0;
  const passedMs = () => clock.now() - beganMs + slowMs * looks++;
  const ages = new Ages(firstRecord({ wallMs: beganMs, boot: 'one', uptimeMs: 0 }), passedMs);
  return {
    clock,
    store,
    repository,
    layout,
    tags: async () => (await repository.tags.list({ limit: 100 })).items,
    plan: (...rules) => retention.plan({ rules, ages, nameOf: () => 'team/app' }),
    apply: async (planned) => [...(await retention.apply(planned, changes))].map(({ facts }) => facts.tag),
    another: () => opened(store, clock),
  };
}

async function repositoryOfDays(days: readonly number[], slowMs = 0): Promise<Tested> {
  const clock = new TestClock();
  const tested = await opened(new MemoryStore(() => clock.now()), clock, slowMs);
  await tested.repository.manifests.delete(parseReference('first'));
  for (const [at, ago] of days.entries()) {
    await pushManifest(tested.repository, `v${at + 1}`, imageManifest({ annotations: { text: `${at}` } }));
    clock.advance((ago - (days[at + 1] ?? 0)) * day);
  }
  return tested;
}

describe('retention of a layout', () => {
  it('takes away the tags that no rule keeps; their manifests stay, untagged', async () => {
    const { plan, apply, tags, repository } = await repositoryOfDays([40, 30, 20, 10]);
    const { digest } = await repository.manifests.get(parseReference('v1'));
    const planned = await plan(rule({ keepNewest: 1, keepPushedWithin: 25 * day }));
    expect(await tags()).toEqual(['v1', 'v2', 'v3', 'v4']);
    expect(await apply(planned)).toEqual(['v1', 'v2']);
    expect(await tags()).toEqual(['v3', 'v4']);
    expect((await repository.manifests.get(parseReference(digest))).digest).toBe(digest);
  });

  it('takes no tag for older because it was looked at later', async () => {
    const { plan } = await repositoryOfDays([13, 12, 11, 10], 2 * day);
    const [{ decisions } = { decisions: [] }] = await plan(rule({ keepNewest: 1 }));
    expect(decisions.map(({ facts: { tag }, keep }) => [tag, keep])).toEqual([
      ['v1', undefined],
      ['v2', undefined],
      ['v3', undefined],
      ['v4', 'newest'],
    ]);
  });

  it('knows the times of pushes and pulls after a restart', async () => {
    const tested = await repositoryOfDays([40, 30, 20, 10]);
    await tested.repository.manifests.get(parseReference('v1'));
    await tested.layout.close();
    tested.clock.advance(day);
    const again = await tested.another();
    const [{ decisions } = { decisions: [] }] = await again.plan(
      rule({ keepPulledWithin: 2 * day, keepPushedWithin: 12 * day }),
    );
    expect(decisions.map(({ facts: { tag }, keep }) => [tag, keep])).toEqual([
      ['first', 'pushed'],
      ['v1', 'pulled'],
      ['v2', undefined],
      ['v3', undefined],
      ['v4', 'pushed'],
    ]);
  });

  it('counts a pull by digest for the tags of the digest, and no question what a tag means', async () => {
    const { repository, layout, plan } = await repositoryOfDays([40, 30, 20]);
    const { digest } = await repository.manifests.stat(parseReference('v2'));
    await repository.manifests.get(parseReference(digest));
    await layout.changes?.times.flush();
    const [{ decisions } = { decisions: [] }] = await plan(rule({ keepPulledWithin: day }));
    expect(decisions.map(({ keep }) => keep)).toEqual([undefined, 'pulled', undefined]);
  });

  it('takes a push that changes nothing for a push', async () => {
    const { repository, plan } = await repositoryOfDays([40, 30]);
    await pushManifest(repository, 'v1', imageManifest({ annotations: { text: '0' } }));
    const [{ decisions } = { decisions: [] }] = await plan(rule({ keepNewest: 1 }));
    expect(decisions.map(({ facts: { tag }, keep }) => [tag, keep])).toEqual([
      ['v1', 'newest'],
      ['v2', undefined],
    ]);
  });

  it.each(['the same image', 'another image'])('leaves a tag that was pushed meanwhile, as %s', async (what) => {
    const { repository, plan, apply, tags, another } = await repositoryOfDays([40, 30]);
    const planned = await plan(rule({ keepNewest: 1 }));
    const other = await another();
    const text = what === 'the same image' ? '0' : 'new';
    await pushManifest(other.repository, 'v1', imageManifest({ annotations: { text } }));
    expect(await apply(planned)).toEqual([]);
    expect(await tags()).toContain('v1');
    await repository.manifests.delete(parseReference('v1'));
    expect(await apply(planned)).toEqual([]);
  });

  it('leaves a tag that was pushed meanwhile also among hundreds that go', async () => {
    const { repository, plan, apply, tags, clock } = await repositoryOfDays([40]);
    const image = imageManifest({ annotations: { text: 'many' } });
    for (let at = 100; at < 350; at += 1) await pushManifest(repository, `m${at}`, image);
    clock.advance(day);
    await pushManifest(repository, 'last', imageManifest({ annotations: { text: 'last' } }));
    const planned = await plan(rule({ keepNewest: 1 }));
    await pushManifest(repository, 'm349', image);
    expect(await apply(planned)).toHaveLength(250);
    expect(await tags()).toEqual(['last', 'm349']);
  });

  it('takes the time of its file for a tag that another tool wrote, whatever the entry says', async () => {
    const { store, clock, plan, repository } = await repositoryOfDays([0]);
    clock.advance(50 * day);
    const image = imageManifest({ annotations: { text: 'built long ago' } });
    await store.write(`team/app/blobs/sha256/${image.digest.slice(7)}` as Key, image.bytes);
    const index = JSON.parse(
      Buffer.from((await store.read('team/app/index.json' as Key, 1e6))?.bytes ?? []).toString(),
    ) as {
      manifests: object[];
    };
    const annotations = {
      'org.opencontainers.image.ref.name': 'old',
      'org.opencontainers.image.created': '1970-01-01T00:00:00Z',
    };
    index.manifests.push({ ...image.descriptor, annotations });
    await store.write('team/app/index.json' as Key, Buffer.from(JSON.stringify(index)));
    expect((await repository.manifests.get(parseReference('old'))).digest).toBe(image.digest);
    const [{ decisions } = { decisions: [] }] = await plan(rule({ keepPushedWithin: day }));
    expect(decisions.map(({ facts: { tag }, keep }) => [tag, keep])).toEqual([
      ['old', 'pushed'],
      ['v1', undefined],
    ]);
  });

  it('leaves signatures and referrers to the images that they belong to', async () => {
    const { repository, plan, clock } = await repositoryOfDays([0]);
    const { digest } = await repository.manifests.stat(parseReference('v1'));
    const tag = `${digest.replace(':', '-')}.sig`;
    await pushManifest(repository, tag, imageManifest({ annotations: { text: 'signature' } }));
    await pushManifest(
      repository,
      `sha256-${'0'.repeat(64)}.sig`,
      imageManifest({ annotations: { text: 'of nothing' } }),
    );
    const referrer = imageManifest({ subject: digest, annotations: { text: 'sbom' } });
    await pushManifest(repository, referrer.digest, referrer);
    clock.advance(day);
    const [{ decisions } = { decisions: [] }] = await plan(rule({ keepPushedWithin: 1 }));
    expect(decisions.map(({ facts, keep }) => [facts.tag, keep])).toEqual(
      [
        [digest.replace(':', '-'), 'companion'],
        [`sha256-${'0'.repeat(64)}.sig`, undefined],
        [tag, 'companion'],
        ['v1', undefined],
      ].sort(([one = ''], [other = '']) => (one < other ? -1 : 1)),
    );
  });
});
