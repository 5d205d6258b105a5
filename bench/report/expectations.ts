// What is expected of this design, with the measured figure beside it. A figure that misses is reported, never failed.

import type { Outcome } from '../measure.ts';
import type { Spread } from '../statistics.ts';
import { entryOf, moorageAgainst, outcomeOf, valuesOf } from './figures.ts';
import { figure, range, table, times } from './format.ts';

interface Verdict {
  readonly measured: string;
  readonly met: boolean;
}

interface Expectation {
  readonly expected: string;
  /** Undefined when the workloads or peers it needs were not part of this run. */
  judge(outcomes: readonly Outcome[]): Verdict | undefined;
}

function atLeastTimes(workload: string, peer: string, factor: number): Expectation['judge'] {
  return (outcomes) => {
    const outcome = outcomeOf(outcomes, workload);
    const ratio = outcome === undefined ? undefined : moorageAgainst(outcome, peer);
    return ratio === undefined ? undefined : { measured: times(ratio), met: ratio.median >= factor };
  };
}

function under(workload: string, limitMs: number): Expectation['judge'] {
  return (outcomes) => {
    const spread = moorageValues(outcomes, workload);
    if (spread === undefined) return undefined;
    return { measured: `${figure(spread.median)} ms (${range(spread)})`, met: spread.median < limitMs };
  };
}

function moorageValues(outcomes: readonly Outcome[], workload: string): Spread | undefined {
  const outcome = outcomeOf(outcomes, workload);
  const entry = outcome === undefined ? undefined : entryOf(outcome, 'moorage');
  return entry === undefined ? undefined : valuesOf(entry);
}

const EXPECTATIONS: readonly Expectation[] = [
  {
    expected: 'manifest GET, 100 tags: at least 1.8 times olareg',
    judge: atLeastTimes('manifest-get-few', 'olareg', 1.8),
  },
  {
    expected: 'manifest GET, 100 tags: at least 0.6 of bare node:http',
    judge: atLeastTimes('manifest-get-few', 'node-http', 0.6),
  },
  {
    expected: 'manifest GET, 10,000 tags: at least 0.8 of our own figure at 100 tags',
    judge: (outcomes) => {
      const few = moorageValues(outcomes, 'manifest-get-few');
      const many = moorageValues(outcomes, 'manifest-get-many');
      if (few === undefined || many === undefined) return undefined;
      const share = many.median / few.median;
      return {
        measured: `${figure(share)} (medians ${figure(many.median)} and ${figure(few.median)})`,
        met: share >= 0.8,
      };
    },
  },
  {
    expected: 'tag PUT, 64 connections: at least 10 times distribution',
    judge: atLeastTimes('tag-put', 'distribution', 10),
  },
  {
    expected: 'the same with a new manifest for each tag (not asked for; shown because it is the dearer case)',
    judge: atLeastTimes('tag-put-new', 'distribution', 10),
  },
  { expected: 'mount: under 5 ms', judge: under('mount', 5) },
  { expected: 'start with 1,000 repositories: under 300 ms', judge: under('start', 300) },
];

export function expectationsTable(outcomes: readonly Outcome[]): string {
  const rows = EXPECTATIONS.map(({ expected, judge }) => {
    const verdict = judge(outcomes);
    return [
      expected,
      verdict?.measured ?? 'not measured in this run',
      verdict === undefined ? '-' : verdict.met ? 'yes' : '**no**',
    ];
  });
  return table(['Expected', 'Measured', 'Met'], rows);
}
