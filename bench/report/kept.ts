// The report that was kept last, to be told when a workload got slower since: by the ratios, since figures of another hour say nothing.

import { existsSync, readFileSync } from 'node:fs';
import type { Outcome } from '../measure.ts';
import type { Spread } from '../statistics.ts';
import { moorageAgainst } from './figures.ts';
import { factor } from './format.ts';

type Kept = Omit<Spread, 'count'>;

/** By title of the workload, then by peer. */
export type KeptRatios = ReadonlyMap<string, ReadonlyMap<string, Kept>>;

/** Out of the table "All workloads"; nothing where there is no report. */
export function keptRatios(path: string): KeptRatios {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const [, after = ''] = text.split('\n## All workloads\n');
  const [head, , ...rows] = after.trimStart().split('\n\n')[0]?.split('\n').map(cellsOf) ?? [];
  const columns = (head ?? []).flatMap((cell, at) => {
    const peer = /^moorage \/ (.+)$/.exec(cell)?.[1];
    return peer === undefined ? [] : [{ peer, at }];
  });
  return new Map(
    rows.map((row) => [
      row[0] ?? '',
      new Map(
        columns.flatMap(({ peer, at }) => {
          const ratio = ratioIn(row[at] ?? '');
          return ratio === undefined ? [] : [[peer, ratio]];
        }),
      ),
    ]),
  );
}

/** A line for each workload whose ratio to a peer is below all that the kept report saw of it. */
export function slowerThanKept(outcomes: readonly Outcome[], kept: KeptRatios): string[] {
  return outcomes.flatMap((outcome) => {
    const { title } = outcome.workload;
    return [...(kept.get(title) ?? [])].flatMap(([peer, before]) => {
      const now = moorageAgainst(outcome, peer);
      if (now === undefined || now.median >= before.min) return [];
      const than = `x${factor(before.median)} (${factor(before.min)} to ${factor(before.max)})`;
      const share = `${factor(now.median / before.median)} of that`;
      return [`slower than the kept report: ${title}: x${factor(now.median)} of ${peer}, was ${than}; ${share}`];
    });
  });
}

function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** As format.ts writes them: "x3.2 (2.9 to 3.6)". */
function ratioIn(cell: string): Kept | undefined {
  const [, median, min, max] = /^x(\S+) \((\S+) to (\S+)\)$/.exec(cell) ?? [];
  return median === undefined ? undefined : { median: Number(median), min: Number(min), max: Number(max) };
}
