// Pulls one blob again and again; the bytes are copied out of the kernel, counted and dropped.

import { expectStatus } from './expect-status.ts';
import type { GetBlobJob, JobResult } from './job.ts';
import { runLoad } from './run-load.ts';

export function getBlob(job: GetBlobJob): Promise<JobResult> {
  return runLoad(job.port, job.load, async (connection) => {
    const answer = await connection.request('GET', job.path);
    expectStatus(answer, 200, 'GET blob');
    if (answer.bodyBytes !== job.blobBytes) throw new Error(`GET blob: ${answer.bodyBytes} of ${job.blobBytes} bytes`);
  });
}
