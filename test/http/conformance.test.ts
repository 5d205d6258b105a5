// Our own conformance checks against a registry in memory; `npm run conformance` runs them against the real server.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { warningText } from '../../conformance/checks/settings.ts';
import { coverageGaps } from '../../conformance/coverage.ts';
import { type CheckResult, runConformance } from '../../conformance/run.ts';
import { createRegistry, type EmbeddedRegistry, type RegistryOptions } from '../../src/index.ts';

const running: EmbeddedRegistry[] = [];

async function start(options: RegistryOptions): Promise<string> {
  const registry = await createRegistry(options);
  running.push(registry);
  return (await registry.listen()).url;
}

let results: readonly CheckResult[] = [];

beforeAll(async () => {
  const baseUrl = await start({});
  const variants = {
    warning: await start({ warning: warningText }),
    'strict-references': await start({ requireReferences: true }),
    'no-deletes': await start({ deletes: false }),
  };
  ({ results } = await runConformance({ baseUrl, variants, own: true }));
}, 600_000);

afterAll(async () => {
  await Promise.all(running.map((registry) => registry.close()));
});

it('has a check for every requirement and for every test of the official suites', () => {
  expect(coverageGaps()).toEqual({ unchecked: [], unknown: [] });
});

it('fails no check', () => {
  const failed = results.filter(({ status }) => status === 'fail');
  expect(failed.map(({ id, name, reason }) => `${id} ${name}: ${reason}`)).toEqual([]);
  expect(results.length).toBeGreaterThan(500);
});

it('skips only what needs a second server on the same content', () => {
  const skipped = results.filter(({ status }) => status === 'skip');
  expect([...new Set(skipped.map(({ reason }) => reason))]).toEqual([
    'needs a server started with the setting "read-only"',
  ]);
});
