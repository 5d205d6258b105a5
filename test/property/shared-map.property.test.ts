// SharedMap against Map: the same answers after any changes, for the newest map and for all before it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SharedMap } from '../../src/layout/index/shared-map.ts';

type Changes = readonly (readonly [string, string | undefined])[];

const key = fc.nat({ max: 30 }).map(String);
const changes = fc.array(fc.tuple(key, fc.option(fc.string({ maxLength: 3 }), { nil: undefined })), { maxLength: 20 });
/** Enough of them that leaves become branches. */
const flood = fc.constant(Array.from({ length: 400 }, (_, at) => [`${at}`, `${at}`] as const));

function applied(map: ReadonlyMap<string, string>, changed: Changes): Map<string, string> {
  const next = new Map(map);
  for (const [each, value] of changed) {
    if (value === undefined) next.delete(each);
    else next.set(each, value);
  }
  return next;
}

describe('SharedMap', () => {
  it('answers as a Map would, and earlier maps go on answering as they did', () => {
    const rounds = fc.array(fc.oneof({ weight: 8, arbitrary: changes }, flood), { maxLength: 12 });
    fc.assert(
      fc.property(changes, rounds, (start, steps) => {
        let model = applied(new Map(), start);
        let map = SharedMap.of(model);
        const states = [{ map, model }];
        for (const step of steps) {
          map = map.with(new Map(step));
          model = applied(model, step);
          states.push({ map, model });
        }
        for (const state of states) {
          expect([...state.map.keys()].sort()).toEqual([...state.model.keys()].sort());
          for (const each of [...state.model.keys(), '0', '15', '399']) {
            expect(state.map.get(each)).toBe(state.model.get(each));
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
