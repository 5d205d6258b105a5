// Waits beyond what Node's timers can.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { longestTimerMs, longTimeout } from '../../../src/storage/long-timer.ts';

describe('a long wait', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([0, 1, longestTimerMs, longestTimerMs + 1, 10 * 365 * 86_400_000])('of %s ms ends then, once', (ms) => {
    const work = vi.fn();
    longTimeout(work, ms);
    vi.advanceTimersByTime(Math.max(ms - 1, 0));
    expect(work).toHaveBeenCalledTimes(ms === 0 ? 1 : 0);
    vi.advanceTimersByTime(1);
    expect(work).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(longestTimerMs);
    expect(work).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is stopped in any part of it', () => {
    const work = vi.fn();
    const timer = longTimeout(work, 3 * longestTimerMs);
    vi.advanceTimersByTime(longestTimerMs + 5);
    timer.stop();
    timer.stop();
    vi.advanceTimersByTime(3 * longestTimerMs);
    expect(work).not.toHaveBeenCalled();
  });
});
