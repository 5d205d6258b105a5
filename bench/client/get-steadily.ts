// Asks at a steady pace, whatever else goes on: each answer is timed from when its request was due, so that those who would have asked while
// nothing was answered are counted as well.

import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { OCI_MANIFEST } from '../content/image.ts';
import { expectStatus } from './expect-status.ts';
import type { GetSteadilyJob, JobResult } from './job.ts';
import { runLoad } from './run-load.ts';

export function getSteadily(job: GetSteadilyJob): Promise<JobResult> {
  const began = performance.now();
  return runLoad(job.port, job.load, async (connection, index, since) => {
    const dueMs = began + index * job.everyMs;
    const isLate = performance.now() > dueMs;
    if (!isLate) await sleep(dueMs - performance.now());
    // A timer of this process that rings late is no fault of the server.
    since(isLate ? dueMs : performance.now());
    const answer = await connection.request(
      'GET',
      job.paths[index % job.paths.length] ?? '',
      `Accept: ${OCI_MANIFEST}\r\n`,
    );
    expectStatus(answer, 200, 'GET manifest');
  });
}
