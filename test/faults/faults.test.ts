// Each call of the driver is refused, for once, for a while or until the request is answered, with each error that a system may give there: what was
// acknowledged holds, the client is told what kind of failure it is, and everything works again without a restart. A sample is tried in
// passing; `MOORAGE_TEST_FAULTS=all` tries them all, in hours.
import { describe, expect, it } from 'vitest';
import { randomFrom } from '../power-cut/crash-states.ts';
import { codes, durations, type Fault } from './fault.ts';
import { faultScenarios } from './fault-scenarios.ts';
import { callsThatMayFail, violationWith } from './run-with-fault.ts';

const sample = process.env.MOORAGE_TEST_FAULTS ?? '1';
const seed = Number(process.env.MOORAGE_TEST_SEED ?? 7);

describe.each(Object.entries(faultScenarios))('while %s', (_, scenario) => {
  it('nothing fails, nothing is left open or behind', async () => {
    const fault = { code: 'EIO', at: Number.POSITIVE_INFINITY, how: 'once' } as const;
    expect(await violationWith(scenario, fault)).toBeUndefined();
  });

  it.each(codes)('a call fails with %s', { timeout: 3_600_000 }, async (code) => {
    const count = await callsThatMayFail(scenario, { code });
    const faults = Array.from({ length: count }, (_, at) => durations.map((how): Fault => ({ code, at, how }))).flat();
    const violations: string[] = [];
    for (const fault of sample === 'all' ? faults : sampled(faults, Number(sample))) {
      const violation = await violationWith(scenario, fault);
      if (violation !== undefined) violations.push(violation);
    }
    expect(violations).toEqual([]);
  });
});

describe('what an earlier attempt put there and could not sync is not taken for durable', () => {
  it.each([
    ['a blob that is linked', 'a blob is deleted, and pushed again', /^fsync .*\/team\/other\/blobs\/sha256$/],
    ['a blob that is mounted', 'a layer is mounted alone', /^fsync .*\/team\/other\/blobs\/sha256$/],
    [
      'the blob of another program',
      'another program wrote an image',
      /^fsync .*\/team\/app\/blobs\/sha256\/[0-9a-f]{64}$/,
    ],
    ['the index.json of another program', 'another program lists an image', /^fsync .*\/team\/app\/index\.json$/],
    ['the list without a tag', 'a tag is deleted', /^fsync .*\/team\/app$/],
    ['the list without what a rule took', 'tags go by a rule', /^fsync .*\/team\/app$/],
    ['the list with what was rolled back', 'a tag is rolled back', /^fsync .*\/team\/app$/],
    ['a blob that is gone', 'a blob is deleted, and pushed again', /^fsync .*\/team\/app\/blobs\/sha256$/],
    [
      'a manifest that was mended',
      'a damaged manifest is mended, and that is all',
      /^fsync .*\/team\/app\/blobs\/sha256$/,
    ],
  ])('%s', { timeout: 600_000 }, async (_, name, calls) => {
    const scenario = faultScenarios[name];
    if (scenario === undefined) throw new Error(`there is no scenario "${name}"`);
    const only = { code: 'EIO', calls } as const;
    const count = await callsThatMayFail(scenario, only);
    expect(count).toBeGreaterThan(0);
    for (let at = 0; at < count; at += 1)
      expect(await violationWith(scenario, { ...only, at, how: 'once' })).toBeUndefined();
  });
});

function sampled<Value>(values: readonly Value[], size: number): readonly Value[] {
  const random = randomFrom(seed);
  return Array.from(
    { length: Math.min(size, values.length) },
    () => values[Math.floor(random() * values.length)],
  ).filter((value) => value !== undefined);
}
