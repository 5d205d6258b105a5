// Each call of the driver is refused, for once, for a while or until the request is answered, with each error that a system may give there: what was
// acknowledged holds, the client is told what kind of failure it is, and everything works again without a restart. A sample is tried in
// passing; `MOORAGE_TEST_FAULTS=all` tries them all, in hours.
import { describe, expect, it } from 'vitest';
import { randomFrom } from '../power-cut/crash-states.ts';
import { codes, durations, type Fault } from './fault.ts';
import { faultScenarios } from './fault-scenarios.ts';
import { callsThatMayFail, violationWith } from './run-with-fault.ts';

const sample = process.env.MOORAGE_TEST_FAULTS ?? '2';
const seed = Number(process.env.MOORAGE_TEST_SEED ?? 7);

const tried = Object.entries(faultScenarios).filter(([, { isSlow }]) => sample === 'all' || isSlow !== true);

describe.each(tried)('while %s', (_, scenario) => {
  it('nothing fails, nothing is left open or behind', async () => {
    const fault = { code: 'EIO', at: Number.POSITIVE_INFINITY, how: 'once' } as const;
    expect(await violationWith(scenario, fault)).toBeUndefined();
  });

  it.each(codes)('a call fails with %s', { timeout: 3_600_000 }, async (code) => {
    const count = await callsThatMayFail(scenario, code);
    const faults = Array.from({ length: count }, (_, at) => durations.map((how): Fault => ({ code, at, how }))).flat();
    const violations: string[] = [];
    for (const fault of sample === 'all' ? faults : sampled(faults, Number(sample))) {
      const violation = await violationWith(scenario, fault);
      if (violation !== undefined) violations.push(violation);
    }
    expect(violations).toEqual([]);
  });
});

function sampled<Value>(values: readonly Value[], size: number): readonly Value[] {
  const random = randomFrom(seed);
  return Array.from(
    { length: Math.min(size, values.length) },
    () => values[Math.floor(random() * values.length)],
  ).filter((value) => value !== undefined);
}
