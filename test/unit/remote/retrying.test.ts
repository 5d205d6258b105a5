// How often and after which pauses something is tried again.
import { describe, expect, it } from 'vitest';
import { RemoteError, TransientError } from '../../../src/remote/remote-error.ts';
import { type RetryPolicy, retryAfterMs, retrying } from '../../../src/remote/retrying.ts';

const failure = new RemoteError('host', 'busy');

function policy(pauses: number[], random = 1): RetryPolicy {
  const pause = async (ms: number) => void pauses.push(ms);
  return { attempts: 4, backoffMs: 500, longestPauseMs: 60_000, pause, random: () => random };
}

/** Fails with each of `errors`, then succeeds. */
function failing(errors: readonly Error[]): () => Promise<string> {
  const left = [...errors];
  return async () => {
    const error = left.shift();
    if (error !== undefined) throw error;
    return 'done';
  };
}

describe('retrying', () => {
  it('doubles its pauses, and takes part of them away at random', async () => {
    const pauses: number[] = [];
    const errors = [1, 2, 3].map(() => new TransientError(failure));
    expect(await retrying(policy(pauses), failing(errors))).toBe('done');
    expect(pauses).toEqual([500, 1000, 2000]);
    const shorter: number[] = [];
    await retrying(policy(shorter, 0), failing(errors));
    expect(shorter).toEqual([250, 500, 1000]);
  });

  it('waits as long as the registry asks for', async () => {
    const pauses: number[] = [];
    await retrying(policy(pauses), failing([new TransientError(failure, 7000), new TransientError(failure, 1)]));
    expect(pauses).toEqual([7000, 1000]);
  });

  it('throws what failed after the last try', async () => {
    const pauses: number[] = [];
    const always = Array.from({ length: 9 }, () => new TransientError(failure));
    await expect(retrying(policy(pauses), failing(always))).rejects.toBe(failure);
    expect(pauses).toHaveLength(3);
  });

  it('gives up a registry that wants too long a pause, and what no pause mends', async () => {
    const pauses: number[] = [];
    await expect(retrying(policy(pauses), failing([new TransientError(failure, 61_000)]))).rejects.toBe(failure);
    await expect(retrying(policy(pauses), failing([failure]))).rejects.toBe(failure);
    expect(pauses).toEqual([]);
  });
});

describe('retryAfterMs', () => {
  const now = Date.parse('2026-01-02T03:04:05Z');

  it.each([
    [null, undefined],
    ['3', 3000],
    [' 0 ', 0],
    ['Fri, 02 Jan 2026 03:04:15 GMT', 10_000],
    ['Fri, 02 Jan 2026 03:04:00 GMT', 0],
    ['soon', undefined],
  ])('%s is %s', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });
});
