// What the thread for passwords runs (password-thread.ts starts it).
import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { compareSync } from 'bcryptjs';
import type { PasswordQuestion } from './password-thread.ts';

giveWay();
parentPort?.on('message', ({ password, hash }: PasswordQuestion) => {
  parentPort?.postMessage(compareSync(password, hash));
});

/**
 * Where there are fewer processors than work, requests come before logins: measured on one, 64 of them moved the 99th percentile of others from
 * 10 to 25 ms, and so do not move it. Only Linux means this thread by it, and elsewhere it would be all of the process.
 */
function giveWay(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // A sandbox that forbids it: then they come as others do.
  }
}
