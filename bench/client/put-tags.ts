// Pushes manifests under tags that did not exist: the same manifest every time, or a new one for each tag.

import { imageManifest, OCI_MANIFEST } from '../content/image.ts';
import { expectStatus } from './expect-status.ts';
import type { JobResult, PutTagsJob } from './job.ts';
import { runLoad } from './run-load.ts';

export function putTags(job: PutTagsJob): Promise<JobResult> {
  const one = imageManifest(job.repository);
  const bodies = Array.from({ length: job.load.limit }, (_, index) => {
    return job.manifests === 'one' ? one : imageManifest(`${job.tagPrefix}-${index}`);
  });
  return runLoad(job.port, job.load, async (connection, index) => {
    const target = `/v2/${job.repository}/manifests/${job.tagPrefix}-${index}`;
    const answer = await connection.request(
      'PUT',
      target,
      `Content-Type: ${OCI_MANIFEST}\r\n`,
      bodies.slice(index, index + 1),
    );
    expectStatus(answer, 201, 'PUT manifest');
  });
}
