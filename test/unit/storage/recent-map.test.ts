// A bounded memory of facts about what was used last.
import { expect, test } from 'vitest';
import { recentMap } from '../../../src/storage/recent-map.ts';

test('remembers up to its limit and forgets what was not used longest', () => {
  const map = recentMap<string, number>(3);
  for (const [at, key] of ['a', 'b', 'c'].entries()) map.set(key, at);
  map.get('a');
  map.set('d', 3);
  expect(['a', 'b', 'c', 'd'].map((key) => map.get(key))).toEqual([0, undefined, 2, 3]);
});

test('takes memory for what it holds, not for what it may hold', () => {
  const used = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  const before = used();
  const maps = Array.from({ length: 50 }, () => recentMap<string, number>(200_000));
  const after = used();
  for (const map of maps) map.set('a', 1);
  expect(after - before).toBeLessThan(32 * 1024 * 1024);
});
