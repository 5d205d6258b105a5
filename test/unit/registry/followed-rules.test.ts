// Rules that change while a registry runs: collections and retention that were not there at its start.
import { expect, it, onTestFinished, vi } from 'vitest';
import { NameGlob } from '../../../src/oci/name-glob.ts';
import { parseRepositoryName } from '../../../src/oci/reference.ts';
import { Registry } from '../../../src/registry/registry.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import { blobOf, imageManifest } from '../../support/content.ts';
import { mountOver } from '../../support/mounts.ts';
import { pushImage } from '../../support/pushes.ts';
import { RecordedLog } from '../../support/registry-under-test.ts';
import { defaultRules } from '../../support/rules.ts';
import { TestClock } from '../../support/test-clock.ts';

const hour = 3_600_000;
const globs = (text: string) => [NameGlob.parse(text)].filter((glob) => glob !== undefined);
const ruleFor = (tags: string) => ({ repositories: globs('**'), tags: globs(tags), keepNewest: 1 });

async function started() {
  const clock = new TestClock();
  const store = new MemoryStore(() => clock.now());
  const log = new RecordedLog();
  const mounts = [mountOver(store, { collects: true, origin: 'created' })];
  const rules = { ...defaultRules, collection: { everyMs: 'off', graceMs: 60 }, keepLeftMs: 0 } as const;
  const registry = new Registry({ mounts, log, clock, rules });
  onTestFinished(() => registry.close());
  const repository = await registry.writable(parseRepositoryName('team/app'));
  for (const tag of ['v1', 'v2']) {
    await pushImage(repository, imageManifest({ layers: [blobOf(tag)] }), tag);
    clock.advance(1_000);
  }
  await registry.start();
  clock.advance(hour);
  return { registry, repository, log, clock };
}

it('begins to collect, by rules of retention that are new', async () => {
  const { registry, repository } = await started();
  const changed = { collection: { everyMs: hour }, retention: [ruleFor('v*')], untagged: 'keep' } as const;
  registry.follow({ ...defaultRules, ...changed }, { isTold: false });
  const left = async () => expect((await repository.tags.list({ limit: 10 })).items).toEqual(['v2']);
  await vi.waitFor(left, { timeout: 60_000 });
});

it('says what is odd about new rules, to who is to be told', async () => {
  const { registry, log } = await started();
  const odd = (tags: string) => ({ ...defaultRules, retention: [ruleFor(tags)] });
  const said = () => log.lines.map(({ message }) => message).filter((message) => message.includes('matches nothing'));
  registry.follow(odd('silent-*'), { isTold: false });
  registry.follow(odd('told-*'), { isTold: true });
  await vi.waitFor(() => expect(said().join()).toContain('told-*'), { timeout: 60_000 });
  expect(said().join()).not.toContain('silent-*');
});

it('takes pushes up to a quota that is new, beyond it once it is larger, and any once there is none', async () => {
  const { registry, repository } = await started();
  const large = (tag: string) => pushImage(repository, imageManifest({ layers: [blobOf(tag.repeat(100_000))] }), tag);
  const follow = (bytes: number) =>
    registry.follow({ ...defaultRules, quotas: [{ prefix: '', bytes }] }, { isTold: false });
  follow(50_000);
  await expect(large('a')).rejects.toThrow('the quota of the registry is exceeded');
  follow(150_000);
  await large('b');
  await expect(large('c')).rejects.toThrow('the quota of the registry is exceeded');
  registry.follow(defaultRules, { isTold: false });
  await large('c');
});
