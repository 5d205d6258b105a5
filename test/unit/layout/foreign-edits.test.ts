import { describe, expect, it } from 'vitest';
import { refNameOf } from '../../../src/layout/indexed-entry.ts';
import { digestNamed, type ForeignEdit, tools } from '../../support/foreign-tools.ts';
import { SharedLayout } from '../../support/shared-layout.ts';

const minute = 60_000;

/** Three tags, an untagged manifest; nothing young. */
function settled(): SharedLayout {
  const layout = new SharedLayout();
  layout.push('A', 'a').wait(100).push('B', 'b').wait(100).push('C', 'c').wait(100).push('U');
  return layout.wait(10 * minute);
}

function expectAll(layout: SharedLayout, ...expected: readonly (readonly [content: string, tag?: string])[]): void {
  const missing = expected.filter(([content, tag]) => !layout.has(content, tag));
  expect(missing).toEqual([]);
}

const additions: readonly ForeignEdit[] = [
  tools.skopeoCopy('N', 'n'),
  tools.orasPush('N', 'n'),
  tools.orasAttach('N'),
  tools.regctlPut('N', 'n'),
  tools.craneAppend('N', 'n'),
  tools.craneAppend('N', undefined),
  tools.buildkitAppend('N'),
  tools.umociTag('N', 'n'),
  tools.olaregAttach('N', 'A'),
];

const retags: readonly ForeignEdit[] = [
  tools.skopeoCopy('N', 'a'),
  tools.orasPush('N', 'a'),
  tools.regctlPut('N', 'a'),
  tools.umociTag('N', 'a'),
];

const deletes: readonly ForeignEdit[] = [
  tools.skopeoDelete('a'),
  tools.orasDelete('A'),
  tools.regctlTagDelete('a'),
  tools.jqDelete('a'),
];

const staleBy = [1, 2, 3, 7];
const withStaleness = (edits: readonly ForeignEdit[]) =>
  edits.flatMap((edit) => staleBy.map((commits) => ({ name: edit.name, edit, commits })));

describe('additions of other tools', () => {
  it.each(additions)('$name on a fresh copy is adopted as it is', (edit) => {
    const layout = settled();
    const judgement = layout.foreign(edit, layout.file);
    expect(judgement.heal).toEqual({ added: [], removed: [] });
    expectAll(layout, ['A', 'a'], ['B', 'b'], ['C', 'c'], ['U'], ['N']);
  });

  it.each(withStaleness(additions))('$name on a copy $commits pushes old restores the pushes', ({ edit, commits }) => {
    const layout = settled();
    const read = layout.file;
    for (let push = 0; push < commits; push += 1) layout.push(`P${push}`, `p${push}`).wait(minute);
    const judgement = layout.foreign(edit, read);
    for (let push = 0; push < commits; push += 1) expectAll(layout, [`P${push}`, `p${push}`]);
    expectAll(layout, ['A', 'a'], ['B', 'b'], ['C', 'c'], ['U'], ['N']);
    expect(judgement.notes.map((note) => note.kind)).toContain('restored');
  });
});
