// What is counted while it happens, beside requests: what was waited for, what was written, what was put right, what goes on by itself.

import type { DeliveryMeters } from '../events/delivery-meters.ts';
import { type ChangeMeters, countedHeals } from '../layout/changes/change-meters.ts';
import type { RegistryMeters, UpkeepMeters } from '../registry/registry-meters.ts';
import type { StorageMeters } from '../storage/storage-meters.ts';
import { Distribution } from './distribution.ts';
import { counterOf, type Family, histogramOf, plain, type Sample } from './family.ts';

/** In seconds, but for the edits. */
const lockBounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30] as const;
const syncBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5] as const;
const batchBounds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] as const;
const collectionBounds = [0.1, 1, 10, 60, 300, 1800, 7200] as const;

export class EventCounts implements StorageMeters, RegistryMeters, DeliveryMeters {
  readonly #locks = new Distribution(lockBounds);
  readonly #syncs = new Distribution(syncBounds);
  readonly #batches = new Distribution(batchBounds);
  readonly #collections = new Distribution(collectionBounds);
  readonly #heals = new Map<string, number>(countedHeals.map((kind) => [kind, 0]));
  #failedSyncs = 0;
  #rewrites = 0;
  #freedBytes = 0;
  #failedCollections = 0;
  #scrubbedFiles = 0;
  #scrubbedBytes = 0;
  #scrubbedDamaged = 0;
  /** By endpoint, which are few, and outcome. */
  readonly #deliveries = new Map<string, Sample>();

  readonly lockWaited: StorageMeters['lockWaited'] = (ms) => this.#locks.observe(ms / 1000);

  readonly synced: StorageMeters['synced'] = (ms, isDone) => {
    this.#syncs.observe(ms / 1000);
    if (!isDone) this.#failedSyncs += 1;
  };

  readonly rewritten: ChangeMeters['rewritten'] = (edits) => {
    this.#rewrites += 1;
    this.#batches.observe(edits);
  };

  readonly healed: ChangeMeters['healed'] = (kind, times) => {
    this.#heals.set(kind, (this.#heals.get(kind) ?? 0) + times);
  };

  readonly collected: UpkeepMeters['collected'] = (ms, freedBytes) => {
    this.#collections.observe(ms / 1000);
    this.#freedBytes += freedBytes;
  };

  readonly collectionFailed: UpkeepMeters['collectionFailed'] = () => {
    this.#failedCollections += 1;
  };

  readonly scrubbed: UpkeepMeters['scrubbed'] = (bytes, isRight) => {
    this.#scrubbedFiles += 1;
    this.#scrubbedBytes += bytes;
    if (!isRight) this.#scrubbedDamaged += 1;
  };

  readonly attempted: DeliveryMeters['attempted'] = (endpoint, outcome) => {
    const key = `${outcome} ${endpoint}`;
    const value = (this.#deliveries.get(key)?.value ?? 0) + 1;
    this.#deliveries.set(key, { labels: { endpoint, outcome }, value });
  };

  families(): readonly Family[] {
    const histogram = (name: string, help: string, values: Distribution) =>
      histogramOf(name, help, values.samples(name, {}));
    const heals = [...this.#heals].map(([kind, value]) => ({ labels: { kind }, value }));
    return [
      counterOf('moorage_index_rewrites_total', 'Replacements of an index.json.', plain(this.#rewrites)),
      histogram('moorage_index_batch_edits', 'Pushes and deletes that one replacement held.', this.#batches),
      histogram('moorage_lock_wait_seconds', 'How long the lock of a directory was waited for.', this.#locks),
      histogram('moorage_fsync_seconds', 'How long syncs of files and directories took.', this.#syncs),
      counterOf('moorage_fsync_failures_total', 'Syncs that failed.', plain(this.#failedSyncs)),
      counterOf('moorage_heals_total', 'What other programs lost and was put right, by its kind.', heals),
      histogram('moorage_collection_duration_seconds', 'How long collections took.', this.#collections),
      counterOf('moorage_collection_freed_bytes_total', 'Bytes that collections freed.', plain(this.#freedBytes)),
      counterOf('moorage_collection_failures_total', 'Collections that failed.', plain(this.#failedCollections)),
      counterOf(
        'moorage_event_deliveries_total',
        'Messages that were sent to endpoints of events, by what became of them: delivered, again (tried once more later), dead.',
        [...this.#deliveries.values()],
      ),
      counterOf('moorage_scrub_files_total', 'Files that the scrub read.', plain(this.#scrubbedFiles)),
      counterOf('moorage_scrub_bytes_total', 'Bytes that the scrub read.', plain(this.#scrubbedBytes)),
      counterOf('moorage_scrub_damaged_total', 'Damaged files that the scrub found.', plain(this.#scrubbedDamaged)),
    ];
  }
}
