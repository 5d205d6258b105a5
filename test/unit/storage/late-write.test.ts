// Writes that wait a little for others: one at a time, and none is left when whoever closes was told so.
import { describe, expect, it, vi } from 'vitest';
import { LateWrite } from '../../../src/storage/late-write.ts';

function slowWrites() {
  const ends: (() => void)[] = [];
  const write = () => new Promise<void>((resolve) => void ends.push(resolve));
  return { write, ends };
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

describe('a late write', () => {
  it('is one for all that asked until then', async () => {
    vi.useFakeTimers();
    try {
      let writes = 0;
      const late = new LateWrite(async () => {
        writes += 1;
      }, 500);
      for (let asked = 0; asked < 3; asked += 1) late.soon();
      await vi.advanceTimersByTimeAsync(499);
      expect(writes).toBe(0);
      await vi.advanceTimersByTimeAsync(1);
      expect(writes).toBe(1);
      late.soon();
      await vi.advanceTimersByTimeAsync(500);
      expect(writes).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });

  it('that has begun is waited for by whoever closes, and what came meanwhile is written after it', async () => {
    const { write, ends } = slowWrites();
    const late = new LateWrite(write, 1);
    late.soon();
    await vi.waitFor(() => expect(ends).toHaveLength(1), { timeout: 60_000 });
    const closed = late.now();
    expect(await isSettled(closed)).toBe(false);
    ends[0]?.();
    await vi.waitFor(() => expect(ends).toHaveLength(2), { timeout: 60_000 });
    expect(await isSettled(closed)).toBe(false);
    ends[1]?.();
    await closed;
  });

  it('that fails keeps no other from being written', async () => {
    const results = [Promise.reject(new Error('full')), Promise.resolve()];
    const late = new LateWrite(() => results.shift() ?? Promise.resolve(), 1);
    await expect(late.now()).rejects.toThrow('full');
    await late.now();
    expect(results).toEqual([]);
  });
});
