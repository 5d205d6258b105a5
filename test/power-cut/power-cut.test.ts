// The power is cut after every system call: whatever the disk may hold then, everything acknowledged is there, and of the rest all or nothing.
// `MOORAGE_TEST_POWER_CUT=1000` looks at so many states of each moment, where there are more than are looked at in passing.
import { describe, expect, it } from 'vitest';
import { explore } from './explore.ts';
import { scenarios } from './scenarios.ts';

const limit = Number(process.env.MOORAGE_TEST_POWER_CUT ?? 40);

describe('after a power cut', () => {
  it.each(Object.entries(scenarios))('%s', { timeout: 3_600_000 }, async (_, operations) => {
    const { states, violation } = await explore({ operations, limit });
    expect(violation).toBeUndefined();
    // Not one of these is so short that there is nothing to look at.
    expect(states).toBeGreaterThan(50);
  });
});
