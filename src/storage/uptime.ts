// How long the machine has been running: a clock that nobody sets.
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

export interface Uptime {
  /** Another one after each start of the machine; '' where the system does not tell. */
  readonly boot: string;
  /** Milliseconds since that start. */
  readonly ms: number;
}

let boot: string | undefined;

export function systemUptime(): Uptime {
  boot ??= bootOf('/proc/sys/kernel/random/boot_id');
  return { boot, ms: uptime() * 1_000 };
}

function bootOf(file: string): string {
  try {
    return readFileSync(file, 'latin1').trim();
  } catch {
    return ''; // Not on Linux.
  }
}
