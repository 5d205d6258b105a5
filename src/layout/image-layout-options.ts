// What a layout is made with: where it lies, the rules it follows, and what it shares with the other layouts of the process.
import type { Clock } from '../storage/clock.ts';
import type { Log } from '../storage/log.ts';
import type { ObjectReader } from '../storage/object-store.ts';
import type { BlobChecks, BlobReadRules } from './blobs/blob-checks.ts';
import type { BlobDeleteRules } from './changes/blob-deletions.ts';
import type { LayoutChangesOptions } from './changes/layout-changes.ts';
import type { ReconcileRules } from './changes/quiet-reconcile.ts';
import type { ResponseRules } from './changes/referrers-responses.ts';
import type { FactsPlace } from './files/kept-lines.ts';
import type { LayoutPrefix } from './files/keys.ts';
import type { ManifestCaches } from './manifests/manifest-caches.ts';
import type { ScanRules } from './manifests/unreferenced-manifests.ts';
import type { NameRules } from './names/name-rules.ts';

export interface ImageLayoutRules
  extends NameRules,
    ScanRules,
    ResponseRules,
    BlobReadRules,
    BlobDeleteRules,
    ReconcileRules {}

export interface ImageLayoutOptions {
  readonly prefix: LayoutPrefix;
  /** The name it is served under: full names that end with it mean the layout itself. */
  readonly name: string;
  readonly rules: ImageLayoutRules;
  readonly store: ObjectReader;
  readonly checks: BlobChecks;
  readonly caches: ManifestCaches;
  /** Where derived facts are kept across restarts; undefined: nowhere. */
  readonly facts: FactsPlace | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Undefined where nothing is written, and nothing healed. */
  readonly changes: LayoutChangesOptions | undefined;
}
