// How many processes a server has.
import { expect, it } from 'vitest';
import { workerCount } from '../../../src/workers/worker-count.ts';

it.each([
  ['auto', 1, false, 1],
  ['auto', 2, false, 2],
  ['auto', 8, false, 8],
  ['auto', 96, false, 8],
  ['auto', 8, true, 1],
  [1, 8, false, 1],
  [3, 1, false, 3],
  [12, 2, false, 12],
  [3, 8, true, 1],
] as const)('%s on %i cores, ephemeral %s: %i', (workers, cores, ephemeral, count) => {
  expect(workerCount(workers, { cores, ephemeral })).toBe(count);
});
