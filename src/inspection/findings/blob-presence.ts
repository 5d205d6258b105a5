// Whether a layout has any blob of its own: one that names manifests and has none was most likely written with a shared directory of blobs.
import type { LayoutKeys } from '../../layout/files/keys.ts';
import { digestAlgorithms } from '../../oci/digest.ts';
import type { DirectoryListing } from '../../storage/filesystem/directory-listing.ts';
import type { ObjectReader } from '../../storage/object-store.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { FindingList } from './finding-list.ts';

interface SeenLayout {
  readonly store: ObjectReader;
  /** Shows links, which the store takes for absent; undefined where the store is no directory. */
  readonly files: DirectoryListing | undefined;
}

/** To be asked once manifests were found to be missing. */
export async function findNoBlobs(
  { store, files }: SeenLayout,
  keys: LayoutKeys,
  findings: FindingList,
): Promise<void> {
  try {
    for (const algorithm of digestAlgorithms) {
      const directory = keys.blobs(algorithm);
      const names = files === undefined ? await store.list(directory) : files.children(directory);
      for (const _ of names) return;
    }
  } catch (error) {
    // What may not be listed is told where it is looked through.
    if (error instanceof StorageError) return;
    throw error;
  }
  findings.add('no-blobs', { detail: 'written with a shared directory of blobs? --shared-blobs DIR' });
}
