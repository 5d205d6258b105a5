// What the inspection of one layout works with.

import type { LayoutKeys } from '../../layout/files/keys.ts';
import type { Digest } from '../../oci/digest.ts';
import type { DirectoryListing } from '../../storage/filesystem/directory-listing.ts';
import type { ObjectInfo, ObjectReader } from '../../storage/object-store.ts';
import type { BlobProgress } from '../../transfer/progress.ts';
import type { FindingList } from './finding-list.ts';

export interface DamagedBlob {
  readonly digest: Digest;
  /** Of the version that was read. */
  readonly info: ObjectInfo;
}

export interface InspectedLayout {
  readonly store: ObjectReader;
  readonly keys: LayoutKeys;
  /** Shows what the store takes for absent; undefined where the store is no directory. */
  readonly files: DirectoryListing | undefined;
  readonly findings: FindingList;
  /** Files that were read and do not hold what their names say: versions that can no longer change unseen. */
  readonly damaged: DamagedBlob[];
  /** Is told of the blobs that are read whole. */
  readonly progress: BlobProgress;
}
