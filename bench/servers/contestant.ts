// One server that takes part: how it is started, how it keeps its data and what a reader has to know about it.

/** The forms in which data is prepared on disk before a server starts; `pushed`: in none, it takes all by HTTP. */
export type StorageForm = 'layouts' | 'distribution' | 'answers' | 'pushed';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What a server is started with: its data, a directory for its configuration and log, and a free port of 127.0.0.1. */
export interface Place {
  readonly root: string;
  readonly scratch: string;
  readonly port: number;
}

/** What it takes to start one. */
export interface Startable {
  readonly name: string;
  command(place: Place): Command;
}

export interface Contestant extends Startable {
  readonly version: string;
  readonly form: StorageForm;
  /** How it was set up, and what its writes promise: printed in the report. */
  readonly setup: string;
  /** Why it has no part in a workload; undefined where it has. */
  sitsOut(workload: string): string | undefined;
}

export function neverSitsOut(): undefined {
  return undefined;
}

/** For a server that is no registry, only a bound. */
export function sitsOutWrites(workload: string): string | undefined {
  return /put|mount/.test(workload) ? 'answers reads only' : undefined;
}

/** A server that cannot take part here, with the reason. */
export interface Absent {
  readonly name: string;
  readonly reason: string;
}

export function isAbsent(entry: Contestant | Absent): entry is Absent {
  return 'reason' in entry;
}
