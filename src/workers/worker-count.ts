// How many processes answer requests.

/** More cores than that serve other programs: each process takes memory of its own. */
const mostByItself = 8;
/** For each that starts by itself: one holds 75 to 95 MiB at rest, and some hundred while large manifests are pushed and indexes read. */
const memoryOfEach = 256 * 1024 * 1024;

export interface CountedMachine {
  /** Whole cores that this process may use: a container may have fewer than the machine. */
  readonly cores: number;
  /** Bytes, of the machine or of the container. */
  readonly memory: number;
  /** What is in the memory of one process is in no other. */
  readonly ephemeral: boolean;
  /** It is one of several processes itself, of a parent that is not ours. */
  readonly isWorkerOfOthers: boolean;
}

export function workerCount(workers: number | 'auto', machine: CountedMachine): number {
  const { cores, memory, ephemeral, isWorkerOfOthers } = machine;
  if (ephemeral || isWorkerOfOthers) return 1;
  if (workers !== 'auto') return workers;
  return Math.max(1, Math.min(cores, mostByItself, Math.floor(memory / memoryOfEach)));
}
