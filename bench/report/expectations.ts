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

function expectTimes(workload: string, what: string, peer: string, factor: number): Expectation {
  return { expected: `${what}: at least ${factor} times ${peer}`, judge: atLeastTimes(workload, peer, factor) };
}

const EXPECTATIONS: readonly Expectation[] = [
  expectTimes('manifest-get-few', 'manifest GET, 100 tags', 'olareg', 3.5),
  expectTimes('manifest-get-few', 'manifest GET, 100 tags', 'node-http', 0.75),
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
  expectTimes('tags-list-few', 'tags/list of 100', 'olareg', 3),
  expectTimes('tags-list-few', 'tags/list of 100', 'node-http', 0.75),
  expectTimes('tags-list-many', 'tags/list of 10,000', 'node-http', 0.75),
  expectTimes('referrers', 'referrers of a subject with 1,000', 'olareg', 4),
  expectTimes('referrers', 'referrers of a subject with 1,000', 'node-http', 0.75),
  expectTimes('blob-get-4k', 'blob GET 4 KiB', 'olareg', 1.1),
  expectTimes('blob-get-4k', 'blob GET 4 KiB', 'node-http', 0.75),
  expectTimes('blob-get-100m-c1', 'blob GET 100 MiB, 1 at once', 'olareg', 1.2),
  expectTimes('blob-get-100m-c4', 'blob GET 100 MiB, 4 at once', 'olareg', 1),
  expectTimes('blob-put-1k', 'blob PUT 1 KiB (olareg does not sync)', 'olareg', 1),
  expectTimes('blob-put-1k', 'blob PUT 1 KiB', 'distribution', 10),
  expectTimes('blob-put-100m-c1', 'blob PUT 100 MiB, 1 at once', 'olareg', 1.3),
  expectTimes('blob-put-100m-c4', 'blob PUT 100 MiB, 4 at once', 'olareg', 0.95),
  expectTimes('tag-put', 'tag PUT, 64 connections', 'distribution', 10),
  expectTimes('tag-put-new', 'tag PUT, a new manifest each', 'distribution', 6),
  expectTimes('tag-put-c1', 'tag PUT, 1 connection', 'distribution', 1),
  expectTimes('mount', 'mount', 'distribution', 1),
  { expected: 'mount: under 5 ms', judge: under('mount', 5) },
  {
    expected: 'p99 of a small GET beside heavy work: under 10 ms',
    judge: under('manifest-get-beside', 10),
  },
  expectTimes('start', 'start with 1,000 repositories', 'node-http', 0.5),
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
