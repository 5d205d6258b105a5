// A layout as it is read, by what answers requests and by what changes it: made once, in open-layout.ts.
import type { Clock } from '../../storage/clock.ts';
import type { Log } from '../../storage/log.ts';
import type { ObjectReader } from '../../storage/object-store.ts';
import type { BlobChecks } from '../blobs/blob-checks.ts';
import type { LayoutBlobs } from '../blobs/layout-blobs.ts';
import type { LayoutKeys } from '../files/keys.ts';
import type { IndexReader } from '../index/index-reader.ts';
import type { LayoutVersion } from '../index/layout-version.ts';
import type { DerivedIndexes } from '../manifests/derived-index.ts';
import type { FactsFile } from '../manifests/facts-file.ts';
import type { ManifestLookup } from '../manifests/manifest-lookup.ts';
import type { ManifestReader } from '../manifests/manifest-reader.ts';
import type { LayoutNames } from '../names/repository-names.ts';

export interface ReadLayout {
  readonly store: ObjectReader;
  readonly keys: LayoutKeys;
  /** In the log. */
  readonly name: string;
  readonly index: IndexReader;
  readonly version: LayoutVersion;
  readonly names: LayoutNames;
  readonly checks: BlobChecks;
  readonly blobs: LayoutBlobs;
  readonly manifests: ManifestReader;
  /** Of manifests, from earlier runs; undefined: none are kept. */
  readonly facts: FactsFile | undefined;
  readonly derived: DerivedIndexes;
  readonly lookup: ManifestLookup;
  readonly clock: Clock;
  readonly log: Log;
}
