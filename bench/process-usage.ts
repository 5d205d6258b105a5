// What a process and all its children have used, read from /proc: CPU seconds (utime + stime) and resident memory.
// Linux only, like the rest of the benchmark.

import { readdirSync, readFileSync } from 'node:fs';

/** Linux reports CPU times to user space in ticks of 1/100 s (USER_HZ), whatever the kernel's own clock is. */
const TICKS_PER_SECOND = 100;

export interface Memory {
  readonly residentBytes: number;
  /** The highest resident size since the process started (VmHWM). */
  readonly peakBytes: number;
}

/** User and system time of the process, of its running children and of those it has waited for. */
export function cpuSecondsOf(pid: number): number {
  let ticks = 0;
  for (const member of processTree(pid)) {
    const fields = statFields(member);
    if (fields === undefined) continue;
    // utime, stime, cutime, cstime: fields 14 to 17 of proc(5); the list here starts with field 3.
    for (const field of fields.slice(11, 15)) ticks += Number(field);
  }
  return ticks / TICKS_PER_SECOND;
}

/** Resident memory now and at its highest, summed over the process and its running children. */
export function memoryOf(pid: number): Memory {
  let residentBytes = 0;
  let peakBytes = 0;
  for (const member of processTree(pid)) {
    const status = readProcessFile(member, 'status') ?? '';
    residentBytes += kibibytesIn(status, 'VmRSS') * 1024;
    peakBytes += kibibytesIn(status, 'VmHWM') * 1024;
  }
  return { residentBytes, peakBytes };
}

function processTree(root: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = Number(statFields(Number(entry))?.[1]);
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), Number(entry)]);
  }
  const tree = [root];
  for (const member of tree) tree.push(...(childrenOf.get(member) ?? []));
  return tree;
}

/** The fields of /proc/PID/stat from the third on: the second, the command's name, may hold spaces and parentheses. */
function statFields(pid: number): string[] | undefined {
  const text = readProcessFile(pid, 'stat');
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Undefined when the process has gone meanwhile, which is nobody's fault. */
function readProcessFile(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined;
    throw error;
  }
}

function kibibytesIn(status: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
}
