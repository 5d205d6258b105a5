// Every workload in which a registry is better than moorage, in plain words.

import type { Outcome } from '../measure.ts';
import type { Spread } from '../statistics.ts';
import { cpuMicroseconds, entryOf, moorageAgainst, valuesOf } from './figures.ts';
import { factor, figure, mebibytes } from './format.ts';

export const REGISTRIES = ['olareg', 'distribution', 'zot', 'crane'];

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
        `**${outcome.workload.title}**: ${peer} is ${factor(1 / ratio.median)} times as fast${sayFigures(outcome, peer)}; ${share(ratio)}.`,
      ];
    }),
  );
}

/** The same for what an operation costs: CPU time of the server, line by line, and its highest memory in one line a registry. */
export function costLines(outcomes: readonly Outcome[]): string[] {
  return [...outcomes.flatMap(cpuLines), ...REGISTRIES.flatMap((peer) => memoryLine(outcomes, peer))];
}

function cpuLines(outcome: Outcome): string[] {
  return REGISTRIES.flatMap((peer) => {
    const ours = entryOf(outcome, 'moorage');
    const theirs = entryOf(outcome, peer);
    if (ours === undefined || theirs === undefined) return [];
    const [our, their] = [cpuMicroseconds(ours), cpuMicroseconds(theirs)];
    if (our <= their) return [];
    return [
      `${outcome.workload.title}: ${figure(our)} us of CPU time an operation against ${figure(their)} of ${peer}.`,
    ];
  });
}

function memoryLine(outcomes: readonly Outcome[], peer: string): string[] {
  const pairs = outcomes.flatMap((outcome) => {
    const ours = entryOf(outcome, 'moorage');
    const theirs = entryOf(outcome, peer);
    return ours === undefined || theirs === undefined
      ? []
      : [{ our: ours.memory.peakBytes, their: theirs.memory.peakBytes }];
  });
  const more = pairs.filter(({ our, their }) => our > their);
  if (more.length === 0) return [];
  const span = (bytes: readonly number[]): string =>
    `${mebibytes(Math.min(...bytes))} to ${mebibytes(Math.max(...bytes))} MiB`;
  const [our, their] = [span(more.map((pair) => pair.our)), span(more.map((pair) => pair.their))];
  return [`Peak memory: more than ${peer} in ${more.length} of ${pairs.length} workloads, ${our} against ${their}.`];
}

function sayFigures(outcome: Outcome, peer: string): string {
  const ours = entryOf(outcome, 'moorage');
  const theirs = entryOf(outcome, peer);
  const [our, their] = [ours && valuesOf(ours), theirs && valuesOf(theirs)];
  if (our === undefined || their === undefined) return '';
  return ` (${figure(their.median)} against our ${figure(our.median)} ${outcome.workload.unit.label})`;
}

function share(ratio: Spread): string {
  return `ours is ${factor(ratio.median)} of theirs, between ${factor(ratio.min)} and ${factor(ratio.max)}`;
}
