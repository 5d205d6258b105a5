// What nobody waits for: one at a time, whatever fails, and nothing that outlives the end.
import { expect, it } from 'vitest';
import { BackgroundWork } from '../../../../src/layout/pacing/background-work.ts';

function underTest() {
  const warnings: string[] = [];
  const background = new BackgroundWork({ info: () => {}, slow: () => {}, warn: (message) => warnings.push(message) });
  return { background, warnings };
}

it('is done one at a time, in order, and goes on after a failure', async () => {
  const { background, warnings } = underTest();
  const done: string[] = [];
  let running = 0;
  const work = (name: string) => async () => {
    running += 1;
    expect(running).toBe(1);
    await Promise.resolve();
    running -= 1;
    if (name === 'fails') throw new Error(name);
    done.push(name);
  };
  for (const name of ['first', 'fails', 'second']) expect(background.add(name, work(name))).toBe(true);
  await expect.poll(() => done).toEqual(['first', 'second']);
  expect(warnings).toHaveLength(1);
  background.add('later', work('later'));
  await expect.poll(() => done).toHaveLength(3);
});

it('is broken off at the end, and what is pending is left out', async () => {
  const { background, warnings } = underTest();
  let began = 0;
  const untilAborted = (signal: AbortSignal) =>
    new Promise<void>((_, reject) => {
      began += 1;
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  background.add('first', untilAborted);
  background.add('second', (signal) => untilAborted(signal));
  await background.close();
  expect([began, warnings]).toEqual([1, []]);
  expect(background.add('first', untilAborted)).toBe(false);
});

it('is not taken without end', () => {
  const { background } = underTest();
  const taken = Array.from({ length: 2_000 }, () => background.add('endless', () => new Promise(() => {})));
  expect(taken.filter(Boolean)).toHaveLength(1_000);
});
