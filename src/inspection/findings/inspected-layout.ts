// What the inspection of one layout works with.

import type { LayoutKeys } from '../../layout/files/keys.ts';
import type { Digest } from '../../oci/digest.ts';
import type { DirectoryListing } from '../../storage/filesystem/directory-listing.ts';
import type { ObjectReader } from '../../storage/object-store.ts';
import type { BlobProgress } from '../../transfer/progress.ts';
import type { HashedFiles } from '../hashed-files.ts';
import type { FindingCode } from './finding.ts';
import type { FindingList } from './finding-list.ts';

/** Something that is not there, and what leads to it: an entry of index.json where `holder` is undefined, else a manifest. */
export interface MissingReference {
  readonly code: FindingCode;
  readonly digest: Digest;
  /** By its descriptor. */
  readonly size: number;
  readonly holder: Digest | undefined;
}

/** What kind of finding it is that something is not there: it may be lost, or never have been here. */
export type MissingRule = (missing: MissingReference) => Promise<FindingCode>;

/** For who knows no more than what is there. */
export const asItSeems: MissingRule = async ({ code }) => code;

export interface InspectedLayout {
  readonly store: ObjectReader;
  readonly keys: LayoutKeys;
  /** Shows what the store takes for absent; undefined where the store is no directory. */
  readonly files: DirectoryListing | undefined;
  readonly findings: FindingList;
  /** What is read whole is read once. */
  readonly hashed: HashedFiles;
  readonly missing: MissingRule;
  /** Is told of each blob that is there and cannot be read. */
  readonly onUnreadable: (digest: Digest) => void;
  /** Is told of the blobs that are read whole. */
  readonly progress: BlobProgress;
}
