// A dry run says what the run does: for the layouts of every tool, with rules that take what they can.
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Collected } from '../../../src/layout/collection/collected.ts';
import type { Retained } from '../../../src/layout/retention/retained.ts';
import { NameGlob } from '../../../src/oci/name-glob.ts';
import { untold } from '../../../src/registry/collection-events.ts';
import type { Registry } from '../../../src/registry/registry.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import type { Key, ObjectStore } from '../../../src/storage/object-store.ts';
import { blobOf, imageManifest } from '../../support/content.ts';
import { fixtureNames, putLayout } from '../../support/fixture-layouts.ts';
import { pushImage } from '../../support/pushes.ts';
import { directoryRegistry, registryOver } from '../../support/registry-under-test.ts';
import { TestClock } from '../../support/test-clock.ts';

const hour = 3_600_000;
const everything = [NameGlob.parse('**')].filter((glob) => glob !== undefined);
const image = imageManifest({ layers: [blobOf('base'), blobOf('app')] });

async function run(registry: Registry, dryRun: boolean, graceMs: number) {
  const deleted: Collected[] = [];
  const retained: Retained[] = [];
  const skipped: string[] = [];
  const signal = new AbortController().signal;
  const [outcome] = await registry.collect({
    ...untold,
    ...{ dryRun, graceMs, onlyPushed: false, isMeant: undefined, signal },
    onDeleted: (deletion) => deleted.push(deletion),
    // A dry run tells as well what stays.
    onRetained: (each) => !each.stays && retained.push(each),
    onSkipped: (repository, why) => skipped.push(`${repository}: ${why}`),
  });
  const inOrder = deleted.map((each) => JSON.stringify(each)).sort();
  return { totals: outcome && 'totals' in outcome ? outcome.totals : outcome, deleted: inOrder, retained, skipped };
}

async function contentsOf(store: ObjectStore, prefix = '' as Key): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { name, kind } of await store.list(prefix)) {
    const key = (prefix === '' ? name : `${prefix}/${name}`) as Key;
    if (kind === 'prefix') found.push(...(await contentsOf(store, key)));
    else found.push(`${key} ${(await store.stat(key))?.version}`);
  }
  return found;
}

const rulesWith = (graceMs: number) => ({
  ...{ collection: { everyMs: 'off' as const, graceMs }, keepLeftMs: graceMs, untagged: graceMs },
  retention: [{ repositories: everything, tags: everything, keepNewest: 1 }],
});

describe('of a dry run and the run after it the same is told', () => {
  for (const graceMs of [0, hour]) {
    it.each(fixtureNames())(`with a grace of ${graceMs} ms: %s`, async (fixture) => {
      const clock = new TestClock();
      const store = new MemoryStore(() => clock.now());
      await putLayout(store, 'team/app', fixture);
      const served = { collects: true, origin: 'created' } as const;
      const { registry, repository } = registryOver(store, clock, rulesWith(graceMs), undefined, served);
      for (const name of ['other', 'team/third']) {
        await pushImage(repository(name), image, 'v1');
        await repository(name).manifests.delete({ kind: 'digest', digest: image.digest });
      }
      clock.advance(2 * hour);
      for (let round = 0; round < 2; round += 1) {
        const before = await contentsOf(store);
        const told = await run(registry, true, graceMs);
        expect(await contentsOf(store)).toEqual(before);
        expect(await run(registry, false, graceMs)).toEqual(told);
        if (graceMs === 0 && round === 0) expect(told.deleted).not.toEqual([]);
        clock.advance(2 * hour);
      }
    });
  }
});

it('the same holds on a disk, where files have several names and directories are left', async () => {
  const graceMs = 0;
  const { registry, repository, root } = await directoryRegistry(rulesWith(graceMs));
  for (const name of ['a/one', 'a/two', 'b']) await pushImage(repository(name), image, 'v1');
  await pushImage(repository('b'), imageManifest({ layers: [blobOf('base')] }), 'v2');
  await repository('a/one').manifests.delete({ kind: 'digest', digest: image.digest });
  cpSync(join(root, 'a/one/blobs'), join(root, 'c/d/e'), { recursive: true });
  const told = await run(registry, true, graceMs);
  expect(readdirSync(join(root, 'a/one/blobs/sha256'))).not.toEqual([]);
  expect(await run(registry, false, graceMs)).toEqual(told);
});
