// When a server counts as stalled: while it is waited for, and never while its answer is being worked on.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StallWatch } from '../../../src/remote/http-answer.ts';

describe('StallWatch', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('aborts what is waited for too long', () => {
    const watch = new StallWatch(1000);
    void watch.during(new Promise(() => {}));
    vi.advanceTimersByTime(999);
    expect(watch.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(watch.signal.reason).toMatchObject({ message: expect.stringContaining('for 1 seconds') });
  });

  it('counts waits together until there is progress', async () => {
    const watch = new StallWatch(1000);
    const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    for (const progressed of [true, false]) {
      const step = watch.during(after(600));
      await vi.advanceTimersByTimeAsync(600);
      await step;
      if (progressed) watch.progressed();
    }
    void watch.during(new Promise(() => {}));
    vi.advanceTimersByTime(399);
    expect(watch.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(watch.signal.aborted).toBe(true);
  });

  it('leaves a slow reader alone', async () => {
    const watch = new StallWatch(1000);
    await watch.during(Promise.resolve('a chunk'));
    await expect(watch.during(Promise.reject(new Error('lost')))).rejects.toThrow('lost');
    vi.advanceTimersByTime(60_000);
    expect(watch.signal.aborted).toBe(false);
  });
});
