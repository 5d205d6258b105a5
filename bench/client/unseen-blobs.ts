// Blobs of one size that nobody has seen before: all share a random beginning and differ in their last bytes, so that one running hash
// serves them all and no connection needs a copy of its own.

import { createHash, randomFillSync } from 'node:crypto';
import type { Body } from './http-connection.ts';

const TAIL_BYTES = 16;
/** Of a larger blob the beginning repeats, so that the client needs no gigabytes. */
const MOST_RANDOM_BYTES = 128 * 2 ** 20;

export interface UnseenBlob {
  readonly digest: string;
  readonly body: Body;
}

/** Digests are computed now, before the clock starts. */
export function unseenBlobs(count: number, blobBytes: number): UnseenBlob[] {
  const shared = beginningOf(blobBytes - TAIL_BYTES);
  const hash = createHash('sha256');
  for (const piece of shared) hash.update(piece);
  return Array.from({ length: count }, (_, index) => {
    const tail = Buffer.from(String(index).padStart(TAIL_BYTES, '0'), 'latin1');
    return { digest: `sha256:${hash.copy().update(tail).digest('hex')}`, body: [...shared, tail] };
  });
}

function beginningOf(bytes: number): Buffer[] {
  const random = randomFillSync(Buffer.allocUnsafe(Math.min(bytes, MOST_RANDOM_BYTES)));
  const whole = new Array<Buffer>(Math.floor(bytes / random.length)).fill(random);
  const rest = random.subarray(0, bytes % random.length);
  return rest.length === 0 ? whole : [...whole, rest];
}
