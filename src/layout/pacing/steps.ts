// Work in steps, for whoever can wait between them and for whoever cannot: written once, as a generator that yields after each step.
import { Pace } from './pace.ts';

/** Each step takes at most some milliseconds. */
export type SteppedWork<Result> = Generator<void, Result, void>;

/** All of it at once. */
export function finished<Result>(steps: SteppedWork<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Letting others take their turn now and then. */
export async function paced<Result>(steps: SteppedWork<Result>): Promise<Result> {
  const pace = new Pace();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await pace.step();
  }
}

/** Of what takes about a microsecond each, so many are one step. */
export const manyInAStep = 512;

/** Does something with each of many. */
export function* eachInSteps<Each>(all: Iterable<Each>, work: (each: Each) => void): SteppedWork<void> {
  let count = 0;
  for (const each of all) {
    work(each);
    count += 1;
    if (count % manyInAStep === 0) yield;
  }
}
