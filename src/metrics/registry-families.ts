// The figures of a registry as metrics: looked up when they are asked for.
import type { CacheFigures, MountFigures } from '../registry/registry-figures.ts';
import { type Family, gaugeOf, type Sample } from './family.ts';

export function cacheFamilies(caches: readonly CacheFigures[]): readonly Family[] {
  const values = (pick: (figures: CacheFigures) => number | undefined) =>
    caches.flatMap((figures) => sample({ cache: figures.cache }, pick(figures)));
  return [
    gaugeOf(
      'moorage_cache_bytes',
      'Bytes that a cache holds.',
      values(({ bytes }) => bytes),
    ),
    gaugeOf(
      'moorage_cache_entries',
      'How much a cache holds.',
      values(({ entries }) => entries),
    ),
  ];
}

/** All processes of a server see the same disk. */
export function mountFamilies(mounts: readonly MountFigures[]): readonly Family[] {
  const gauge = (name: string, help: string, pick: (figures: MountFigures) => number | undefined) => {
    const values = mounts.flatMap((figures) => sample({ mount: labelOf(figures) }, pick(figures)));
    return gaugeOf(name, help, values, 'max');
  };
  return [
    gauge('moorage_uploads_open', 'Uploads that have bytes and are not finished.', ({ uploadsOpen }) => uploadsOpen),
    gauge('moorage_disk_free_bytes', 'What may still be written to the disk of a mount.', ({ room }) => room?.free),
    gauge('moorage_disk_total_bytes', 'How large the disk of a mount is.', ({ room }) => room?.total),
    gauge(
      'moorage_pool_saved_bytes',
      'What repositories would take more if each had its blobs for itself; looked up every ten minutes.',
      ({ poolSavedBytes }) => poolSavedBytes,
    ),
    gauge('moorage_collection_last_end_timestamp_seconds', 'When the last collection ended.', ({ collectedAtMs }) =>
      seconds(collectedAtMs),
    ),
    gauge('moorage_scrub_last_start_timestamp_seconds', 'When the last scrub began.', ({ scrub }) =>
      seconds(scrub?.startedAtMs),
    ),
    gauge('moorage_scrub_running', '1 while a scrub is under way.', ({ scrub }) =>
      scrub === undefined ? undefined : Number(scrub.nextAtMs === undefined),
    ),
    gauge(
      'moorage_damaged_files',
      'Files that are known to be damaged, and are not served.',
      ({ damagedFiles }) => damagedFiles,
    ),
  ];
}

/** As in quotas: all of the registry that has no name of its own. */
function labelOf({ mount }: MountFigures): string {
  return mount === '' ? '/' : mount;
}

function sample(labels: Sample['labels'], value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [{ labels, value }];
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}
