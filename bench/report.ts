// The report: where and on what it was measured, what was expected, what we lose, and all figures.

import type { Machine } from './machine.ts';
import type { Outcome } from './measure.ts';
import { expectationsTable } from './report/expectations.ts';
import { figure, table } from './report/format.ts';
import { costLines, lossLines } from './report/losses.ts';
import { otherNodeTable } from './report/other-node.ts';
import { detailsOf, overviewTable } from './report/tables.ts';
import type { Absent, Contestant } from './servers/contestant.ts';

export interface Run {
  readonly outcomes: readonly Outcome[];
  readonly contestants: readonly Contestant[];
  readonly absent: readonly Absent[];
  readonly machine: Machine;
  readonly commit: string;
  readonly date: Date;
  /** How the run differed from the whole long form; empty when it did not. */
  readonly reservation: string;
  /** The short form has smaller repositories than the expectations are about. */
  readonly short: boolean;
}

export function reportOf(run: Run): string {
  const { outcomes, contestants, absent, machine } = run;
  const names = contestants.map(({ name }) => name);
  const sections = [
    '# Benchmark: moorage beside its peers',
    ...(run.reservation === '' ? [] : [`> **${run.reservation}**`]),
    `Written by \`npm run bench\` on ${run.date.toISOString().slice(0, 10)}, commit ${run.commit}. How to read it: [bench/README.md](../README.md).`,
    [
      `- Machine: ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.distribution}, kernel ${machine.kernel}, data on ${machine.fileSystem}, loopback only; load generator and servers share the cores.`,
      ...(machine.hashedMegabytesPerSecond === undefined
        ? []
        : [
            `- openssl hashes ${figure(machine.hashedMegabytesPerSecond)} MB/s with SHA-256 on one core: no push of large blobs can be faster by itself.`,
          ]),
      '- Every figure is the median of rounds in which the servers took turns; a ratio is the median of the ratios of each round, with the lowest and the highest behind it. Above 1 moorage is better.',
      '- Compare inside a line only: absolute figures of other machines, or of another hour, are not comparable.',
    ].join('\n'),
    table(
      ['Server', 'Version', 'Set up'],
      contestants.map(({ name, version, setup }) => [name, version, setup]),
    ),
    ...(absent.length === 0
      ? []
      : [`Not measured: ${absent.map(({ name, reason }) => `${name} (${reason})`).join('; ')}.`]),
    '## Expected of this design',
    run.short ? 'Not judged in the short form: its repositories are smaller.' : expectationsTable(outcomes),
    '## Where we lose',
    listOr(lossLines(outcomes), 'No workload is lost to another registry in this run.'),
    'What an answer costs more than a peer (CPU time of the server, peak memory):',
    listOr(costLines(outcomes), 'Nothing in this run.'),
    '## All workloads',
    overviewTable(outcomes, names),
    ...names
      .filter((name) => name.startsWith('moorage-node'))
      .flatMap((name) => [`## On another Node: ${name}`, otherNodeTable(outcomes, name, names)]),
    '## In detail',
    ...outcomes.map(detailsOf),
  ];
  return `${sections.join('\n\n')}\n`;
}

function listOr(lines: readonly string[], otherwise: string): string {
  return lines.length === 0 ? otherwise : lines.map((line) => `- ${line}`).join('\n');
}
