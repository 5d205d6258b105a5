// Which worker something belongs to.
import { expect, it } from 'vitest';
import { ownerOf } from '../../../src/workers/owner-of.ts';

const members = [0, 1, 2, 3].map((place) => ({ number: place + 10, place }));
const names = Array.from({ length: 4_000 }, (_, at) => ` team/app${at}`);

it('gives each a fair share', () => {
  for (const { number } of members) {
    const own = names.filter((name) => ownerOf(name, members)?.number === number).length;
    expect(own).toBeGreaterThan(850);
    expect(own).toBeLessThan(1_150);
  }
});

it('moves only what belonged to one that ended, and back to the one that takes its place', () => {
  const left = members.filter(({ place }) => place !== 2);
  const replaced = [...left, { number: 99, place: 2 }];
  for (const name of names) {
    const before = ownerOf(name, members);
    if (before?.place !== 2) expect(ownerOf(name, left)).toBe(before);
    expect(ownerOf(name, replaced)?.place).toBe(before?.place);
  }
});

it('does not depend on the order in which they came', () => {
  for (const name of names.slice(0, 100)) expect(ownerOf(name, members.toReversed())).toBe(ownerOf(name, members));
});

it('is nobody where there is nobody', () => {
  expect(ownerOf('team/app', [])).toBeUndefined();
});
