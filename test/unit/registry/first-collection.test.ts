// The first collection after an upgrade from a version without one: it only says what the next one deletes.
import { expect, it, onTestFinished, vi } from 'vitest';
import { parseReference, parseRepositoryName } from '../../../src/oci/reference.ts';
import { Registry } from '../../../src/registry/registry.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import type { Key } from '../../../src/storage/object-store.ts';
import { blobOf, type Content, imageManifest } from '../../support/content.ts';
import { mountOver } from '../../support/mounts.ts';
import { pushImage } from '../../support/pushes.ts';
import { RecordedLog } from '../../support/registry-under-test.ts';
import { defaultRules } from '../../support/rules.ts';
import { TestClock } from '../../support/test-clock.ts';

const hour = 3_600_000;
const keyOf = (name: string, { digest }: Content) => `${name}/blobs/${digest.replace(':', '/')}` as Key;
const said = 'the first collection after an upgrade deleted nothing';

it('reports what it would delete, and the next one deletes it; layouts that were never pushed to are left alone', async () => {
  const clock = new TestClock();
  const store = new MemoryStore(() => clock.now());
  const log = new RecordedLog();
  const open = (everyMs: number | 'off') => {
    const mounts = [mountOver(store, { collects: true, collectsOnlyPushed: true, origin: 'earlier' })];
    const rules = { ...defaultRules, collection: { everyMs, graceMs: 60 }, keepLeftMs: 0 };
    const registry = new Registry({ mounts, log, clock, rules });
    onTestFinished(() => registry.close());
    return registry;
  };
  const before = open('off');
  const image = imageManifest({ layers: [blobOf('free')] });
  const repository = await before.writable(parseRepositoryName('team/app'));
  await pushImage(repository, image, 'v1');
  await repository.manifests.delete(parseReference(image.digest));
  const foreign = blobOf('of another tool');
  await store.write(keyOf('cache', foreign), foreign.bytes);
  await store.write('cache/index.json' as Key, Buffer.from('{"schemaVersion":2,"manifests":[]}'));
  await before.close();
  clock.advance(hour);

  const upgraded = open(hour);
  await upgraded.start();
  await vi.waitFor(() => expect(log.lines.map(({ message }) => message)).toContain(said), { timeout: 60_000 });
  const named = log.lines.flatMap(({ message, details }) =>
    message === 'the next collection deletes this' ? [(details as { digest?: string }).digest] : [],
  );
  expect(named).toContain(blobOf('free').digest);
  expect(named).not.toContain(foreign.digest);
  expect(await store.stat(keyOf('team/app', blobOf('free')))).toBeDefined();

  clock.advance(2 * hour);
  const gone = async () => expect(await store.stat(keyOf('team/app', blobOf('free')))).toBeUndefined();
  await vi.waitFor(gone, { timeout: 60_000 });
  expect(await store.stat(keyOf('cache', foreign))).toBeDefined();
  expect(log.lines.filter(({ message }) => message === said)).toHaveLength(1);
});
