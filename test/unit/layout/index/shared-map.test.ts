// A map derived from another shares what did not change.
import { describe, expect, it } from 'vitest';
import { SharedMap } from '../../../../src/layout/index/shared-map.ts';

describe('SharedMap', () => {
  it('leaves the map that it was derived from as it was', () => {
    const before = SharedMap.of<string, number>([
      ['a', 1],
      ['b', 2],
    ]);
    const after = before.with(
      new Map([
        ['a', undefined],
        ['c', 3],
      ]),
    );
    expect([...before.keys()].map((key) => [key, before.get(key)])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(after.get('a')).toBeUndefined();
    expect([...after.keys()].sort()).toEqual(['b', 'c']);
  });

  it('is itself when nothing changes', () => {
    const map = SharedMap.of([['a', 1] as const]);
    expect(map.with(new Map())).toBe(map);
  });

  it('takes more keys than fit into a leaf', () => {
    const many = new Map(Array.from({ length: 2_000 }, (_, at) => [`${at}`, at] as const));
    const map = SharedMap.of<string, number>([]).with(many);
    expect([...map.keys()].length).toBe(2_000);
    const none = map.with(new Map([...many.keys()].map((key) => [key, undefined])));
    expect([...none.keys()]).toEqual([]);
    expect(none.get('5')).toBeUndefined();
  });
});
