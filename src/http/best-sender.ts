// Chooses how large blobs are sent, once, when the app is built.
import type { BlobSender } from './blob-sender.ts';
import { PooledSender } from './pooled-sender.ts';
import { SendfileSender } from './sendfile-sender.ts';
import { loadSystemCalls } from './system-calls.ts';

export function bestSender(): BlobSender {
  const pooled = new PooledSender();
  const calls = loadSystemCalls();
  return calls === undefined ? pooled : new SendfileSender(calls, pooled);
}
