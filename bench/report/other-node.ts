// Our own figures on another Node, beside the same peers in the same rounds.

import { type Outcome, ratioOf } from '../measure.ts';
import { entryOf, valuesOf } from './figures.ts';
import { figure, table, times } from './format.ts';

/** `name`: of moorage as that Node runs it; `names`: of everybody who takes part. */
export function otherNodeTable(outcomes: readonly Outcome[], name: string, names: readonly string[]): string {
  const others = names.filter((other) => other === 'moorage' || !other.startsWith('moorage'));
  const rows = outcomes.flatMap((outcome) => {
    const ours = entryOf(outcome, name);
    const values = ours === undefined ? undefined : valuesOf(ours);
    if (ours === undefined || values === undefined) return [];
    const ratios = others.map((other) => {
      const theirs = entryOf(outcome, other);
      const ratio = theirs === undefined ? undefined : ratioOf(outcome.workload, ours, theirs);
      return ratio === undefined ? '-' : times(ratio);
    });
    return [[outcome.workload.title, outcome.workload.unit.label, figure(values.median), ...ratios]];
  });
  return table(['Workload', 'Unit', name, ...others.map((other) => `${name} / ${other}`)], rows);
}
