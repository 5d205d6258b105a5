// Looks that are shared within one turn of the loop, and never beyond.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { SharedLooks } from '../../../../src/layout/pacing/shared-looks.ts';

function counting(found: number | undefined) {
  const looks = new SharedLooks<string, number>();
  let count = 0;
  const look = (subject: string) =>
    looks.of(subject, async () => {
      count += 1;
      return found;
    });
  return { looks, look, count: () => count };
}

test('who asks in one turn shares the look', async () => {
  const { look, count } = counting(1);
  expect(await Promise.all([look('a'), look('a'), look('a')])).toEqual([1, 1, 1]);
  expect(await look('a')).toBe(1);
  expect(count()).toBe(1);
  await look('b');
  expect(count()).toBe(2);
});

test('who asks in the next turn looks himself', async () => {
  const { look, count } = counting(1);
  await look('a');
  await nextTurn();
  await look('a');
  expect(count()).toBe(2);
});

test('nothing, a failure, and what was there before a change are looked for again', async () => {
  const absent = counting(undefined);
  expect(await absent.look('a')).toBeUndefined();
  await absent.look('a');
  expect(absent.count()).toBe(2);

  const looks = new SharedLooks<string, number>();
  await expect(looks.of('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await looks.of('a', async () => 5)).toBe(5);

  const changed = counting(1);
  await changed.look('a');
  changed.looks.forget();
  await changed.look('a');
  expect(changed.count()).toBe(2);
});
