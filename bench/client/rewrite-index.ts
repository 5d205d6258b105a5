// A program that knows nothing of ours: it reads an index.json and writes it anew, indented by one more or one less space a line, so that no line
// of it is as it was. Uses the file alone, and no server.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobResult, RewriteIndexJob } from './job.ts';
import { runLoad } from './run-load.ts';

export function rewriteIndex(job: RewriteIndexJob): Promise<JobResult> {
  const began = performance.now();
  return runLoad(job.port, { ...job.load, connections: 1 }, async (_connection, index) => {
    await sleep(Math.max(0, began + (index + 0.5) * job.everyMs - performance.now()));
    const text = readFileSync(job.file, 'latin1');
    const written = `${job.file}.bench`;
    writeFileSync(written, text.replaceAll('\n', index % 2 === 0 ? '\n ' : '\n  '), 'latin1');
    renameSync(written, job.file);
  });
}
