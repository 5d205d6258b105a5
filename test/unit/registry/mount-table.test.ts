// Mounts that come and go while a registry is served: in one step for whoever asks, and closed when nobody reads them any more.
import { expect, it, onTestFinished } from 'vitest';
import { parseRepositoryName } from '../../../src/oci/reference.ts';
import { Registry } from '../../../src/registry/registry.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import { imageManifest } from '../../support/content.ts';
import { mountOver } from '../../support/mounts.ts';
import { pushImage } from '../../support/pushes.ts';
import { registryOver } from '../../support/registry-under-test.ts';
import { defaultRules } from '../../support/rules.ts';
import { silentLog } from '../../support/silent-log.ts';

const image = imageManifest();

/** A store with one repository `images`, and whether it was closed. */
async function archive() {
  const store = new MemoryStore();
  let isClosed = false;
  const close = store.close.bind(store);
  store.close = async () => {
    isClosed = true;
    await close();
  };
  await pushImage(registryOver(store).repository('images'), image, 'v1');
  return { store, isClosed: () => isClosed };
}

it('what comes is listed and answered, and what goes is not, but still read by whoever has it', async () => {
  const [first, second] = [await archive(), await archive()];
  const mounts = [
    mountOver(first.store, { name: parseRepositoryName('one'), readOnly: true }),
    mountOver(second.store, { name: parseRepositoryName('two'), readOnly: true }),
  ] as const;
  const registry = new Registry({ mounts: [mounts[0]], log: silentLog, rules: defaultRules });
  onTestFinished(() => registry.close());
  const held = await registry.repository(parseRepositoryName('one/images'));
  expect((await registry.catalog({})).items).toEqual(['one/images']);
  registry.exchange([mounts[1]], [mounts[0]]);
  expect((await registry.catalog({})).items).toEqual(['two/images']);
  const tag = { kind: 'tag', tag: 'v1' } as Parameters<typeof held.manifests.get>[0];
  const gone = await registry.repository(parseRepositoryName('one/images'));
  await expect(gone.manifests.get(tag)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  const come = await registry.repository(parseRepositoryName('two/images'));
  expect((await come.manifests.get(tag)).digest).toBe(image.digest);
  expect((await held.manifests.get(tag)).digest).toBe(image.digest);
  expect(first.isClosed()).toBe(false);
});

it('all are closed with the registry, also those that have just gone', async () => {
  const [first, second] = [await archive(), await archive()];
  const one = mountOver(first.store, { name: parseRepositoryName('one'), readOnly: true });
  const two = mountOver(second.store, { name: parseRepositoryName('two'), readOnly: true });
  const registry = new Registry({ mounts: [one, two], log: silentLog, rules: defaultRules });
  registry.exchange([], [one]);
  await registry.close();
  expect([first.isClosed(), second.isClosed()]).toEqual([true, true]);
});
