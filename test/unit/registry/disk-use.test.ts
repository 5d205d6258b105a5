// What `moorage du` shows: of repositories of which something is left, and of files that have several names.
import { expect, it } from 'vitest';
import type { Key } from '../../../src/storage/object-store.ts';
import { blobOf, imageManifest } from '../../support/content.ts';
import { pushImage } from '../../support/pushes.ts';
import { memoryRegistry } from '../../support/registry-under-test.ts';

const image = imageManifest({ layers: [blobOf('base')] });

async function usedIn({ registry }: Awaited<ReturnType<typeof memoryRegistry>>) {
  const [use] = await registry.diskUse(
    () => true,
    () => {},
  );
  return use;
}

it('a repository is shown while it has blobs, also when nothing is listed any more', async () => {
  const under = await memoryRegistry();
  await pushImage(under.repository('app'), image, 'v1');
  await under.repository('app').manifests.delete({ kind: 'digest', digest: image.digest });
  const names = async () => (await usedIn(under))?.repositories.map(({ repository }) => repository);
  expect(await names()).toEqual(['app']);
  for (const { digest } of [image.config, ...image.layers])
    await under.store.delete(`app/blobs/${digest.replace(':', '/')}` as Key);
  expect(await names()).toEqual([]);
});

it('a damaged file that was put aside under each of its names counts once', async () => {
  const under = await memoryRegistry();
  const [first, second] = [1, 2].map((at) => `.moorage/quarantine/sha256/${'a'.repeat(64)}.${at}` as Key);
  await under.store.write(first as Key, Buffer.alloc(1_000));
  await under.store.link(first as Key, second as Key);
  expect((await usedIn(under))?.quarantine).toBe(1_000);
});
