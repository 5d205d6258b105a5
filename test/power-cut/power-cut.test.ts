// The power is cut after every system call: whatever the disk may hold then, everything acknowledged is there, and of the rest all or nothing.
import { describe, expect, it } from 'vitest';
import { scenarios } from '../support/simulated-disk/scenarios.ts';
import { explore } from './explore.ts';

/** Of states at one moment: there never are so many, so with MOORAGE_TEST_POWER_CUTS=all (nightly.yml) each of them is looked at. */
const isWhole = process.env.MOORAGE_TEST_POWER_CUTS === 'all';
const limit = isWhole ? 100_000 : 24;

describe('after a power cut', () => {
  it.each(Object.entries(scenarios))('%s', { timeout: 600_000 }, async (_, operations) => {
    const { states, sampled, violation } = await explore({ operations, limit });
    expect(violation).toBeUndefined();
    if (isWhole) expect(sampled).toBe(0);
    // Not one of these is so short that there is nothing to look at.
    expect(states).toBeGreaterThan(50);
  });
});
