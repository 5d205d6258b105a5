// The time, as a parameter: tests move it, nothing sleeps for it.
import { systemUptime, type Uptime } from './uptime.ts';

export interface Clock {
  /** Milliseconds since the epoch: what is compared with times on disk. It jumps, by a step of NTP or in a machine that was resumed. */
  now(): number;
  /** Milliseconds since some moment in the past, never backwards: what waits, rests and deadlines are measured with. */
  elapsed(): number;
  /** Of the machine: how much the clock was moved between two processes. */
  uptime(): Uptime;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  uptime: systemUptime,
};
