// Each place where the driver syncs matters: without any single one of them, a power cut breaks what was promised. One that does not is not
// needed, and one that nobody told of is not tried.
import { describe, expect, it } from 'vitest';
import { scenarios } from '../support/simulated-disk/scenarios.ts';
import { explore } from './explore.ts';
import { siteScenarios } from './sync-scenarios.ts';
import { exploreWithout, limit, syncSites, syncSitesOf } from './sync-sites.ts';

it('every place that syncs is told of, and no other', () => {
  expect(Object.keys(siteScenarios).sort()).toEqual([...syncSites].sort());
});

describe.each(Object.entries(siteScenarios))('%s', { timeout: 600_000 }, (site, scenario) => {
  it('is needed', async () => {
    expect(await syncSitesOf(scenario)).toContain(site);
    expect((await exploreWithout(site, scenario)).violation).toBeDefined();
  });
});

const tried = new Set(Object.values(scenarios));
const others = Object.entries(siteScenarios).filter(([, { operations }]) => !tried.has(operations));

it.each(others)('%s: with all of them nothing is lost', { timeout: 600_000 }, async (_, scenario) => {
  expect((await explore({ ...scenario, limit, onlyBetween: true })).violation).toBeUndefined();
});
