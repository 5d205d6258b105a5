// Every workload in which a registry is better than moorage, in plain words.

import type { Outcome } from '../measure.ts';
import type { Spread } from '../statistics.ts';
import { cpuMicroseconds, entryOf, moorageAgainst, valuesOf } from './figures.ts';
import { figure, mebibytes } from './format.ts';

const REGISTRIES = ['olareg', 'distribution'];

/** One line for each pair of workload and registry that we lose, or lose in some rounds. */
export function lossLines(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap((outcome) =>
    REGISTRIES.flatMap((peer) => {
      const ratio = moorageAgainst(outcome, peer);
      if (ratio === undefined || ratio.min >= 1) return [];
      if (ratio.median >= 1) {
        return [
          `Not decided: ${outcome.workload.title}: in the worst of ${ratio.count} rounds ${peer} was ahead (${share(ratio)}).`,
        ];
      }
      return [
        `**${outcome.workload.title}**: ${peer} is ${figure(1 / ratio.median)} times as fast${sayFigures(outcome, peer)}; ${share(ratio)}.`,
      ];
    }),
  );
}

/** The same for what an answer costs: CPU time of the server, and its highest memory. */
export function costLines(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap((outcome) => {
    const ours = entryOf(outcome, 'moorage');
    if (ours === undefined) return [];
    return REGISTRIES.flatMap((peer) => {
      const theirs = entryOf(outcome, peer);
      if (theirs === undefined) return [];
      const costs: string[] = [];
      const cpu = cpuMicroseconds(ours) / cpuMicroseconds(theirs);
      if (cpu > 1) costs.push(`${figure(cpu)} times the CPU time`);
      const memory = ours.memory.peakBytes / theirs.memory.peakBytes;
      const megabytes = `${mebibytes(ours.memory.peakBytes)} against ${mebibytes(theirs.memory.peakBytes)} MiB`;
      if (memory > 1) costs.push(`${figure(memory)} times the peak memory (${megabytes})`);
      return costs.length === 0 ? [] : [`${outcome.workload.title}: ${costs.join(' and ')} of ${peer}.`];
    });
  });
}

function sayFigures(outcome: Outcome, peer: string): string {
  const ours = entryOf(outcome, 'moorage');
  const theirs = entryOf(outcome, peer);
  const [our, their] = [ours && valuesOf(ours), theirs && valuesOf(theirs)];
  if (our === undefined || their === undefined) return '';
  return ` (${figure(their.median)} against our ${figure(our.median)} ${outcome.workload.unit.label})`;
}

function share(ratio: Spread): string {
  return `ours is ${figure(ratio.median)} of theirs, between ${figure(ratio.min)} and ${figure(ratio.max)}`;
}
