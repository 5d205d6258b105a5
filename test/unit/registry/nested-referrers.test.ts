// Referrers that only an index lists: found at any depth, whatever comes and goes beside them.
import { expect, it } from 'vitest';
import { layoutKeys } from '../../../src/layout/files/keys.ts';
import { parseRepositoryName } from '../../../src/oci/reference.ts';
import type { Key } from '../../../src/storage/object-store.ts';
import { type Content, imageIndex, imageManifest, referrerOf } from '../../support/content.ts';
import { pushImage, referrersIn } from '../../support/pushes.ts';
import { type MemoryRegistry, memoryRegistry } from '../../support/registry-under-test.ts';

const name = 'a';
const keys = layoutKeys(parseRepositoryName(name));
const image = imageManifest();
const referrer = referrerOf(image, 'application/vnd.example.sbom.v1');
const inner = imageIndex({ manifests: [image, referrer] });
const outer = imageIndex({ manifests: [inner] });

/** A layout as another tool leaves it: files, and an index.json that lists only `listed`. */
async function layoutWith(files: readonly Content[], listed: readonly Content[]): Promise<MemoryRegistry> {
  const registry = await memoryRegistry();
  for (const file of files) await put(registry, file);
  await list(registry, listed);
  return registry;
}

async function put({ store }: MemoryRegistry, { digest, bytes }: Content): Promise<void> {
  await store.write(keys.blob(digest), bytes);
}

async function list({ store }: MemoryRegistry, entries: readonly Content[]): Promise<void> {
  const manifests = entries.map(({ descriptor }) => descriptor);
  await store.write(`${name}/oci-layout` as Key, Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
  await store.write(keys.index, Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })));
}

it.each([
  ['an index', [inner]],
  ['an index of an index', [outer]],
  ['two indexes', [inner, outer]],
])('are listed once below %s', async (_what, listed) => {
  const { repository } = await layoutWith([image, referrer, inner, outer], listed);
  expect(await referrersIn(repository(name), image.digest)).toEqual([referrer.digest]);
  expect(await referrersIn(repository(name), inner.digest)).toEqual([]);
});

it('are found as soon as their file is there, and not any more once it is gone', async () => {
  const registry = await layoutWith([image, inner], [inner]);
  const app = registry.repository(name);
  expect(await referrersIn(app, image.digest)).toEqual([]);
  await put(registry, referrer);
  await list(registry, [inner, image]);
  expect(await referrersIn(app, image.digest)).toEqual([referrer.digest]);
  await registry.store.delete(keys.blob(referrer.digest));
  await list(registry, [inner]);
  expect(await referrersIn(app, image.digest)).toEqual([]);
});

it('are gone when the index is not listed any more', async () => {
  const registry = await layoutWith([image, referrer, inner], [inner, image]);
  const app = registry.repository(name);
  expect(await referrersIn(app, image.digest)).toEqual([referrer.digest]);
  await list(registry, [image]);
  expect(await referrersIn(app, image.digest)).toEqual([]);
});

it('are listed once when they are pushed, too, and gone when they are deleted', async () => {
  const { repository } = await layoutWith([image, referrer, inner], [inner]);
  const app = repository(name);
  await pushImage(app, referrer);
  expect(await referrersIn(app, image.digest)).toEqual([referrer.digest]);
  await app.manifests.delete({ kind: 'digest', digest: referrer.digest });
  expect(await referrersIn(app, image.digest)).toEqual([]);
});

it('are found beside those that are pushed', async () => {
  const { repository } = await layoutWith([image, referrer, inner], [inner]);
  const app = repository(name);
  const second = referrerOf(image, 'application/vnd.example.signature.v1');
  await pushImage(app, second);
  expect(await referrersIn(app, image.digest)).toEqual([referrer.digest, second.digest].sort());
});
