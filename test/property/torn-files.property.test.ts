// Two programs that wrote index.json in place at the same time, and a reader between two of their writes: valid JSON that is spliced
// together from two copies. What was acknowledged stays under its name, however the pieces fall.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { healPolicy } from '../../src/layout/healing/heal-policy.ts';
import { type IndexedEntry, nameOfKey } from '../../src/layout/index/entry-key.ts';
import { digestNamed, type Entries, entry, tools } from '../support/foreign-tools.ts';
import { SharedLayout } from '../support/shared-layout.ts';

interface Splice {
  readonly pushes: number;
  readonly deleted: readonly number[];
  /** How many versions old the two copies are. */
  readonly ages: readonly [number, number];
  /** Where the first copy breaks off, and where the second goes on: parts of a thousand. */
  readonly until: number;
  readonly from: number;
  /** A stretch that stands twice. */
  readonly repeated: number;
  /** The name of one entry beside the digest of another, or an entry cut down to less. */
  readonly mixed: 'none' | 'name and digest' | 'without digest';
  readonly arrived: 'in-place' | 'rename';
}

const splice: fc.Arbitrary<Splice> = fc.record({
  pushes: fc.integer({ min: 12, max: 60 }),
  // Not M3: its digest under another name, from an old copy, is what `oras tag` leaves.
  deleted: fc.uniqueArray(fc.constantFrom(0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11), { maxLength: 3 }),
  ages: fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 5 })),
  until: fc.nat({ max: 1000 }),
  // Never all of it: an old copy that was cut short, and a tag moved in it, is what one `oras tag` leaves.
  from: fc.nat({ max: 990 }),
  repeated: fc.nat({ max: 10 }),
  mixed: fc.constantFrom('none', 'name and digest', 'without digest'),
  arrived: fc.constantFrom('in-place', 'rename'),
});

function pushed({ pushes, deleted }: Splice): SharedLayout {
  const layout = new SharedLayout();
  for (let at = 0; at < pushes; at += 1) layout.push(`M${at}`, `t${at}`).wait(100);
  for (const at of deleted) layout.deleteManifest(`M${at}`).wait(100);
  return layout.wait(healPolicy.graceMs['in-place'] + 1);
}

function torn(layout: SharedLayout, { ages, until, from, repeated, mixed }: Splice): Entries {
  const one = tools.skopeoCopy('X', 'x').edit(layout.readAgo(ages[0]));
  const other = tools.craneAppend('Y', 'y').edit(layout.readAgo(ages[1]));
  const head = one.slice(0, Math.floor((one.length * until) / 1000));
  const tail = other.slice(Math.floor((other.length * from) / 1000));
  const whole = [...head, ...head.slice(-repeated), ...tail];
  return mixed === 'none' ? whole : whole.map((each, at) => (at === head.length - 1 ? spoilt(each, mixed) : each));
}

function spoilt(each: IndexedEntry, how: 'name and digest' | 'without digest'): IndexedEntry {
  if (how === 'name and digest') return entry('M3', { tag: nameOfKey(each.key) ?? 'z' });
  return { key: each.key.slice(each.digest.length) as typeof each.key, digest: '', line: '{"size":1}' };
}

const tagsOf = (deleted: readonly number[], pushes: number): readonly number[] =>
  Array.from({ length: pushes }, (_, at) => at).filter((at) => !deleted.includes(at));

describe('a file that is spliced together from two copies', () => {
  it('takes no acknowledged tag away or elsewhere when more than a tool deletes are missing, and brings nothing deleted back', () => {
    let judged = 0;
    fc.assert(
      fc.property(splice, (each) => {
        const layout = pushed(each);
        const file = torn(layout, each);
        const names = new Set(file.map(({ key }) => nameOfKey(key)));
        const tags = tagsOf(each.deleted, each.pushes);
        const missing = tags.filter((at) => !names.has(`t${at}`));
        // A splice that brings nothing new and lacks little is what a few deletes leave.
        const isNew = ['X', 'Y'].some((name) => file.some((one) => one.digest === digestNamed(name)));
        if (!isNew && missing.length <= healPolicy.deletedAtOnceLimit) return;
        if (missing.length === 0) return;
        judged += 1;
        layout.foreign({ name: 'a tear', arrived: each.arrived, edit: () => file }, layout.file);
        expect(tags.filter((at) => layout.tag(`t${at}`) !== digestNamed(`M${at}`))).toEqual([]);
        expect(each.deleted.filter((at) => layout.has(`M${at}`))).toEqual([]);
        expect(layout.file.filter(({ digest }) => digest === '')).toEqual([]);
        for (const name of ['X', 'Y']) {
          const isWhole = file.some((one) => one.digest === digestNamed(name) && nameOfKey(one.key) !== undefined);
          if (isWhole) expect(layout.has(name)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
    expect(judged).toBeGreaterThan(100);
  });
});
