// Several processes as one: what is added up, what is not, and the text that comes of it.
import { expect, it } from 'vitest';
import { Distribution } from '../../../src/metrics/distribution.ts';
import { EventCounts } from '../../../src/metrics/event-counts.ts';
import { expositionOf, ProcessMetrics } from '../../../src/metrics/exposition.ts';
import { counterOf, type Family, gaugeOf, histogramOf, plain } from '../../../src/metrics/family.ts';

function process(requests: number, free: number, seconds: number): readonly Family[] {
  const distribution = new Distribution([1, 5]);
  distribution.observe(seconds);
  return [
    counterOf('requests_total', 'Requests.', [{ labels: { route: 'a "quoted"\\one' }, value: requests }]),
    gaugeOf('free_bytes', 'Free.', plain(free), 'max'),
    histogramOf('wait_seconds', 'Waits.', distribution.samples('wait_seconds', {})),
  ];
}

it('adds up what each counts, and takes once what all see alike', async () => {
  // As it comes from another process.
  const other = structuredClone(process(4, 1_000, 3));
  const { contentType, text } = await expositionOf([process(3, 1_000, 0.5), other]);
  expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(text.split('\n')).toEqual(
    expect.arrayContaining([
      '# TYPE requests_total counter',
      'requests_total{route="a \\"quoted\\"\\\\one"} 7',
      'free_bytes 1000',
      '# TYPE wait_seconds histogram',
      'wait_seconds_bucket{le="1"} 1',
      'wait_seconds_bucket{le="5"} 2',
      'wait_seconds_bucket{le="+Inf"} 2',
      'wait_seconds_sum 3.5',
      'wait_seconds_count 2',
    ]),
  );
});

it('has the process itself, but for what is measured better elsewhere', async () => {
  const families = await new ProcessMetrics().families();
  const names = families.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'process_start_time_seconds',
    ]),
  );
  expect(names.filter((name) => name.includes('eventloop_lag_'))).toEqual([]);
  const { text } = await expositionOf([families, structuredClone(families) as readonly Family[]]);
  expect(text).toMatch(/^process_start_time_seconds \d+/m);
});

it('counts events where they happen', async () => {
  const events = new EventCounts();
  events.lockWaited(4);
  events.synced(2, true);
  events.synced(3, false);
  events.rewritten(1);
  events.rewritten(60);
  events.healed('files', 3);
  events.collected(2_000, 500);
  events.collectionFailed();
  events.scrubbed(100, true);
  events.scrubbed(20, false);
  const { text } = await expositionOf([events.families()]);
  expect(text.split('\n')).toEqual(
    expect.arrayContaining([
      'moorage_lock_wait_seconds_bucket{le="0.001"} 0',
      'moorage_lock_wait_seconds_bucket{le="0.005"} 1',
      'moorage_fsync_seconds_count 2',
      'moorage_fsync_failures_total 1',
      'moorage_index_rewrites_total 2',
      'moorage_index_batch_edits_sum 61',
      'moorage_heals_total{kind="files"} 3',
      'moorage_heals_total{kind="torn"} 0',
      'moorage_collection_duration_seconds_sum 2',
      'moorage_collection_freed_bytes_total 500',
      'moorage_collection_failures_total 1',
      'moorage_scrub_files_total 2',
      'moorage_scrub_bytes_total 120',
      'moorage_scrub_damaged_total 1',
    ]),
  );
});
