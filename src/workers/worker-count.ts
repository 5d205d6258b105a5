// How many processes answer requests.

/** More cores than that serve other programs: each process takes memory of its own. */
const mostByItself = 8;

export interface CountedMachine {
  /** Cores that this process may use (`os.availableParallelism`): a container may have fewer than the machine. */
  readonly cores: number;
  /** What is in the memory of one process is in no other. */
  readonly ephemeral: boolean;
}

export function workerCount(workers: number | 'auto', { cores, ephemeral }: CountedMachine): number {
  if (ephemeral) return 1;
  if (workers !== 'auto') return workers;
  return Math.max(1, Math.min(cores, mostByItself));
}
