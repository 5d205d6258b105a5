// Referrers that nothing leads to, found by a look into the blobs (docs/layouts.md#unreferenced-manifests).
import { describe, expect, it } from 'vitest';
import { parseRepositoryName } from '../../../../src/oci/reference.ts';
import { MemoryStore } from '../../../../src/storage/memory/memory-store.ts';
import type { Key } from '../../../../src/storage/object-store.ts';
import { StorageError } from '../../../../src/storage/storage-error.ts';
import { blobOf, type Content, imageManifest, referrerOf } from '../../../support/content.ts';
import { putLayout } from '../../../support/fixture-layouts.ts';
import { interleaving } from '../../../support/interleaving-store.ts';
import { codeOf, digestAt, pushBlob, pushImage, pushManifest, referrersIn } from '../../../support/pushes.ts';
import { memoryRegistry, registryOver } from '../../../support/registry-under-test.ts';

const A = 'sha256:d41a8bedca7607ebf8317f657342d13f374c18df27845f704fc9b3d11880da7b' as never;
const keyOf = ({ digest }: Content) => `team/app/blobs/${digest.replace(':', '/')}` as Key;

describe('a scan', () => {
  it('looks into each blob once, and lists them once for each state of the index', async () => {
    const memory = new MemoryStore();
    await putLayout(memory, 'team/app', 'generated/umoci/raw-referrers');
    const { store, count } = interleaving(memory);
    const { repository } = registryOver(store, undefined, { scan: 'lazy' });
    expect(await referrersIn(repository(), A)).toHaveLength(2);
    const [lists, reads] = [count('list'), count('read')];
    for (let times = 0; times < 3; times += 1) await referrersIn(repository(), A);
    expect([count('list'), count('read')]).toEqual([lists, reads]);
    const before = count('open');
    await pushImage(repository(), imageManifest({ layers: 0 }), 'v9');
    expect(await referrersIn(repository(), A)).toHaveLength(2);
    // The config and the manifest that came with the push.
    expect(count('open') - before).toBeLessThanOrEqual(2);
  });

  it('that fails is done again for the next who asks, and is nobody else’s failure', async () => {
    const memory = new MemoryStore();
    await putLayout(memory, 'team/app', 'generated/umoci/raw-referrers');
    const hooked = interleaving(memory);
    const { repository } = registryOver(hooked.store, undefined, { scan: 'lazy' });
    hooked.rightBefore('list', () => {
      throw new StorageError('unavailable', 'too many open files');
    });
    await expect(referrersIn(repository(), A)).rejects.toThrow(StorageError);
    expect(await referrersIn(repository(), A)).toHaveLength(2);
  });

  it('finds nothing that was deleted through us, and no other tool brought back', async () => {
    const { repository, store } = await memoryRegistry({ scan: 'lazy' });
    const image = imageManifest();
    const sbom = referrerOf(image, 'application/vnd.example.sbom');
    await pushImage(repository(), image, 'v1');
    await pushBlob(repository(), sbom.config);
    await pushManifest(repository(), sbom.digest, sbom);
    expect(await referrersIn(repository(), image.digest)).toEqual([sbom.digest]);
    await repository().manifests.delete({ kind: 'digest', digest: sbom.digest });
    expect(await referrersIn(repository(), image.digest)).toEqual([]);
    expect(await store.stat(keyOf(sbom))).toBeUndefined();
    expect(await digestAt(repository(), sbom.digest)).toBeUndefined();
  });

  it('takes no blob for a manifest that does not say it is one, is damaged, or is too large', async () => {
    const { repository, store } = await memoryRegistry({ scan: 'lazy' });
    const image = imageManifest();
    await pushImage(repository(), image, 'v1');
    const good = referrerOf(image, 'application/vnd.example.good');
    const large = referrerOf(image, 'application/vnd.example.large', { text: 'x'.repeat(5 * 1024 * 1024) });
    const damaged = referrerOf(image, 'application/vnd.example.damaged');
    const plain = blobOf(JSON.stringify({ subject: image.descriptor }));
    for (const each of [good, large, plain]) await store.write(keyOf(each), each.bytes);
    await store.write(keyOf(damaged), good.bytes);
    for (const name of ['not-hex', `${'A'.repeat(64)}`])
      await store.write(`team/app/blobs/sha256/${name}` as Key, good.bytes);
    // A push makes the next state of the index.
    await pushManifest(repository(), 'v2', image);
    expect(await referrersIn(repository(), image.digest)).toEqual([good.digest]);
    expect(await digestAt(repository(), good.digest)).toBe(good.digest);
    expect(await codeOf(repository().manifests.get({ kind: 'digest', digest: plain.digest }))).toBe('MANIFEST_UNKNOWN');
  });

  it('is not done unless it is wanted', async () => {
    const memory = new MemoryStore();
    await putLayout(memory, 'team/app', 'generated/umoci/raw-referrers');
    const { registry } = registryOver(memory);
    const { referrers } = await registry.repository(parseRepositoryName('team/app'));
    expect((await referrers.list(A, { artifactTypes: [] })).manifests).toEqual([]);
  });
});
