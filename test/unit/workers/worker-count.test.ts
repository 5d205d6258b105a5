// How many processes a server has.
import { expect, it } from 'vitest';
import { workerCount } from '../../../src/workers/worker-count.ts';

const mebibyte = 1024 * 1024;

it.each([
  ['auto', 1, 24_000, false, 1],
  ['auto', 2, 24_000, false, 2],
  ['auto', 8, 24_000, false, 8],
  ['auto', 96, 240_000, false, 8],
  ['auto', 8, 24_000, true, 1],
  ['auto', 4, 1_024, false, 4],
  ['auto', 4, 900, false, 3],
  ['auto', 4, 511, false, 1],
  ['auto', 4, 64, false, 1],
  [1, 8, 24_000, false, 1],
  [3, 1, 24_000, false, 3],
  [3, 4, 512, false, 3],
  [12, 2, 24_000, false, 12],
  [3, 8, 24_000, true, 1],
] as const)('%s on %i cores with %i MiB, ephemeral %s: %i', (workers, cores, memory, ephemeral, count) => {
  expect(workerCount(workers, { cores, memory: memory * mebibyte, ephemeral, isWorkerOfOthers: false })).toBe(count);
});

it('is one in a process that shares a socket with others already', () => {
  const machine = { cores: 8, memory: 24_000 * mebibyte, ephemeral: false, isWorkerOfOthers: true };
  expect(workerCount('auto', machine)).toBe(1);
  expect(workerCount(3, machine)).toBe(1);
});
