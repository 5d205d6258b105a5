// Work that grows with a layout goes in steps: what is handled between two of them is bounded, however large the layout is.
import { describe, expect, it } from 'vitest';
import { judging } from '../../../../src/layout/healing/foreign-edits.ts';
import { parsedEntries, printedEntries } from '../../../../src/layout/healing/journal-record.ts';
import { historyLimits, trimming } from '../../../../src/layout/history/history-limits.ts';
import { type HistoryRecord, printedRecords } from '../../../../src/layout/history/history-record.ts';
import { movesFound, tagTargetsOf } from '../../../../src/layout/history/tag-targets.ts';
import { type EntryKey, type IndexedEntry, indexedEntryOf } from '../../../../src/layout/index/entry-key.ts';
import { type IndexEntry, newIndexEntry } from '../../../../src/layout/index/index-entry.ts';
import { parseIndexDocument } from '../../../../src/layout/index/index-parse.ts';
import { documentInText } from '../../../../src/layout/index/index-text.ts';
import { LayoutIndex } from '../../../../src/layout/index/layout-index.ts';
import { sortedTags, tagsAfter } from '../../../../src/layout/index/tag-order.ts';
import { entriesBySubject } from '../../../../src/layout/manifests/referrers.ts';
import { namingOf } from '../../../../src/layout/names/name-table.ts';
import { LayoutNames } from '../../../../src/layout/names/repository-names.ts';
import { finished, manyInAStep, type SteppedWork } from '../../../../src/layout/pacing/steps.ts';
import type { Digest } from '../../../../src/oci/digest.ts';
import type { Tag } from '../../../../src/oci/reference.ts';
import { defaultRules } from '../../../support/rules.ts';

const count = 5_000;

function entry(serial: number): IndexEntry {
  const digest = `sha256:${String(serial).padStart(64, '0')}` as Digest;
  const annotations = { 'org.opencontainers.image.ref.name': `v${serial}` };
  return newIndexEntry({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest,
    size: 1_000,
    artifactType: undefined,
    annotations,
  });
}

const entries = Array.from({ length: count }, (_, serial) => entry(serial));

/** Counts what is taken out of it. */
class Counted {
  visited = 0;

  *of<Each>(all: Iterable<Each>): Generator<Each> {
    for (const each of all) {
      this.visited += 1;
      yield each;
    }
  }
}

class CountedMap<K, V> extends Map<K, V> {
  readonly counted: Counted;

  constructor(all: Iterable<readonly [K, V]>, counted: Counted) {
    super(all);
    this.counted = counted;
  }

  override *[Symbol.iterator](): MapIterator<[K, V]> {
    yield* this.counted?.of(super.entries()) ?? super.entries();
  }

  override *keys(): MapIterator<K> {
    yield* this.counted.of(super.keys());
  }

  override *values(): MapIterator<V> {
    yield* this.counted.of(super.values());
  }
}

/** The most that was visited between two steps, how many steps there were, and what came of it. */
function walked<Result>(work: SteppedWork<Result>, counted: Counted) {
  let [most, steps] = [0, 0];
  for (;;) {
    const before = counted.visited;
    const { done, value } = work.next();
    most = Math.max(most, counted.visited - before);
    steps += 1;
    if (done === true) return { most, steps, result: value };
  }
}

function textOf(all: readonly IndexEntry[], separator: string): Buffer {
  return Buffer.from(
    `{"schemaVersion":2,"manifests":[${separator}${all.map(({ line }) => line).join(`,${separator}`)}]}`,
  );
}

