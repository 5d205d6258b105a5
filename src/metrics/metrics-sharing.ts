// Where several processes are one server, a scrape reaches one of them and is told of all.
import type { Family } from './family.ts';

export interface OthersFamilies {
  readonly answers: readonly (readonly Family[])[];
  /** How many processes did not answer in time, or are not there. */
  readonly silent: number;
}

export interface MetricsSharing {
  /** What the others are told when they ask. */
  serve(read: () => Promise<readonly Family[]>): void;
  ask(): Promise<OthersFamilies>;
}
