// Pages of a sorted list.
import { describe, expect, it } from 'vitest';
import { pageOf } from '../../../src/registry/page.ts';

const items = ['a', 'b', 'c', 'd'];

describe('pageOf', () => {
  it('gives the very list when nothing is asked for, or more than there is', () => {
    expect(pageOf(items, {}).items).toBe(items);
    expect(pageOf(items, { limit: 1_000_000_000 })).toEqual({ items, more: false });
    expect(pageOf(items, { limit: 4 })).toEqual({ items, more: false });
    expect(pageOf([], { limit: 3, after: 'x' })).toEqual({ items: [], more: false });
  });

  it.each([
    [{ limit: 2 }, ['a', 'b'], true],
    [{ limit: 2, after: 'b' }, ['c', 'd'], false],
    [{ limit: 1, after: 'b' }, ['c'], true],
    [{ after: 'a' }, ['b', 'c', 'd'], false],
    [{ after: 'd' }, [], false],
    [{ after: 'z', limit: 2 }, [], false],
    [{ after: '', limit: 1 }, ['a'], true],
    [{ after: 'bb' }, ['c', 'd'], false],
    [{ after: 'B' }, items, false],
  ])('%j', (request, expected, more) => {
    expect(pageOf(items, request)).toEqual({ items: expected, more });
  });

  it('of no items has none after it', () => {
    expect(pageOf(items, { limit: 0 })).toEqual({ items: [], more: false });
    expect(pageOf(items, { limit: 0, after: 'a' })).toEqual({ items: [], more: false });
  });
});
