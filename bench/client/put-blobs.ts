// Pushes blobs that nobody has seen before, each by POST and PUT. Their digests are computed before the clock starts: all
// blobs share a random beginning and differ in their last bytes, so one running hash serves them all.

import { createHash, randomFillSync } from 'node:crypto';
import { expectStatus } from './expect-status.ts';
import { type HttpConnection, headerOf } from './http-connection.ts';
import type { JobResult, PutBlobsJob } from './job.ts';
import { runLoad } from './run-load.ts';

const TAIL_BYTES = 16;

export function putBlobs(job: PutBlobsJob): Promise<JobResult> {
  const shared = randomFillSync(Buffer.allocUnsafe(job.blobBytes - TAIL_BYTES));
  const hash = createHash('sha256').update(shared);
  const digests = Array.from({ length: job.load.limit }, (_, index) => {
    return `sha256:${hash.copy().update(tailOf(index)).digest('hex')}`;
  });
  // One buffer a connection: a body must not change while it is being sent.
  const bodies = new Map<HttpConnection, Buffer>();

  return runLoad(job.port, job.load, async (connection, index) => {
    const body = bodies.get(connection) ?? Buffer.concat([shared, Buffer.alloc(TAIL_BYTES)]);
    bodies.set(connection, body);
    body.set(tailOf(index), shared.length);
    const session = await connection.request('POST', `/v2/${job.repository}/blobs/uploads/`);
    expectStatus(session, 202, 'POST upload');
    const stored = await connection.request(
      'PUT',
      closingTarget(headerOf(session.head, 'location'), digests[index] ?? ''),
      'Content-Type: application/octet-stream\r\n',
      body,
    );
    expectStatus(stored, 201, 'PUT upload');
  });
}

function tailOf(index: number): Buffer {
  return Buffer.from(String(index).padStart(TAIL_BYTES, '0'), 'latin1');
}

/** The session's Location, which may be absolute and may carry a query of its own, with the digest added. */
function closingTarget(location: string | undefined, digest: string): string {
  if (location === undefined) throw new Error('POST upload: the answer has no Location');
  const target = location.replace(/^https?:\/\/[^/]+/, '');
  return `${target}${target.includes('?') ? '&' : '?'}digest=${digest}`;
}