describe('what grows with the entries of a layout', () => {
  it('an index that another program wrote is parsed an entry a step', () => {
    const { steps, result } = walked(documentInText(textOf(entries, '\n    '), undefined), new Counted());
    expect(result.size).toBe(count);
    expect(steps).toBeGreaterThan(count);
  });

  it('what that has in common with the one before is not parsed again, whatever it looks like', () => {
    const lines = Buffer.from(`{"schemaVersion":2,"manifests":[\n${entries.map(({ line }) => line).join(',\n')}\n]}\n`);
    const known = parseIndexDocument(lines, undefined);
    expect(known.inOurForm).toBe(true);
    const edited = [...known.entries.slice(0, 2_000), entry(count), ...known.entries.slice(2_001)];
    const foreign = parseIndexDocument(textOf(edited, '  \n\t'), known);
    expect(foreign.inOurForm).toBe(false);
    expect(foreign.entries.filter((each) => !known.entries.includes(each))).toHaveLength(1);
    const anew = foreign.segments.filter((segment) => !known.segments.includes(segment));
    // The one that the edit is in.
    expect(anew.reduce((sum, segment) => sum + segment.entries.length, 0)).toBeLessThanOrEqual(512);
    const again = parseIndexDocument(textOf(edited, '\n'), foreign);
    expect(again.segments).toEqual(foreign.segments);
    expect(again.entries.every((each, at) => each === foreign.entries[at])).toBe(true);
  });

  it('an entry that is listed twice is two entries, also where one of them is known', () => {
    const known = parseIndexDocument(textOf([entry(1)], '\n '), undefined);
    const twice = parseIndexDocument(textOf([entry(1), entry(1)], '\n'), known);
    expect(twice.entries).toHaveLength(2);
    expect(twice.entries[0]).toBe(known.entries[0]);
    expect(twice.entries[1]).not.toBe(known.entries[0]);
  });

  it('a foreign file is judged in steps, whether it lacks one entry or all of them', () => {
    for (const shown of [entries.slice(1), [entry(count)]]) {
      const counted = new Counted();
      const start = new CountedMap<EntryKey, IndexedEntry>(
        entries.map((each) => [each.key, indexedEntryOf(each)]),
        counted,
      );
      const past = {
        start,
        versions: [{ label: undefined, atMs: 0, added: [], removed: [] }],
        owed: { added: [], removed: [] },
        branches: [],
      };
      const file = {
        entries: counted.of(shown.map(indexedEntryOf)),
        arrived: 'rename',
        modifiedAtMs: 9,
        seenAtMs: 9,
      } as const;
      const { most, steps, result } = walked(judging(past, file), counted);
      expect(counted.visited).toBeGreaterThan(count);
      // The end of one pass and the beginning of the next are one step.
      expect(most).toBeLessThanOrEqual(2 * manyInAStep);
      // It goes through all of them a dozen times, also where the copies that it makes are not counted.
      expect(steps).toBeGreaterThan((8 * count) / manyInAStep);
      expect(result.want.removed.length + result.heal.added.length).toBeGreaterThan(0);
    }
  });

  it('a journal that begins with all entries is printed and read in pieces', () => {
    const counted = new Counted();
    const printed = walked(printedEntries(counted.of(entries.map(indexedEntryOf))), counted);
    expect(printed.result.length).toBeGreaterThan(1);
    expect(Math.max(...printed.result.map(({ length }) => length))).toBeLessThan(600 * 1024);
    const line = Buffer.concat(printed.result).subarray(1, -1);
    const read = walked(parsedEntries(line), counted);
    expect(read.steps).toBeGreaterThan(line.length / (70 * 1024));
    expect([...(read.result?.values() ?? [])]).toEqual(entries.map(indexedEntryOf));
  });

  it('such a line is read as what it is, or not at all', () => {
    // What stands between two entries may stand within one as well, with backslashes.
    const odd = [...Array(2_000).keys()].map((serial) => ({
      key: `"],["${serial}` as EntryKey,
      digest: `"],["${serial}`,
      line: `{"a":"],[\\"],["}${serial}`,
    }));
    const line = Buffer.concat(finished(printedEntries(odd))).subarray(1, -1);
    expect([...(finished(parsedEntries(line))?.values() ?? [])]).toEqual(odd);
    expect(finished(parsedEntries(Buffer.from('{"entries":[]}')))).toEqual(new Map());
    for (const damaged of [
      line.subarray(0, -1),
      line.subarray(0, line.length / 2),
      Buffer.from('{"entries":[7]}'),
      Buffer.alloc(0),
    ]) {
      expect(finished(parsedEntries(damaged))).toBeUndefined();
    }
    expect(
      finished(parsedEntries(Buffer.concat([line.subarray(0, 70_000), Buffer.from('\0'), line.subarray(70_001)]))),
    ).toBe(undefined);
  });

  it('the history of a layout with many tags is worked out and printed in steps', () => {
    const counted = new Counted();
    const index = LayoutIndex.of(parseIndexDocument(textOf(entries, '\n'), undefined));
    const { fullNames, hasTags } = index;
    const named = { fullNames, hasTags, tagged: () => [], entries: counted.of(index.entries) };
    const found = walked(tagTargetsOf(named, new LayoutNames('app', defaultRules)), counted);
    expect(found.result.size).toBe(count);
    expect(found.most).toBeLessThanOrEqual(manyInAStep);
    const targets = new CountedMap(found.result, counted);
    const moves = walked(movesFound(new Map(), targets, { how: 'foreign', atMs: 1 }), counted);
    expect(moves.most).toBeLessThanOrEqual(manyInAStep);
    expect(moves.result).toHaveLength(count);
    const records = moves.result.map((move): HistoryRecord => ({ kind: 'move', move }));
    const printed = walked(printedRecords(counted.of(records)), counted);
    expect(printed.most).toBeLessThanOrEqual(manyInAStep);
    expect(walked(trimming(records, historyLimits.longestMs), counted).steps).toBeGreaterThan(count);
  });

  it('tags are sorted in runs, and a list that is known is gone on with', () => {
    const counted = new Counted();
    const tags = Array.from({ length: count }, (_, serial) => `v${(serial * 7_919) % count}` as Tag);
    const sorted = walked(sortedTags(counted.of(tags)), counted);
    expect(sorted.most).toBeLessThanOrEqual(2_049);
    expect(sorted.result).toEqual([...tags].sort());
    expect(finished(sortedTags([]))).toEqual([]);
    const come = ['a', 'v2500x', 'z'] as Tag[];
    const gone = new Set(['v1', 'v4999'] as Tag[]);
    const before = { tags: sorted.result, changed: new Set([...come, ...gone, 'unknown' as Tag]) };
    const after = walked(
      tagsAfter(before, (tag) => come.includes(tag)),
      counted,
    );
    expect(after.steps).toBeGreaterThan(count / manyInAStep);
    expect(after.result).toEqual([...tags.filter((tag) => !gone.has(tag)), ...come].sort());
  });

  it('a list that is asked for while it is sorted is one list', async () => {
    const index = LayoutIndex.of(parseIndexDocument(textOf(entries, '\n'), undefined));
    const [one, other] = await Promise.all([index.tagsInTurns(), index.tagsInTurns()]);
    expect(one).toBe(other);
    expect(index.tags()).toBe(one);
    expect(one).toHaveLength(count);
  });

  it('entries are grouped by what they refer to in steps', () => {
    const counted = new Counted();
    const { most, result } = walked(entriesBySubject(counted.of(entries)), counted);
    expect(most).toBeLessThanOrEqual(manyInAStep);
    expect(result.size).toBe(0);
  });

  it('names are told in steps', () => {
    const { steps, result } = walked(namingOf(entries, 'app', defaultRules), new Counted());
    expect(result.repositories.get('')?.size).toBe(count);
    expect(steps).toBeGreaterThan(count / manyInAStep);
  });
});
