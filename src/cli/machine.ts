// What of the machine this process may use. Node knows the cores that it is bound to, and from 22 on the share of a container as well:
// `docker run --cpus 1` on a machine of 64 cores shows them all to Node 20.
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { posix } from 'node:path';

export interface Machine {
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  /** Somebody else runs this process as one of several that share a socket (node:cluster, as `pm2 -i` does): it can have none of its own. */
  readonly isWorkerOfOthers: boolean;
}

export function machine(): Machine {
  const limit = process.constrainedMemory() ?? 0;
  return {
    cores: Math.min(availableParallelism(), coresOfGroup(readText)),
    memory: limit > 0 ? Math.min(limit, totalmem()) : totalmem(),
    // Loaded only where there is a parent that talks to us.
    isWorkerOfOthers:
      process.channel !== undefined && Reflect.get(process.getBuiltinModule('node:cluster'), 'isWorker') === true,
  };
}

/**
 * Whole cores that the control group of this process, and those above it, may use; no limit: Infinity. Of a part of a core nothing
 * more is done at once: a container with 1.5 counts as one with 1. `read`: undefined for what is not there.
 */
export function coresOfGroup(read: (path: string) => string | undefined): number {
  const groups = (read('/proc/self/cgroup') ?? '').split('\n').map((line) => line.split(':'));
  let cores = Number.POSITIVE_INFINITY;
  for (const [, controllers = '', group = '/'] of groups) {
    const isFirstVersion = controllers.split(',').includes('cpu');
    if (!isFirstVersion && controllers !== '') continue;
    for (let at = group; ; at = posix.dirname(at)) {
      cores = Math.min(cores, isFirstVersion ? sharesOfFirst(read, at) : sharesOfSecond(read, at));
      if (at === '/' || at === '.') break;
    }
  }
  return Math.max(1, Math.floor(cores));
}

/** "150000 100000": so many microseconds of each hundred thousand; "max 100000": no limit. */
function sharesOfSecond(read: (path: string) => string | undefined, group: string): number {
  const [quota, period] = (read(posix.join('/sys/fs/cgroup', group, 'cpu.max')) ?? '').trim().split(' ');
  return sharesOf(quota, period);
}

/** -1: no limit. */
function sharesOfFirst(read: (path: string) => string | undefined, group: string): number {
  const directory = posix.join('/sys/fs/cgroup/cpu', group);
  return sharesOf(read(`${directory}/cpu.cfs_quota_us`)?.trim(), read(`${directory}/cpu.cfs_period_us`)?.trim());
}

function sharesOf(quota: string | undefined, period: string | undefined): number {
  const shares = Number(quota) / Number(period);
  return shares > 0 ? shares : Number.POSITIVE_INFINITY;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
