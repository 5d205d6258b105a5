// The processes this run started (moorage, dockerd, clients), so that none outlives it: not after ^C, a time limit or
// a bug either.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const running = new Set<ChildProcess>();

/** Remembers the process until it ends. */
export function track(child: ChildProcess): void {
  running.add(child);
  child.once('exit', () => running.delete(child));
}

/** Asks the process to end, insists after `limitMs`, and answers once it is gone. */
export async function endProcess(child: ChildProcess, limitMs: number): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), limitMs);
  await exited;
  clearTimeout(late);
}

/** Ends whatever still runs. */
export async function endAllProcesses(): Promise<void> {
  await Promise.all([...running].map((child) => endProcess(child, 10_000)));
}
