// Bytes that do not compress and are the same in every run: every server gets the same large blobs.

import { createCipheriv } from 'node:crypto';

/** Up to a few GiB of a key stream; `seed` tells one blob from the next. */
export function randomBytesOf(seed: number, size: number): Buffer {
  const iv = Buffer.alloc(16);
  iv.writeUInt32BE(seed, 0);
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 'moorage-bench'), iv);
  const bytes = Buffer.allocUnsafe(size);
  const zeros = Buffer.alloc(1 << 20);
  for (let at = 0; at < size; at += zeros.length) {
    bytes.set(cipher.update(zeros.subarray(0, Math.min(zeros.length, size - at))), at);
  }
  return bytes;
}
