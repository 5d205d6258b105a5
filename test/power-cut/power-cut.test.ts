// The power is cut after every system call: whatever the disk may hold then, everything acknowledged is there, and of the rest all or nothing.
import { describe, expect, it } from 'vitest';
import { scenarios } from '../support/simulated-disk/scenarios.ts';
import { explore } from './explore.ts';

/** Of states at one moment. There never are more, so all of them are looked at. */
const limit = 100_000;

describe('after a power cut', () => {
  it.each(Object.entries(scenarios))('%s', { timeout: 300_000 }, async (_, operations) => {
    const { states, sampled, violation } = await explore({ operations, limit });
    expect(violation).toBeUndefined();
    expect(sampled).toBe(0);
    // Not one of these is so short that there is nothing to look at.
    expect(states).toBeGreaterThan(50);
  });
});
