// What a layout is made with: where it lies, the rules it follows, and what it shares with the other layouts of the process.
import type { Clock } from '../storage/clock.ts';
import type { Log } from '../storage/log.ts';
import type { Key, ObjectStore } from '../storage/object-store.ts';
import type { BlobChecks } from './blobs/blob-checks.ts';
import type { ReferencedBlobs } from './changes/blob-deletions.ts';
import type { ReferrersTagRule } from './changes/referrers-responses.ts';
import type { LayoutPrefix } from './files/keys.ts';
import type { JournalBudget } from './healing/journal-budget.ts';
import type { ReplacedFiles } from './healing/replaced-files.ts';
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
  readonly referencedBlobs: ReferencedBlobs;
  /** Whether responses are made for clients that know no referrers API. */
  readonly referrersTag: ReferrersTagRule;
  /** Looks for referrers also among blobs that nothing leads to. */
  readonly scan: boolean;
  readonly store: ObjectStore;
  readonly checks: BlobChecks;
  readonly caches: ManifestCaches;
  /** Shared by all layouts of the process. */
  readonly journals: JournalBudget;
  readonly replaced: ReplacedFiles;
  /** Where derived facts are kept across restarts; undefined: nowhere. */
  readonly facts: FactsPlace | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Never heals. */
  readonly readOnly: boolean;
  /** Brings what other tools write to the convention by itself, after a quiet time. */
  readonly reconciles: boolean;
  /** Looks at what other programs write are pending, or not any more. */
  readonly onActive: (active: boolean) => void;
  /** Names this process among all that share the root. */
  readonly process: string;
}
