// What a layout is made with: where it lies, the rules it follows, and what it shares with the other layouts of the process.
import type { Clock } from '../storage/clock.ts';
import type { Log } from '../storage/log.ts';
import type { Key, ObjectReader, ObjectStore } from '../storage/object-store.ts';
import type { BlobChecks } from './blobs/blob-checks.ts';
import type { LayoutChangesOptions } from './changes/layout-changes.ts';
import type { ReferrersTagRule } from './changes/referrers-responses.ts';
import type { LayoutPrefix } from './files/keys.ts';
import type { ManifestCaches } from './manifests/manifest-caches.ts';
import type { NameRules } from './names/name-rules.ts';

export interface FactsPlace {
  readonly store: ObjectStore;
  readonly directory: Key;
}

export interface ImageLayoutOptions {
  readonly prefix: LayoutPrefix;
  /** The name it is served under: full names that end with it mean the layout itself. */
  readonly name: string;
  readonly names: NameRules;
  /** Looks for referrers also among blobs that nothing leads to. */
  readonly scan: boolean;
  readonly referrersTag: ReferrersTagRule;
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
