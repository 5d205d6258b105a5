// How a worker is forked, and the first one before anybody knows what it is to do: it loads its modules on another core while the parent reads
// the command line and the settings, and a server of several processes answers about as early as one of a single process.
import cluster, { type Worker } from 'node:cluster';
import { createRequire } from 'node:module';

export interface BegunWorker {
  readonly worker: Worker;
  /** It waits to be told what to do. */
  hasSpoken: boolean;
}

let begun: BegunWorker | undefined;
let isPrepared = false;

export function forkedWorker(): Worker {
  if (!isPrepared) prepare();
  return cluster.fork();
}

export function beginFirstWorker(): void {
  const first: BegunWorker = { worker: forkedWorker(), hasSpoken: false };
  first.worker.once('message', () => {
    first.hasSpoken = true;
  });
  // That it could not be started shows when it is wanted, as that it has ended.
  first.worker.on('error', () => {});
  begun = first;
}

/** Undefined where none was begun, or where it has ended since. */
export function takeFirstWorker(): BegunWorker | undefined {
  const taken = begun;
  begun = undefined;
  return taken?.worker.isConnected() === true && !taken.worker.isDead() ? taken : undefined;
}

/** Nobody wants it. */
export function dismissFirstWorker(): void {
  begun?.worker.process.kill('SIGKILL');
  begun = undefined;
}

function prepare(): void {
  isPrepared = true;
  // The socket is in the parent, and each connection is given to the worker that has the fewest (handed-connections.ts). Where all workers
  // accept from one shared socket, four connections came as 1 and 3 in two of three runs, and 64 as 25 and 39 with two thirds of the
  // requests a second: who wakes first takes all that wait.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({
    exec: createRequire(import.meta.url).resolve('#server-worker'),
    args: [],
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}
