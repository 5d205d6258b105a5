// Work that is repeated until somebody closes it.
import { describe, expect, it, vi } from 'vitest';
import { RepeatedWork } from '../../../src/storage/repeated-work.ts';

describe('repeated work', () => {
  it('is done once at a time, and none goes on when it is closed', async () => {
    const ends: (() => void)[] = [];
    let running = 0;
    const work = new RepeatedWork(async () => {
      running += 1;
      await new Promise<void>((resolve) => void ends.push(resolve));
      running -= 1;
    });
    work.every(1);
    await vi.waitFor(() => expect(running).toBe(1), { timeout: 60_000 });
    const asked = work.now();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(ends).toHaveLength(1);
    setTimeout(() => ends[0]?.(), 10);
    await work.close();
    expect(running).toBe(0);
    await asked;
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(ends).toHaveLength(1);
  });
});
