// Loaded by node before a server of ours (--import): notes at its end for how long its event loop was held up at most.

import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { turnsFileVariable } from './turns-file.ts';

/** The start is measured for itself, and nobody waits in the middle of it. */
const startedAfterMs = 1_500;
const resolutionMs = 10;

const file = process.env[turnsFileVariable];
if (file !== undefined) {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  setTimeout(() => delays.enable(), startedAfterMs).unref();
  process.on('exit', () => {
    // In nanoseconds, and with the time that it sleeps in between.
    if (delays.max > 0) appendFileSync(file, `${Math.max(0, delays.max / 1e6 - resolutionMs).toFixed(1)}\n`);
  });
}
