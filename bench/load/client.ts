// Runs one job in a load client of its own process and refuses a result with failed operations.

import { execFile } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Job, JobResult } from '../client/job.ts';
import type { LoadResult } from './load-result.ts';

const CLIENT = fileURLToPath(new URL('../client/main.js', import.meta.url));
/** Time for the client's own preparation and for the answers that were under way at the deadline. */
const GRACE_SECONDS = 90;

/** A load that is made beside what is measured gives way to it and to the server, as clients elsewhere take no processor from either. */
export function runJobBeside(job: Job): Promise<LoadResult> {
  return runJob(job, constants.priority.PRIORITY_LOW);
}

export async function runJob(job: Job, priority?: number): Promise<LoadResult> {
  const output = await new Promise<string>((resolve, reject) => {
    const timeout = (job.load.seconds + GRACE_SECONDS) * 1000;
    const child = execFile(process.execPath, [CLIENT], { timeout, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${job.kind}: the load client failed: ${stderr.trim() || error.message}`));
    });
    if (priority !== undefined && child.pid !== undefined) setPriority(child.pid, priority);
    child.stdin?.end(JSON.stringify(job));
  });
  const result = JSON.parse(output) as JobResult;
  if (result.failures > 0)
    throw new Error(`${job.kind}: ${result.failures} failed operations, first: ${result.firstFailure}`);
  if (result.operations === 0) throw new Error(`${job.kind}: no operation was answered`);
  return result;
}
