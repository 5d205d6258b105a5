// A bounded memory of what was seen last.
import { expect, test } from 'vitest';
import { RecentSet } from '../../../src/storage/recent-set.ts';

test('remembers up to its limit and forgets the oldest', () => {
  const set = new RecentSet(3);
  for (const entry of ['a', 'b', 'c', 'd']) set.add(entry);
  expect(['a', 'b', 'c', 'd'].map((entry) => set.has(entry))).toEqual([false, true, true, true]);
});

test('what is added again is the newest', () => {
  const set = new RecentSet(3);
  for (const entry of ['a', 'b', 'c', 'a', 'd']) set.add(entry);
  expect(['a', 'b', 'c', 'd'].map((entry) => set.has(entry))).toEqual([true, false, true, true]);
});
