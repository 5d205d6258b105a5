// Pushes blobs that nobody has seen before, each by POST and PUT.

import type { JobResult, PutBlobsJob } from './job.ts';
import { putBlob } from './push-blob.ts';
import { runLoad } from './run-load.ts';
import { unseenBlobs } from './unseen-blobs.ts';

export function putBlobs({ port, load, repository, blobBytes }: PutBlobsJob): Promise<JobResult> {
  const blobs = unseenBlobs(load.limit, blobBytes);
  return runLoad(port, load, async (connection, index) => {
    const blob = blobs[index];
    if (blob !== undefined) await putBlob(connection, { repository, ...blob });
  });
}
