// Chooses how large blobs are sent, once, when the app is built.
import type { BlobSender } from './blob-sender.ts';
import { PooledSender } from './pooled-sender.ts';
import { loadSendfileCalls } from './sendfile-calls.ts';
import { SendfileSender } from './sendfile-sender.ts';

export function bestSender(): BlobSender {
  const pooled = new PooledSender();
  const calls = loadSendfileCalls();
  return calls === undefined ? pooled : new SendfileSender(calls, pooled);
}
