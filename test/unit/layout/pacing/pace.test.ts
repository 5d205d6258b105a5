// Long walks let others take their turns, however many there are at once.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Pace } from '../../../../src/layout/pacing/pace.ts';

function busyFor(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

it('gives one turn of the loop to one of many walks', async () => {
  const turns: number[] = [0];
  let isOver = false;
  const turn = () => {
    turns.push(0);
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const walk = async () => {
    const pace = new Pace();
    for (let steps = 0; steps < 4; steps += 1) {
      busyFor(6);
      turns[turns.length - 1] = (turns.at(-1) ?? 0) + 1;
      await pace.step();
    }
  };
  // Each begins within a turn of its own, as requests do.
  const walks: Promise<void>[] = [];
  for (let at = 0; at < 10; at += 1) walks.push(new Promise((begun) => setImmediate(() => begun(walk()))));
  await Promise.all(walks);
  isOver = true;
  const afterTheyBegan = turns.slice(turns.findLastIndex((slices) => slices > 3) + 1);
  expect(afterTheyBegan.filter((slices) => slices > 0).length).toBeGreaterThan(20);
  expect(Math.max(...afterTheyBegan)).toBeLessThanOrEqual(3);
});

describe('by a clock that the test sets', () => {
  let nowMs = 1_000;
  beforeEach(() => {
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    return () => clock.mockRestore();
  });

  it('gives a turn to several walks that only do little more', async () => {
    let turns = 0;
    let isOver = false;
    const turn = () => {
      turns += 1;
      if (!isOver) setImmediate(turn);
    };
    // Each uses up what a walk may do without waiting, and a few use up the slice.
    const walks = Array.from({ length: 100 }, async () => {
      const pace = new Pace();
      nowMs += 1;
      await pace.step();
    });
    setImmediate(turn);
    await Promise.all(walks);
    isOver = true;
    expect(turns).toBeLessThan(20);
  });

  it('does not wait for a turn while little was done', async () => {
    const pace = new Pace();
    let hasTurned = false;
    setImmediate(() => {
      hasTurned = true;
    });
    nowMs += 0.1;
    await pace.step();
    expect(hasTurned).toBe(false);
  });
});
