// What a workload is: data prepared alike for every server, one turn of load, and the figure that comes out of it.

import type { LoadResult } from '../load/load-result.ts';
import type { RunningServer } from '../running-server.ts';
import type { Contestant, StorageForm } from '../servers/contestant.ts';

export interface Unit {
  readonly label: 'requests/s' | 'MB/s' | 'ms';
  readonly better: 'higher' | 'lower';
}

/** How often and how long. Small requests need many rounds, heavy ones show what they have to show in fewer. */
export interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  /** Unmeasured turns before the first round. */
  readonly warmUps: number;
}

export interface Dataset {
  /** Workloads with equal keys share one copy of the data for each server: then none of them may change it. */
  readonly key: string;
  /** Writes what is on disk before the server is started for the first time; `turns` counts rounds and warm-ups. */
  write(form: StorageForm, root: string, turns: number): void;
  /** Pushes what the server has to take in by itself; it is restarted before it is measured. */
  readonly fill: ((url: string) => Promise<void>) | undefined;
}

/** One server's share of one round. `number` is 0 for the first turn, warm-ups included, and never repeats. */
export interface Turn {
  readonly contestant: Contestant;
  readonly server: RunningServer;
  readonly number: number;
  readonly seconds: number;
  readonly scratch: string;
}

interface WorkloadBase {
  readonly name: string;
  /** What is measured, in words, for the report. */
  readonly title: string;
  readonly unit: Unit;
  readonly plan: Plan;
  readonly dataset: Dataset;
  /** Who does not take part, and why: contestant's name to reason. */
  readonly without: ReadonlyMap<string, string>;
  /** What has to be on the machine. */
  readonly needs: Need | undefined;
}

export type Need = 'wrk' | 'docker';

/** Load on servers that have been started before the first round. */
export interface LoadWorkload extends WorkloadBase {
  readonly kind: 'load';
  /** Throws unless the server gives the right answers; called once, before the first round. */
  check(server: RunningServer, contestant: Contestant): Promise<void>;
  turn(turn: Turn): Promise<LoadResult>;
  valueOf(result: LoadResult): number;
  /** Called after each turn, outside of the clock, with the server's data directory. */
  tidy(root: string): void;
}

/** Start of the server: from the spawn to the first 200 for `path`. */
export interface StartWorkload extends WorkloadBase {
  readonly kind: 'start';
  readonly path: string;
}

/** Load on a server that is started for each turn, on an empty directory. */
export interface FreshWorkload extends WorkloadBase {
  readonly kind: 'fresh';
  turn(server: RunningServer): Promise<LoadResult>;
}

export type Workload = LoadWorkload | StartWorkload | FreshWorkload;

export const REQUESTS_PER_SECOND: Unit = { label: 'requests/s', better: 'higher' };
export const MEGABYTES_PER_SECOND: Unit = { label: 'MB/s', better: 'higher' };
export const MILLISECONDS: Unit = { label: 'ms', better: 'lower' };

export const NO_REGISTRIES = [
  ['node-http', 'it is no registry'],
  ['nginx', 'it is no registry'],
  ['crane', 'it keeps manifests in memory'],
] as const;

export const LOG_DOES_NOT_MATTER = ['moorage-log', 'one log line for so much work does not show'] as const;
