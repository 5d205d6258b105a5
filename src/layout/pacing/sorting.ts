// Sorting in steps: runs that are sorted in one go, and put together two by two.
import { eachInSteps, type SteppedWork } from './steps.ts';

/** Sorted in one step: a millisecond, or two. */
const runLength = 2_048;

export interface SortOrder<Each> {
  sort(run: Each[]): Each[];
  isBefore(one: Each, other: Each): boolean;
}

export function* sortedInSteps<Each>(all: Iterable<Each>, order: SortOrder<Each>): SteppedWork<readonly Each[]> {
  let runs: (readonly Each[])[] = [];
  let run: Each[] = [];
  for (const each of all) {
    run.push(each);
    if (run.length < runLength) continue;
    runs.push(order.sort(run));
    run = [];
    yield;
  }
  runs.push(order.sort(run));
  while (runs.length > 1) {
    const joined: (readonly Each[])[] = [];
    for (let at = 0; at < runs.length; at += 2) {
      joined.push(yield* mergedInSteps(runs[at] ?? [], runs[at + 1] ?? [], order));
    }
    runs = joined;
  }
  return runs[0] ?? [];
}

/** Of two that are sorted. */
export function* mergedInSteps<Each>(
  one: readonly Each[],
  other: readonly Each[],
  { isBefore }: Pick<SortOrder<Each>, 'isBefore'>,
): SteppedWork<readonly Each[]> {
  const all: Each[] = [];
  let next = 0;
  yield* eachInSteps(one, (each) => {
    for (let come = other[next]; come !== undefined && isBefore(come, each); come = other[next]) {
      all.push(come);
      next += 1;
    }
    all.push(each);
  });
  yield* eachInSteps(other.slice(next), (each) => all.push(each));
  return all;
}
