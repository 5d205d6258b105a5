// Mounts one blob into new repositories. An answer of 202 (an upload session instead of a mount) is a failure.

import { expectStatus } from './expect-status.ts';
import type { JobResult, MountJob } from './job.ts';
import { runLoad } from './run-load.ts';

export function mountBlob(job: MountJob): Promise<JobResult> {
  const query = `mount=${job.digest}&from=${encodeURIComponent(job.from)}`;
  return runLoad(job.port, job.load, async (connection, index) => {
    const answer = await connection.request('POST', `/v2/${job.intoPrefix}-${index}/blobs/uploads/?${query}`);
    expectStatus(answer, 201, 'mount');
  });
}
