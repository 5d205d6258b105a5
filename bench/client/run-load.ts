// Keeps N connections busy with one operation until the time or the count is used up, and sums up how it went.

import { performance } from 'node:perf_hooks';
import { HttpConnection } from './http-connection.ts';
import type { JobResult, Load } from './job.ts';

/** After this many failures the load stops: a server that refuses everything would otherwise be measured refusing. */
const MAX_FAILURES = 5;

/**
 * Runs `operation(connection, index, since)` with indexes 0, 1, 2 ... ; whatever it throws is counted as a failure. It is timed from where it
 * began, or from the moment that it says by `since`, of `performance.now()`.
 */
export async function runLoad(
  port: number,
  load: Load,
  operation: (connection: HttpConnection, index: number, since: (ms: number) => void) => Promise<void>,
): Promise<JobResult> {
  const latencies: number[] = [];
  let started = 0;
  let failures = 0;
  let firstFailure = '';
  const begin = performance.now();
  const deadline = begin + load.seconds * 1000;

  const worker = async (connection: HttpConnection): Promise<void> => {
    while (started < load.limit && failures < MAX_FAILURES) {
      const before = performance.now();
      if (before >= deadline && started > 0) break;
      const index = started++;
      try {
        let sinceMs = before;
        await operation(connection, index, (ms) => {
          sinceMs = ms;
        });
        latencies.push(performance.now() - sinceMs);
      } catch (error) {
        failures++;
        if (firstFailure === '') firstFailure = error instanceof Error ? error.message : String(error);
      }
    }
    connection.close();
  };

  const connections = Math.min(load.connections, load.limit);
  await Promise.all(Array.from({ length: connections }, () => worker(new HttpConnection(port))));
  // The clock stops with the last answer: what was under way at the deadline is counted with the time it took.
  const seconds = (performance.now() - begin) / 1000;
  const sorted = Float64Array.from(latencies).sort();
  return {
    operations: sorted.length,
    seconds,
    p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    maxMs: sorted.at(-1) ?? 0,
    failures,
    firstFailure,
  };
}
