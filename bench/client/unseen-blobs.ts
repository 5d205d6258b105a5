// Blobs of one size that nobody has seen before: all share a random beginning and differ in their last bytes, so that one running hash
// serves them all and no connection needs a copy of its own.

import { createHash, randomFillSync } from 'node:crypto';
import type { Body } from './http-connection.ts';

const TAIL_BYTES = 16;

export interface UnseenBlob {
  readonly digest: string;
  readonly body: Body;
}

/** Digests are computed now, before the clock starts. */
export function unseenBlobs(count: number, blobBytes: number): UnseenBlob[] {
  const shared = randomFillSync(Buffer.allocUnsafe(blobBytes - TAIL_BYTES));
  const hash = createHash('sha256').update(shared);
  return Array.from({ length: count }, (_, index) => {
    const tail = Buffer.from(String(index).padStart(TAIL_BYTES, '0'), 'latin1');
    return { digest: `sha256:${hash.copy().update(tail).digest('hex')}`, body: [shared, tail] };
  });
}
