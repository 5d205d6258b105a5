// The load client: a process of its own, so that its work does not share an event loop with anything. Reads one job
// from stdin, prepares bytes and digests before the clock starts, prints one result.

import { copyImages } from './copy-images.ts';
import { getBlob } from './get-blob.ts';
import { getSteadily } from './get-steadily.ts';
import type { Job, JobResult } from './job.ts';
import { mountBlob } from './mount-blob.ts';
import { putBlobs } from './put-blobs.ts';
import { putTags } from './put-tags.ts';
import { rewriteIndex } from './rewrite-index.ts';
import { useTags } from './use-tags.ts';

async function readStdin(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk;
  return text;
}

function run(job: Job): Promise<JobResult> {
  switch (job.kind) {
    case 'put-tags':
      return putTags(job);
    case 'put-blobs':
      return putBlobs(job);
    case 'get-blob':
      return getBlob(job);
    case 'mount':
      return mountBlob(job);
    case 'images':
      return copyImages(job);
    case 'get-steadily':
      return getSteadily(job);
    case 'use-tags':
      return useTags(job);
    case 'rewrite-index':
      return rewriteIndex(job);
  }
}

process.stdout.write(`${JSON.stringify(await run(JSON.parse(await readStdin()) as Job))}\n`);
