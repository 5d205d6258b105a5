// Memory that is given back before the collector comes.
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { freeBytes } from '../../../src/storage/freed-bytes.ts';

test('bytes that have a buffer of their own are gone', () => {
  const bytes = Buffer.allocUnsafeSlow(65_536);
  freeBytes(bytes);
  expect(bytes.byteLength).toBe(0);
  expect(bytes.buffer.byteLength).toBe(0);
});

test('a buffer that others have a part of stays, and one that is shared, and one without bytes', () => {
  const whole = new Uint8Array(64).fill(7);
  freeBytes(whole.subarray(0, 63));
  freeBytes(whole.subarray(1));
  const pooled = Buffer.from('pooled');
  freeBytes(pooled);
  const shared = new Uint8Array(new SharedArrayBuffer(8)).fill(7);
  freeBytes(shared);
  freeBytes(new Uint8Array(0));
  expect([whole.length, pooled.toString(), shared[7]]).toEqual([64, 'pooled', 7]);
});

test('the memory is given back at once, not when it is collected', async () => {
  // The way that leads nowhere is closed in the turns after it was made.
  freeBytes(Buffer.allocUnsafeSlow(1));
  await setTimeout(20);
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 2_000; i += 1) freeBytes(Buffer.allocUnsafeSlow(65_536));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100 * 65_536);
});
