// Several mounts of one registry: which one holds a name, and which one may be cleared away in.

import { expect, it, vi } from 'vitest';
import { parseRepositoryName, type RepositoryName } from '../../../src/oci/reference.ts';
import { newUploadId } from '../../../src/oci/upload-id.ts';
import { mountOf, nameAbove, nameBelow } from '../../../src/registry/mount.ts';
import { Registry } from '../../../src/registry/registry.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import { StorageError } from '../../../src/storage/storage-error.ts';
import { interleaving } from '../../support/interleaving-store.ts';
import { mountOver } from '../../support/mounts.ts';
import { registryOver } from '../../support/registry-under-test.ts';
import { defaultRules } from '../../support/rules.ts';
import { silentLog } from '../../support/silent-log.ts';
import { TestClock } from '../../support/test-clock.ts';

const named = (...names: string[]) => names.map((name) => ({ name: name as RepositoryName | '' }));

it.each([
  ['team/app', ['', 'team', 'team/app'], 'team/app'],
  ['team/app/x', ['', 'team', 'team/app'], 'team/app'],
  ['team/apple', ['', 'team', 'team/app'], 'team'],
  ['teams/app', ['', 'team'], ''],
  ['teams/app', ['team'], undefined],
  ['team', ['team/app', 'team'], 'team'],
])('%s lies in the mount with the longest name of %j', (name, mounts, held) => {
  const mount = mountOf(named(...mounts), parseRepositoryName(name));
  expect(mount?.name).toBe(held);
  if (mount !== undefined) expect(nameAbove(mount, nameBelow(mount, parseRepositoryName(name)))).toBe(name);
});

it('unfinished uploads expire in the mounts that take pushes, and in no other', async () => {
  const clock = new TestClock();
  const stores = [new MemoryStore(() => clock.now()), new MemoryStore(() => clock.now())] as const;
  for (const store of stores) await store.stage(newUploadId(), { repository: 'a' });
  clock.advance(120_000);
  const mounts = stores.map((store, at) => mountOver(store, { name: `m${at}` as RepositoryName, readOnly: at === 0 }));
  const log = silentLog;
  const registry = new Registry({ mounts, log, clock, rules: { ...defaultRules, uploadsExpireAfterMs: 60_000 } });
  await registry.start();
  await vi.waitFor(async () => expect(await stores[1].staged()).toHaveLength(0), { timeout: 60_000 });
  await registry.close();
  expect(await stores[0].staged()).toHaveLength(1);
});

it('a scan at start that cannot find the layouts is told, and ends nothing', async () => {
  const hooked = interleaving(new MemoryStore());
  const { registry, log } = registryOver(hooked.store, undefined, { scan: 'lazy' });
  hooked.rightBefore('list', () => {
    throw new StorageError('unavailable', 'too many open files');
  });
  await registry.scan();
  expect(log.lines.length).toBeGreaterThanOrEqual(1);
});
