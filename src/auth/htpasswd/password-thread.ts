// Checks passwords in a thread of their own: one check takes some 60 ms of computing, and every request would wait.
import { WorkerThread } from '../../storage/worker-thread.ts';
import type { PasswordHash } from './password-hash.ts';

export interface PasswordQuestion {
  readonly password: string;
  readonly hash: PasswordHash;
}

const thread = new WorkerThread<PasswordQuestion, boolean>({
  file: '#password-thread',
  name: 'passwords',
  maxHeapMiB: 64,
});

/** One after the other. Fails when the thread ends over it. */
export function isPasswordOf(hash: PasswordHash, password: string): Promise<boolean> {
  return thread.ask(() => ({ asked: { password, hash }, transfer: [] }));
}
