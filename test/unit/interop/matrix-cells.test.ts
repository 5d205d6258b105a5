// The matrix of real tools: what was yes must stay yes, and what a run does not look at keeps what an earlier one found.
import { describe, expect, it } from 'vitest';
import { type Cell, failures, merged, regressions, type ToolResult } from '../../interop/matrix/cells.ts';
import { contentKinds } from '../../interop/matrix/contents.ts';

const yes: Cell = { outcome: 'yes', how: 'copy', reason: '' };
const none: Cell = { outcome: 'none', how: '', reason: 'it has no such thing' };
const no: Cell = { outcome: 'no', how: '', reason: 'it refuses' };
const failed: Cell = { outcome: 'failed', how: 'copy', reason: 'a digest differs' };

function result(read: Cell, asOf = '2026-11-01'): ToolResult {
  const row = (cell: Cell) => Object.fromEntries(contentKinds.map((kind) => [kind, kind === 'index' ? cell : yes]));
  const cells = { written: row(yes), read: row(read) } as ToolResult['cells'];
  return { version: '1.0', model: false, asOf, cells };
}

describe('a cell that was yes', () => {
  it.each([no, none, failed])('and is $outcome is a regression, with the reason', (now) => {
    const found = regressions({ tool: result(yes) }, { tool: result(now) });
    expect(found).toEqual([`tool: read index was yes, and is ${now.outcome}: ${now.reason}`]);
  });

  it('and is yes, or whose tool did not run, is none', () => {
    expect(regressions({ tool: result(yes), other: result(yes) }, { tool: result(yes) })).toEqual([]);
  });
});

it('a cell that was no and is yes, or is new, is no regression', () => {
  expect(regressions({ tool: result(no) }, { tool: result(yes), fresh: result(no) })).toEqual([]);
});

it('a cell that should be yes and is not fails whatever it was', () => {
  expect(failures({ tool: result(failed), other: result(no) })).toEqual(['tool: read index: a digest differs']);
});

describe('results of a run over those of earlier runs', () => {
  it('keep the day of what is the same, and what the run did not look at', () => {
    const before = { tool: result(yes, 'then'), other: result(no, 'then') };
    expect(merged(before, { tool: result(yes, 'now') })).toEqual(before);
  });

  it('have the day of the run where something changed', () => {
    expect(merged({ tool: result(no, 'then') }, { tool: result(yes, 'now') })).toEqual({ tool: result(yes, 'now') });
    const newer = { ...result(yes, 'now'), version: '1.1' };
    expect(merged({ tool: result(yes, 'then') }, { tool: newer })).toEqual({ tool: newer });
  });
});
