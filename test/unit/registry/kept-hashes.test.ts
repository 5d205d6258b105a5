// What was hashed is hashed once: for all that ask at the same time, for what was pushed here never again, and for the next process.

import { expect, it } from 'vitest';
import { layoutKeys, ownFactsDirectory } from '../../../src/layout/files/keys.ts';
import { parseRepositoryName } from '../../../src/oci/reference.ts';
import { Registry } from '../../../src/registry/registry.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import { blobOf } from '../../support/content.ts';
import { interleaving } from '../../support/interleaving-store.ts';
import { mountOver } from '../../support/mounts.ts';
import { pushBlob } from '../../support/pushes.ts';
import { defaultRules } from '../../support/rules.ts';

const name = parseRepositoryName('a');
const pushed = blobOf('pushed');
const found = blobOf('found');
const rotten = blobOf('rotten');

function run(memory: MemoryStore) {
  const { store, count } = interleaving(memory);
  const warnings: object[] = [];
  const registry = new Registry({
    mounts: [mountOver(store, { facts: { store, directory: ownFactsDirectory } })],
    log: { info: () => {}, slow: () => {}, warn: (_, details) => warnings.push(details) },
    rules: defaultRules,
  });
  return { registry, count, warnings, repository: () => registry.writable(name) };
}

it('also after a restart, and only of the same files', async () => {
  const memory = new MemoryStore();
  const keys = layoutKeys(name);
  const first = run(memory);
  await pushBlob(await first.repository(), pushed);
  await memory.write(keys.blob(found.digest), found.bytes);
  await memory.write(keys.blob(rotten.digest), Buffer.from('rott'));
  const { blobs } = await first.repository();
  await blobs.stat(pushed.digest);
  expect(first.count('open')).toBe(0);
  await Promise.all(Array.from({ length: 5 }, () => blobs.stat(found.digest)));
  await expect(blobs.stat(rotten.digest)).rejects.toThrow('blob unknown');
  await expect(blobs.stat(rotten.digest)).rejects.toThrow('blob unknown');
  expect(first.warnings).toMatchObject([{ key: keys.blob(rotten.digest), digest: rotten.digest }]);
  const opened = first.count('open');
  for (const { digest } of [pushed, found]) await blobs.stat(digest);
  expect(first.count('open')).toBe(opened);
  await first.registry.close();

  const second = run(memory);
  const again = (await second.repository()).blobs;
  for (const { digest } of [pushed, found]) await again.stat(digest);
  await expect(again.stat(rotten.digest)).rejects.toThrow('blob unknown');
  expect(second.count('open')).toBe(0);
  await memory.write(keys.blob(found.digest), found.bytes);
  await again.stat(found.digest);
  expect(second.count('open')).toBe(1);
  await second.registry.close();
});
