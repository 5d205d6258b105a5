// What is known of the machine's clock over months: how far it was set, and since when it was watched. Pure; kept in a file by whoever
// collects (docs/collection.md#time).

/** One look at the clocks. */
export interface ClockReading {
  /** Of the file system that the stamps come from, in milliseconds since the epoch. */
  readonly wallMs: number;
  /** Which start of the machine, and how long ago that was. */
  readonly boot: string;
  readonly uptimeMs: number;
}

/** Stamps before `beforeMs` were written `byMs` later than they say: the clock was set forward since. */
export interface ForwardJump {
  readonly beforeMs: number;
  readonly byMs: number;
}

export interface ClockRecord extends ClockReading {
  /** The uptime at which this start of the machine was first looked at. */
  readonly watchedFromMs: number;
  /** How far the clock had moved by then since the look before, over a start of the machine: nobody can tell how much time that was. */
  readonly gapMs: number;
  readonly jumps: readonly ForwardJump[];
  /** Stamps ahead of the clock, up to this one, were known at `atMs`: the clock was set back since they were written. */
  readonly ahead: { readonly upToMs: number; readonly atMs: number } | undefined;
}

/** A clock that NTP slows down or speeds up is within this of the uptime. */
const steadyShare = 0.001;
const steadyMs = 5_000;
const maxJumps = 16;
const meetingMs = 60_000;
/** Whoever has no clock that runs on a battery gets the time from a server within hours of a start, or never. */
const longestWatchMs = 6 * 3_600_000;

export function firstRecord(reading: ClockReading): ClockRecord {
  return { ...reading, watchedFromMs: reading.uptimeMs, gapMs: 0, jumps: [], ahead: undefined };
}

export function nextRecord(before: ClockRecord, reading: ClockReading): ClockRecord {
  // Two processes looked at the same time, and the later one was faster to write it down.
  const behind = before.uptimeMs - reading.uptimeMs;
  if (reading.boot === before.boot && behind > 0 && (reading.boot !== '' || behind < meetingMs)) return before;
  const moved = reading.wallMs - before.wallMs;
  const next = { ...before, ...reading };
  if (reading.boot !== before.boot || reading.uptimeMs < before.uptimeMs) {
    const restarted = { ...next, watchedFromMs: reading.uptimeMs, gapMs: Math.max(0, moved) };
    return moved < 0 ? setBack(restarted, before.wallMs + steadyMs, reading) : restarted;
  }
  const passed = reading.uptimeMs - before.uptimeMs;
  const jump = moved - passed;
  const looseMs = steadyMs + passed * steadyShare;
  if (Math.abs(jump) <= looseMs) return next;
  // The last stamps before it may be later than the uptime tells: by as much as is no jump. None after a jump ahead is as early.
  const lastMs = before.wallMs + passed + looseMs;
  return jump < 0 ? setBack(next, lastMs, reading) : setForward(next, { beforeMs: lastMs, byMs: jump });
}

/** Those ahead of the clock that were found in a run: from now on they are known. */
export function withAhead(record: ClockRecord, upToMs: number): ClockRecord {
  if (upToMs <= (record.ahead?.upToMs ?? record.wallMs)) return record;
  return { ...record, ahead: { upToMs, atMs: record.wallMs } };
}

/** How long nothing may be deleted as yet: after a long gap the clock may have been set wrong, and is watched first. */
export function watchLeftMs({ gapMs, uptimeMs, watchedFromMs }: ClockRecord, graceMs: number): number {
  if (gapMs <= graceMs) return 0;
  return Math.max(0, Math.min(graceMs, longestWatchMs) - (uptimeMs - watchedFromMs));
}

/** The stamp as it would be, had the clock been right when it was written. */
export function correctedStamp({ jumps }: ClockRecord, stampMs: number): number {
  return jumps.reduce((stamp, { beforeMs, byMs }) => (stamp < beforeMs ? stamp + byMs : stamp), stampMs);
}

function setForward(record: ClockRecord, jump: ForwardJump): ClockRecord {
  const all = [...record.jumps, jump];
  const [oldest, second, ...others] = all;
  if (all.length <= maxJumps || oldest === undefined || second === undefined) return { ...record, jumps: all };
  // Two as one that makes everything younger than either.
  const merged = { beforeMs: Math.max(oldest.beforeMs, second.beforeMs), byMs: oldest.byMs + second.byMs };
  return { ...record, jumps: [merged, ...others] };
}

function setBack(record: ClockRecord, lastMs: number, { wallMs }: ClockReading): ClockRecord {
  const upToMs = Math.max(lastMs, record.ahead?.upToMs ?? 0);
  return { ...record, ahead: { upToMs, atMs: wallMs } };
}
