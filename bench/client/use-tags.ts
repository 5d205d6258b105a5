// Reads and edits one repository: a manifest by tag, a new tag on one that is there, and now and then a page of the list of tags.

import { imageManifest, OCI_MANIFEST } from '../content/image.ts';
import { tagName } from '../content/repository.ts';
import { expectStatus } from './expect-status.ts';
import type { JobResult, UseTagsJob } from './job.ts';
import { runLoad } from './run-load.ts';

const LIST_EVERY = 20;

export function useTags(job: UseTagsJob): Promise<JobResult> {
  const top = `/v2/${job.repository}`;
  const manifest = imageManifest(`${job.repository}:${tagName(0)}`);
  return runLoad(job.port, job.load, async (connection, index) => {
    const tag = job.tags[index % job.tags.length] ?? '';
    const found = await connection.request('GET', `${top}/manifests/${tag}`, `Accept: ${OCI_MANIFEST}\r\n`);
    expectStatus(found, 200, 'GET manifest');
    const target = `${top}/manifests/${job.tagPrefix}-${index}`;
    const stored = await connection.request('PUT', target, `Content-Type: ${OCI_MANIFEST}\r\n`, [manifest]);
    expectStatus(stored, 201, 'PUT manifest');
    if (index % LIST_EVERY !== 0) return;
    expectStatus(await connection.request('GET', `${top}/tags/list?n=100`), 200, 'GET tags/list');
  });
}
