// The tables of results: one line a workload for the overview, one table a workload for the details.

import type { Entry, Outcome } from '../measure.ts';
import { spreadOf } from '../statistics.ts';
import { cpuMicroseconds, entryOf, moorageAgainst, valuesOf } from './figures.ts';
import { figure, mebibytes, range, table, times } from './format.ts';

export function overviewTable(outcomes: readonly Outcome[], names: readonly string[]): string {
  const peers = names.filter((name) => !name.startsWith('moorage'));
  const head = ['Workload', 'Unit', ...names, ...peers.map((peer) => `moorage / ${peer}`)];
  const rows = outcomes.map((outcome) => {
    const { title, unit } = outcome.workload;
    const label = unit.better === 'higher' ? unit.label : `${unit.label}, less is better`;
    return [
      title,
      label,
      ...names.map((name) => medianIn(outcome, name)),
      ...peers.map((peer) => ratioIn(outcome, peer)),
    ];
  });
  return table(head, rows);
}

export function detailsOf(outcome: Outcome): string {
  const { workload } = outcome;
  const head = [
    'Server',
    `Median ${workload.unit.label}`,
    'Range',
    'p50 ms',
    'p99 ms',
    'Max ms',
    'moorage / it',
    'CPU us/operation',
    'RSS MiB',
    'Peak MiB',
    'Longest turn ms',
  ];
  const rows = outcome.entries.filter(({ samples }) => samples.length > 0).map((entry) => detailRow(outcome, entry));
  const rounds = Math.max(0, ...outcome.entries.map(({ samples }) => samples.length));
  const notes = [
    `${rounds} rounds${workload.kind === 'load' ? ` of ${workload.plan.seconds} s` : ''} after ${workload.plan.warmUps} to warm up.`,
    ...[...workload.without].map(([name, reason]) => `${name} does not take part: ${reason}.`),
    ...outcome.entries
      .filter(({ failure }) => failure !== '')
      .map((entry) => `**${entry.contestant.name} failed**: ${oneLine(entry.failure)}`),
  ];
  return [`### ${workload.name}: ${workload.title}`, table(head, rows), notes.join(' ')].join('\n\n');
}

function detailRow(outcome: Outcome, entry: Entry): string[] {
  const { name } = entry.contestant;
  const values = valuesOf(entry);
  return [
    name,
    values === undefined ? '-' : figure(values.median),
    values === undefined ? '-' : range(values),
    medianOf(entry, 'p50Ms'),
    medianOf(entry, 'p99Ms'),
    figure(Math.max(...entry.samples.map(({ maxMs }) => maxMs))),
    name === 'moorage' ? '1' : ratioIn(outcome, name),
    figure(cpuMicroseconds(entry)),
    mebibytes(entry.memory.residentBytes),
    mebibytes(entry.memory.peakBytes),
    entry.longestTurnMs === undefined ? '-' : figure(entry.longestTurnMs),
  ];
}

function medianOf(entry: Entry, key: 'p50Ms' | 'p99Ms'): string {
  const spread = spreadOf(entry.samples.map((sample) => sample[key]));
  return spread === undefined ? '-' : figure(spread.median);
}

function medianIn(outcome: Outcome, name: string): string {
  const entry = entryOf(outcome, name);
  const values = entry === undefined ? undefined : valuesOf(entry);
  return values === undefined ? '-' : figure(values.median);
}

function ratioIn(outcome: Outcome, peer: string): string {
  const ratio = moorageAgainst(outcome, peer);
  return ratio === undefined ? '-' : times(ratio);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 300);
}
