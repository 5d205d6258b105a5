// How much a verification will read, for whoever watches it: told before the first byte is read, of all repositories together.
import { type LayoutKeys, layoutKeys, poolDirectory, poolKey } from '../layout/files/keys.ts';
import { Pace } from '../layout/pacing/pace.ts';
import type { OpenedMount } from '../mounts/opened-mount.ts';
import { digestAlgorithms, isDigest } from '../oci/digest.ts';
import type { NamedLayout } from '../registry/named-layout.ts';
import type { ObjectReader } from '../storage/object-store.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { BlobProgress } from '../transfer/progress.ts';

/** Each file once, however many names it has. What cannot be listed or looked at is told when it is verified. */
export async function expectAll(
  layouts: readonly NamedLayout[],
  mounts: readonly OpenedMount[],
  progress: BlobProgress,
): Promise<void> {
  for (const { mount, prefix } of layouts) await expect(mount.reader, layoutKeys(prefix), progress);
  for (const { reader } of mounts) await expect(reader, { blob: poolKey, blobs: poolDirectory }, progress);
}

type BlobKeys = Pick<LayoutKeys, 'blob' | 'blobs'>;

async function expect(store: ObjectReader, keys: BlobKeys, progress: BlobProgress): Promise<void> {
  const pace = new Pace();
  for (const algorithm of digestAlgorithms) {
    for (const { name } of await unlessUnreadable(store.list(keys.blobs(algorithm)), [])) {
      const digest = `${algorithm}:${name}`;
      await pace.step();
      if (!isDigest(digest)) continue;
      const size = await unlessUnreadable(store.glance(keys.blob(digest)), undefined);
      if (size !== undefined) progress.blobsExpected([{ digest, size }]);
    }
  }
}

async function unlessUnreadable<Result>(work: Promise<Result>, otherwise: Result): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof StorageError) return otherwise;
    throw error;
  }
}
