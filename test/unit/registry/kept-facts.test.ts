// Facts about manifests outlive a restart: the next process parses none of them again, and believes nothing of what is gone.

import { expect, it } from 'vitest';
import { ownFactsDirectory } from '../../../src/layout/files/keys.ts';
import { parseRepositoryName } from '../../../src/oci/reference.ts';
import { Registry } from '../../../src/registry/registry.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import type { Key } from '../../../src/storage/object-store.ts';
import { putLayout } from '../../support/fixture-layouts.ts';
import { interleaving } from '../../support/interleaving-store.ts';
import { mountOver } from '../../support/mounts.ts';
import { referrersIn } from '../../support/pushes.ts';
import { defaultRules } from '../../support/rules.ts';
import { silentLog } from '../../support/silent-log.ts';

const A = 'sha256:d41a8bedca7607ebf8317f657342d13f374c18df27845f704fc9b3d11880da7b' as never;

/** What one process answers about A, and how many objects it read for that. */
async function referrersOfOneRun(memory: MemoryStore, facts: MemoryStore) {
  const { store, count } = interleaving(memory);
  const registry = new Registry({
    mounts: [mountOver(store, { readOnly: true, facts: { store: facts, directory: ownFactsDirectory } })],
    log: silentLog,
    rules: { ...defaultRules, scan: 'lazy' },
  });
  const repository = await registry.repository(parseRepositoryName('shelf'));
  const referrers = await referrersIn(repository, A);
  await registry.close();
  return { referrers, reads: count('read') };
}

it.each([
  'generated/oras/referrers',
  'generated/olareg/referrers',
  'generated/umoci/raw-referrers',
  'generated/hauler/store',
])('of %s', async (fixture) => {
  const [memory, facts] = [new MemoryStore(), new MemoryStore()];
  await putLayout(memory, 'shelf', fixture);
  const first = await referrersOfOneRun(memory, facts);
  const second = await referrersOfOneRun(memory, facts);
  expect(second.referrers).toEqual(first.referrers);
  expect(first.referrers).toHaveLength(2);
  expect(first.reads).toBeGreaterThan(2);
  // index.json alone.
  expect(second.reads).toBe(2);
  const [gone = ''] = first.referrers;
  await memory.delete(`shelf/blobs/${gone.replace(':', '/')}` as Key);
  expect((await referrersOfOneRun(memory, facts)).referrers).toEqual(first.referrers.slice(1));
});
