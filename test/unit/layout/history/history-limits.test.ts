import { describe, expect, it } from 'vitest';
import { agesOf, historyLimits, trimmed } from '../../../../src/layout/history/history-limits.ts';
import {
  type HistoryRecord,
  historyHeader,
  historyRecords,
  printRecord,
} from '../../../../src/layout/history/history-record.ts';
import type { TagTarget } from '../../../../src/layout/history/tag-move.ts';
import { parseTag } from '../../../../src/oci/reference.ts';
import type { VersionLabel } from '../../../../src/storage/object-store.ts';
import { digestNamed } from '../../../support/foreign-tools.ts';

const dayMs = 24 * 60 * 60 * 1000;
const target = (name: string): TagTarget => ({ digest: digestNamed(name), mediaType: 'application/json', size: 2 });

function move(tag: string, atMs: number, from: string | undefined, to: string | undefined): HistoryRecord {
  const [before, after] = [from, to].map((each) => (each === undefined ? undefined : target(each)));
  return { kind: 'move', move: { path: '', tag: parseTag(tag), how: 'push', atMs, from: before, to: after } };
}

const known = (tag: string, sinceMs: number, is: string): HistoryRecord => ({
  kind: 'known',
  known: { path: '', tag: parseTag(tag), sinceMs, is: target(is) },
});
const seen = (atMs: number): HistoryRecord => ({ kind: 'seen', seen: { label: 'a/b' as VersionLabel, atMs } });

describe('ages', () => {
  it('are what the clock says while it goes on', () => {
    expect(agesOf([0, 1_000, 5_000], 6_000)).toEqual([6_000, 5_000, 1_000]);
  });

  it('count a month of a step forward, and nothing of one back', () => {
    const yearMs = 365 * dayMs;
    expect(agesOf([0, 1_000], 10 * yearMs)).toEqual([30 * dayMs + 1_000, 30 * dayMs]);
    expect(agesOf([0, 10 * yearMs, 1_000], 2_000)).toEqual([30 * dayMs + 1_000, 1_000, 1_000]);
    expect(agesOf([10 * yearMs], 0)).toEqual([0]);
  });
});

describe('what is kept', () => {
  it('is the last hundred moves of each tag, in their order', () => {
    const many = Array.from({ length: 150 }, (_, at) => move('v1', at, `a${at}`, `a${at + 1}`));
    const records = [...many.slice(0, 75), move('v2', 75, undefined, 'b'), ...many.slice(75), seen(151)];
    const kept = trimmed(records, 200);
    expect(kept).toEqual([known('v1', 49, 'a50'), ...many.slice(50, 75), records[75], ...many.slice(75), seen(151)]);
    expect(historyLimits.mostOfATag).toBe(100);
  });

  it('is a year, after which only what a tag means stays known', () => {
    const days = Array.from({ length: 14 }, (_, at) => move('v2', at * 29 * dayMs, `b${at}`, `b${at + 1}`));
    const records = [
      move('v1', 0, undefined, 'a'),
      move('gone', 0, undefined, 'c'),
      move('gone', 1, 'c', undefined),
      ...days,
    ];
    const kept = trimmed(records, 14 * 29 * dayMs);
    expect(kept[0]).toEqual(known('v1', 0, 'a'));
    expect(kept.filter((each) => each.kind === 'move' && each.move.tag === 'gone')).toEqual([]);
    expect(kept.filter((each) => each.kind === 'move')).toEqual(days.slice(2));
  });

  it('is what a tag meant before its first move, unless moves in between were dropped', () => {
    const records = [known('v1', 5, 'a'), move('v1', 10, 'a', 'b')];
    expect(trimmed(records, 20)).toEqual(records);
    const many = Array.from({ length: 101 }, (_, at) => move('v1', 10 + at, `a${at}`, `a${at + 1}`));
    const kept = trimmed([known('v1', 5, 'a0'), ...many], 200);
    expect(kept.slice(0, 2)).toEqual([known('v1', 10, 'a1'), many[1]]);
  });

  it('is bounded in bytes: the oldest go', () => {
    const one = printRecord(move('v0', 0, undefined, 'a')).length;
    const count = Math.ceil(historyLimits.mostBytes / one) + 1_000;
    const many = Array.from({ length: count }, (_, at) => move(`v${at}`, at, undefined, 'a'));
    const kept = trimmed(many, count);
    const moves = kept.filter(({ kind }) => kind === 'move');
    expect(moves.at(-1)).toEqual(many.at(-1));
    expect(moves.length).toBeLessThan(count);
    // What each tag means stays known all the same.
    expect(kept).toHaveLength(count);
  });
});

describe('the text of a history', () => {
  const records = [
    known('v1', 5, 'a'),
    move('v1', 10, 'a', 'b'),
    move('v1', 11, 'b', undefined),
    { kind: 'removed', removed: { atMs: 12, removed: target('b') } } as const,
    seen(12),
    { kind: 'seen', seen: { label: undefined, atMs: 13 } } as const,
  ];

  it('is read as it was written', () => {
    const text = Buffer.from(`${historyHeader}${records.map(printRecord).join('\n')}`);
    expect([...historyRecords(text)]).toEqual(records);
    expect([...historyRecords(text, parseTag('v2'))]).toEqual(records.slice(3));
  });

  it.each([
    ['a line that was cut short', '{"tag":"v1","how":"pu\n'],
    ['zeros', '\0\0\0\0\n'],
    ['another how', '{"tag":"v1","how":"magic","at":1,"to":{"digest":"sha256:00","type":"a","size":1}}\n'],
    ['what is no tag', '{"tag":"../v1","how":"push","at":1}\n'],
    ['what is no digest', '{"removed":{"digest":"sha256:00","type":"a","size":1},"at":1}\n'],
    ['a list', '[1]\n'],
    ['null', 'null\n'],
    ['a version that is a number', '{"seen":1,"at":1}\n'],
    ['a line without an end', '{"seen":null,"at":1}'],
  ])('has no record in %s', (_, text) => {
    expect([...historyRecords(Buffer.from(text))]).toEqual([]);
  });
});
