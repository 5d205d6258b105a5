// An index in segments against a plain one: after any sequence of our edits and of what other programs write, both say the same.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IndexDocument } from '../../src/layout/index/index-document.ts';
import { type IndexEntry, parseIndexEntry } from '../../src/layout/index/index-entry.ts';
import { parseIndexDocument } from '../../src/layout/index/index-parse.ts';
import { LayoutIndex } from '../../src/layout/index/layout-index.ts';
import { editedSegments } from '../../src/layout/index/segment-edits.ts';
import { inOurForm, line, members } from '../support/arbitrary/index-lines.ts';
import { editPlain, type PlainIndex, parsePlain, printPlain } from '../support/plain-index.ts';

/** Enough of them that an index has many segments; each with a number of its own, so that no two are the same. */
const lines = fc
  .tuple(fc.array(line, { minLength: 1, maxLength: 6 }), fc.constantFrom(0, 3, 300, 1_500))
  .map(([some, count]) => Array.from({ length: count }, (_, at) => numbered(some[at % some.length] ?? '{}', at)));

function numbered(text: string, at: number): string {
  return text === '{}' ? `{"x":${at}}` : `{"x.number":${at},${text.slice(1)}`;
}

/** A part of the list, by where it begins and how much of it. */
const part = fc.record({ from: fc.double({ min: 0, max: 1, noNaN: true }), length: fc.constantFrom(0, 1, 2, 40, 700) });
const added = fc.oneof(
  fc.array(line, { maxLength: 3 }),
  fc.tuple(line, fc.constantFrom(300, 900)).map(([each, count]) => new Array<string>(count).fill(each)),
);

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('edit' as const), removed: fc.array(part, { maxLength: 3 }), added }),
  },
  // Ours of another version, or one that was never published: it puts the entries into segments of its own.
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('discarded' as const), removed: fc.array(part, { maxLength: 3 }), added }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('lines' as const), at: part, added }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('form' as const), space: fc.constantFrom(undefined, 2, '\t') }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('members' as const), head: members, tail: members }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'again' as const }) },
);

type Step = typeof step extends fc.Arbitrary<infer Each> ? Each : never;

const placesOf = ({ from, length }: { from: number; length: number }, count: number) => {
  const start = Math.floor(from * count);
  return Array.from({ length: Math.min(length, count - start) }, (_, at) => start + at);
};

class Both {
  plain: PlainIndex;
  index: LayoutIndex;

  constructor(text: string) {
    this.plain = parsePlain(Buffer.from(text));
    this.index = LayoutIndex.of(parseIndexDocument(Buffer.from(text), undefined));
  }

  take(each: Step): void {
    if (each.kind === 'edit' || each.kind === 'discarded') {
      const gone = new Set(each.removed.flatMap((part) => placesOf(part, this.plain.lines.length)));
      const { entries } = this.index.document;
      const removed = new Set(entries.filter((_, at) => gone.has(at)));
      const next = this.#edited(removed, each.added.map(parseIndexEntry));
      if (each.kind === 'discarded') return;
      this.index = next;
      this.plain = editPlain(this.plain, gone, each.added);
      return;
    }
    const written = this.#written(each);
    this.plain = parsePlain(Buffer.from(written));
    this.index = this.index.reread(parseIndexDocument(Buffer.from(written), this.index.document));
  }

  #edited(removed: ReadonlySet<IndexEntry>, added: readonly IndexEntry[]): LayoutIndex {
    const { document } = this.index;
    const next = new IndexDocument(document, editedSegments(document.segments, removed, added), undefined);
    return this.index.derive(next, removed, added);
  }

  #written(each: Exclude<Step, { kind: 'edit' | 'discarded' }>): string {
    const { head, lines: all, tail } = this.plain;
    if (each.kind === 'lines') {
      const places = placesOf(each.at, all.length);
      return printPlain({ head, tail, lines: all.toSpliced(places[0] ?? all.length, places.length, ...each.added) });
    }
    if (each.kind === 'members') return inOurForm(each.head, all, each.tail);
    if (each.kind === 'again') return printPlain(this.plain);
    return JSON.stringify(JSON.parse(printPlain(this.plain)), null, each.space);
  }
}

function assertSame({ plain, index }: Both): void {
  const { document } = index;
  expect({ head: document.head, tail: document.tail }).toEqual({ head: plain.head, tail: plain.tail });
  expect(document.entries.map((each) => each.line)).toEqual(plain.lines);
  const printed = new IndexDocument(document, document.segments, undefined);
  expect(printed.bytes.toString()).toBe(printPlain(plain));
  expect(document.size).toBe(plain.lines.length);
  expect(document.equals(document.bytes)).toBe(true);
  const tags = new Set(document.entries.flatMap(({ name }) => (name.kind === 'tag' ? [name.tag] : [])));
  expect(index.tags()).toEqual([...tags].sort());
  for (const name of tags) {
    const held = document.entries.filter((each) => each.name.kind === 'tag' && each.name.tag === name);
    expect(
      index
        .tagged(name)
        .map((each) => each.line)
        .sort(),
    ).toEqual(held.map((each) => each.line).sort());
  }
  for (const { entries, bytes } of document.segments) {
    expect(entries.length).toBeGreaterThan(0);
    expect(entries.length).toBeLessThanOrEqual(512);
    expect(bytes.toString()).toBe(entries.map((each) => `${each.line},\n`).join(''));
  }
}

describe('an index in segments', () => {
  it('says what a plain one says, whoever wrote', () => {
    fc.assert(
      fc.property(members, lines, members, fc.array(step, { maxLength: 8 }), (head, all, tail, steps) => {
        const both = new Both(inOurForm(head, all, tail));
        assertSame(both);
        for (const each of steps) {
          both.take(each);
          assertSame(both);
        }
      }),
      { numRuns: 60 },
    );
  });
});
