// Look-ups in the outcomes that the report's sections share.

import { type Entry, type Outcome, ratioOf } from '../measure.ts';
import { type Spread, spreadOf } from '../statistics.ts';

/** One server's entry in one workload, if it took part and was measured at all. */
export function entryOf(outcome: Outcome, name: string): Entry | undefined {
  return outcome.entries.find((entry) => entry.contestant.name === name && entry.samples.length > 0);
}

export function outcomeOf(outcomes: readonly Outcome[], workload: string): Outcome | undefined {
  return outcomes.find((outcome) => outcome.workload.name === workload);
}

export function valuesOf(entry: Entry): Spread | undefined {
  return spreadOf(entry.samples.map(({ value }) => value));
}

/** How many times better moorage, its request log off, is than `peer`. */
export function moorageAgainst(outcome: Outcome, peer: string): Spread | undefined {
  const ours = entryOf(outcome, 'moorage');
  const theirs = entryOf(outcome, peer);
  return ours === undefined || theirs === undefined ? undefined : ratioOf(outcome.workload, ours, theirs);
}

/** CPU time of the server for one operation, in microseconds: the median of the rounds. */
export function cpuMicroseconds(entry: Entry): number {
  return spreadOf(entry.samples.map((sample) => (sample.cpuSeconds / sample.operations) * 1e6))?.median ?? 0;
}
