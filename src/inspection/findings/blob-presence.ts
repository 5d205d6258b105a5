// Whether a layout has any blob of its own: one that names manifests and has none was most likely written with a shared directory of blobs.
import type { LayoutKeys } from '../../layout/files/keys.ts';
import { digestAlgorithms } from '../../oci/digest.ts';
import type { ObjectReader } from '../../storage/object-store.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { FindingList } from './finding-list.ts';

/** To be asked once manifests were found to be missing. */
export async function findNoBlobs(store: ObjectReader, keys: LayoutKeys, findings: FindingList): Promise<void> {
  try {
    for (const algorithm of digestAlgorithms) {
      if ((await store.list(keys.blobs(algorithm))).length > 0) return;
    }
  } catch (error) {
    // What may not be listed is told where it is looked through.
    if (error instanceof StorageError) return;
    throw error;
  }
  findings.add('no-blobs', { detail: 'written with a shared directory of blobs? --shared-blobs DIR' });
}
