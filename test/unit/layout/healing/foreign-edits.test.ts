// What other tools do to index.json beside our pushes, from models of eleven of their operations: nothing acknowledged is lost, what
// they add is kept, what they delete is honoured where it can be told from a stale rewrite.
import { describe, expect, it } from 'vitest';
import type { Judgement } from '../../../../src/layout/healing/foreign-edits.ts';
import { healPolicy } from '../../../../src/layout/healing/heal-policy.ts';
import { isNamed, nameOfKey } from '../../../../src/layout/index/entry-key.ts';
import { untagged } from '../../../../src/layout/index/untagged-entry.ts';
import { digestNamed, entry, type ForeignEdit, tools } from '../../../support/foreign-tools.ts';
import { SharedLayout } from '../../../support/shared-layout.ts';

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

describe('tags moved by other tools', () => {
  it.each(retags)('$name on a fresh copy wins, and the manifest it took the tag from stays pullable', (edit) => {
    const layout = settled();
    layout.foreign(edit, layout.file);
    expect(layout.tag('a')).toBe(digestNamed('N'));
    expectAll(layout, ['A'], ['B', 'b'], ['C', 'c'], ['U']);
  });

  it.each(withStaleness(retags))('$name on a copy $commits pushes old keeps the pushes', ({ edit, commits }) => {
    const layout = settled();
    const read = layout.file;
    for (let push = 0; push < commits; push += 1) layout.push(`P${push}`, `p${push}`).wait(minute);
    layout.foreign(edit, read);
    for (let push = 0; push < commits; push += 1) expectAll(layout, [`P${push}`, `p${push}`]);
    expect(layout.tag('a')).toBe(digestNamed('N'));
    expectAll(layout, ['A'], ['B', 'b'], ['C', 'c'], ['U']);
  });

  it.each(withStaleness(retags))(
    '$name wins over our own move of the tag, which stays untagged',
    ({ edit, commits }) => {
      const layout = settled();
      const read = layout.file;
      layout.push('M', 'a').wait(minute);
      for (let push = 1; push < commits; push += 1) layout.push(`P${push}`, `p${push}`).wait(minute);
      layout.foreign(edit, read);
      expect(layout.tag('a')).toBe(digestNamed('N'));
      expect(layout.file.filter((each) => each.digest === digestNamed('M')).map((each) => isNamed(each.key))).toEqual([
        false,
      ]);
      for (let push = 1; push < commits; push += 1) expectAll(layout, [`P${push}`, `p${push}`]);
    },
  );

  it('keeps a push between our untag and a skopeo copy that moved the same tag', () => {
    const layout = settled();
    const read = layout.file;
    layout.push('P', 'p').wait(minute).deleteTag('a').wait(minute);
    layout.foreign(tools.skopeoCopy('N', 'a'), read);
    expectAll(layout, ['P', 'p'], ['N', 'a'], ['A']);
  });

  it('leaves every other byte of an entry whose tag was moved, and gives it a time', () => {
    const layout = settled();
    const read = layout.file;
    layout.push('M', 'a').wait(minute);
    const line = '{"size":7,"x-big":12345678901234567890,"annotations":{"org.opencontainers.image.ref.name":"a"}}';
    const [pushed] = layout.file.filter((each) => nameOfKey(each.key) === 'a');
    const { want } = layout.judgeOnly(tools.craneAppend('N', 'a').edit(read), 'in-place');
    expect(want.removed).toEqual([pushed?.key]);
    const kept = untagged({ key: entry('M', { tag: 'a' }).key, digest: '', line }, Date.UTC(2026, 10, 1));
    const time = '"org.opencontainers.image.created":"2026-11-01T00:00:00Z"';
    expect(kept.line).toBe(`{"size":7,"x-big":12345678901234567890,"annotations":{${time}}}`);
  });

  it('leaves a name that crane lists twice to be listed twice', () => {
    const layout = settled();
    layout.foreign(tools.craneAppend('N', 'a'), layout.file);
    expectAll(layout, ['A', 'a'], ['N', 'a']);
  });

  it('leaves a manifest unlisted that was replaced long after the window, as regctl means it', () => {
    const layout = settled();
    layout.wait(2 * healPolicy.windowMs);
    layout.foreign(tools.regctlPut('N', 'a'), layout.file);
    expect(layout.has('A')).toBe(false);
  });

  it('honours a roll back of a tag by a tool that replaces', () => {
    const layout = settled();
    layout.push('A2', 'a').wait(minute);
    layout.foreign(
      tools.regctlPut('A', 'a'),
      layout.file.filter((each) => each.digest !== digestNamed('A')),
    );
    expect(layout.tag('a')).toBe(digestNamed('A'));
    expectAll(layout, ['A2']);
  });
});

describe('deletes of other tools', () => {
  it.each(deletes)('$name on a fresh copy is honoured', (edit) => {
    const layout = settled();
    const judgement = layout.foreign(edit, layout.file);
    expect(layout.tag('a')).toBeUndefined();
    expect(kinds(judgement)).toContain('deleted');
    expectAll(layout, ['B', 'b'], ['C', 'c'], ['U']);
  });

  it.each(withStaleness(deletes))(
    '$name on a copy $commits pushes old is honoured, and the pushes stay',
    ({ edit, commits }) => {
      const layout = settled();
      const read = layout.file;
      for (let push = 0; push < commits; push += 1) layout.push(`P${push}`, `p${push}`).wait(minute);
      layout.foreign(edit, read);
      expect(layout.tag('a')).toBeUndefined();
      for (let push = 0; push < commits; push += 1) expectAll(layout, [`P${push}`, `p${push}`]);
      expectAll(layout, ['B', 'b'], ['C', 'c'], ['U']);
    },
  );

  it('of most of what is young are honoured when the rest proves that the copy was fresh', () => {
    const layout = settled();
    for (let push = 0; push < 5; push += 1) layout.push(`P${push}`, `p${push}`).wait(minute);
    const cleanUp: ForeignEdit = {
      name: 'jq keeps the last',
      arrived: 'rename',
      edit: (read) => read.filter((each) => !/^p[0-3]$/.test(nameOfKey(each.key) ?? '')),
    };
    layout.foreign(cleanUp, layout.file);
    expect(['p0', 'p1', 'p2', 'p3', 'p4'].filter((name) => layout.tag(name) !== undefined)).toEqual(['p4']);
  });

  it('does not honour a delete made from an old copy of a tag that was acknowledged again since', () => {
    const layout = settled();
    const read = layout.file;
    layout.push('P', 'p').deleteTag('a').wait(minute).push('A', 'a').wait(minute);
    layout.foreign(tools.jqDelete('a'), read);
    expectAll(layout, ['A', 'a'], ['P', 'p']);
  });
});

describe('a file that equals an older version (rule 4)', () => {
  const ages = [
    { arrived: 'in-place', ageMs: 2000, deleted: false },
    { arrived: 'in-place', ageMs: 2001, deleted: true },
    { arrived: 'rename', ageMs: 500, deleted: false },
    { arrived: 'rename', ageMs: 501, deleted: true },
  ] as const;

  it.each(ages)(
    '$arrived $ageMs ms after the push of what is missing: deleted $deleted',
    ({ arrived, ageMs, deleted }) => {
      const layout = settled();
      const read = layout.file;
      layout.push('P', 'p').wait(ageMs);
      const judgement = layout.foreign(tools.rewrite(arrived), read);
      expect(layout.has('P', 'p')).toBe(!deleted);
      expect(judgement.notes).toContainEqual(
        expect.objectContaining({ kind: 'ambiguous', choice: deleted ? 'edit' : 'stale' }),
      );
    },
  );

  it.each(ages)(
    '$arrived $ageMs ms after our delete of what is back: added again $deleted',
    ({ arrived, ageMs, deleted }) => {
      const layout = settled();
      const read = layout.file;
      layout.deleteManifest('A').wait(ageMs);
      layout.foreign(tools.rewrite(arrived), read);
      expect(layout.has('A', 'a')).toBe(deleted);
    },
  );

  it('restores three entries however old: no delete takes as many', () => {
    const layout = settled();
    const read = layout.file;
    layout
      .push('P', 'p')
      .push('Q', 'q')
      .push('R', 'r')
      .wait(30 * minute);
    layout.foreign(tools.rewrite(), read);
    expectAll(layout, ['P', 'p'], ['Q', 'q'], ['R', 'r']);
  });

  it('judges by when the file was written, not by when it was seen', () => {
    const layout = settled();
    const read = layout.file;
    layout.push('P', 'p').wait(100);
    const writtenAtMs = layout.nowMs;
    const judgement = layout.wait(minute).judgeOnly(read, 'in-place', writtenAtMs);
    expect(judgement.heal.added).toHaveLength(1);
  });
});

describe('a file whose time stamp was put back', () => {
  it('is judged by when it was seen', () => {
    const layout = settled();
    const read = layout.file;
    layout.push('P', 'p').wait(minute);
    const judgement = layout.judgeOnly(read, 'rename', layout.nowMs - 30 * minute);
    expect(judgement.notes).toContainEqual(expect.objectContaining({ kind: 'ambiguous', choice: 'edit' }));
  });
});

describe('the naive rule "missing, and nothing else changed, means deleted"', () => {
  it('would lose five tags to a tool that copied an image again from an old copy', () => {
    const layout = settled();
    const read = layout.file;
    for (let push = 0; push < 5; push += 1) layout.push(`P${push}`, `p${push}`).wait(minute);
    const judgement = layout.judgeOnly(read, 'in-place');
    // Nothing is added and nothing changed: by the naive rule all five were deleted.
    expect(judgement.seen.added).toEqual([]);
    expect(judgement.seen.removed).toHaveLength(5);
    expect(judgement.want).toEqual({ added: [], removed: [] });
    expect(judgement.heal.added).toHaveLength(5);
  });

  it('would lose the tags beside a delete made from an old copy', () => {
    const layout = settled();
    const read = layout.file;
    layout.push('P', 'p').push('Q', 'q').wait(minute);
    const judgement = layout.foreign(tools.jqDelete('a'), read);
    expect(judgement.seen.added).toEqual([]);
    expect(judgement.seen.removed).toHaveLength(3);
    expectAll(layout, ['P', 'p'], ['Q', 'q']);
    expect(layout.has('A', 'a')).toBe(false);
  });
});

describe('our deletes beside old copies', () => {
  it.each(additions)('$name from before the delete does not bring the manifest back', (edit) => {
    const layout = settled();
    const read = layout.file;
    layout.deleteManifest('B').wait(100);
    const judgement = layout.foreign(edit, read);
    expect(layout.has('B')).toBe(false);
    expect(kinds(judgement)).toContain('withdrawn');
    expectAll(layout, ['N'], ['C', 'c'], ['U']);
  });

  it('does not take the untagged entry that skopeo leaves for an addition when its manifest was deleted meanwhile', () => {
    const layout = settled();
    const read = layout.file;
    layout.deleteManifest('A').wait(minute);
    layout.foreign(tools.skopeoCopy('N', 'a'), read);
    expect(layout.has('A')).toBe(false);
    expect(layout.tag('a')).toBe(digestNamed('N'));
  });
});

describe('versions that explain the file equally well', () => {
  it('a tag that we deleted is not set again by a tool that set another one', () => {
    const layout = new SharedLayout();
    layout.push('M', 'd').push('N', 'a').wait(minute);
    const read = layout.file;
    layout.deleteTag('a').wait(minute).deleteManifest('M').wait(minute);
    layout.foreign(tools.regctlPut('O', 'd'), read);
    expect(layout.tag('a')).toBeUndefined();
    expect(layout.tag('d')).toBe(digestNamed('O'));
  });

  it('the version that lists what a moved tag leaves behind explains it', () => {
    const layout = new SharedLayout([]);
    const empty = layout.file;
    layout.push('M', 'a').wait(minute);
    layout.foreign(tools.orasAttach('R'), empty);
    const read = layout.wait(minute).file;
    layout.deleteManifest('M').wait(minute);
    layout.foreign(tools.skopeoCopy('N', 'a'), read);
    expect(layout.has('M')).toBe(false);
    expectAll(layout, ['R'], ['N', 'a']);
  });

  it('our move of a tag is not undone by a copy from before an entry lost its name', () => {
    const layout = new SharedLayout();
    layout.push('U').wait(minute);
    const before = layout.file;
    layout.push('M', 'a').wait(minute).push('U', 'b').wait(minute);
    layout.foreign(tools.orasAttach('R'), before);
    const read = layout.wait(minute).file;
    layout.push('N', 'a').wait(minute);
    layout.foreign(tools.skopeoCopy('O', 'b'), read);
    expectAll(layout, ['N', 'a'], ['M'], ['O', 'b'], ['R'], ['U']);
    expect(layout.tag('a')).toBe(digestNamed('N'));
  });
});

describe('damage', () => {
  it.each([tools.empty(), tools.clobber('N')])('a file that keeps nothing ($name) is restored whole', (edit) => {
    const layout = settled();
    layout.wait(2 * healPolicy.windowMs);
    const judgement = layout.foreign(edit, layout.file);
    expectAll(layout, ['A', 'a'], ['B', 'b'], ['C', 'c'], ['U']);
    expect(kinds(judgement)).toContain('clobbered');
  });

  it('a backup from before the window takes away what it lacks, but no push of the window', () => {
    const layout = settled();
    const backup = layout.readAgo(2);
    layout
      .wait(2 * healPolicy.windowMs)
      .push('P', 'p')
      .wait(minute);
    layout.foreign(tools.rewrite('rename'), backup);
    expect(layout.has('C')).toBe(false);
    expectAll(layout, ['A', 'a'], ['B', 'b'], ['P', 'p']);
  });
});

describe('what is wanted', () => {
  it('counts a missing untagged entry as present while its digest is listed (rule 1)', () => {
    const layout = settled();
    layout.foreign(tools.craneAppend('A', undefined), layout.file);
    const judgement = layout.foreign(tools.orasAttach('N'), layout.file);
    expect(judgement.want.removed).toEqual([]);
    expect(judgement.urgent).toBe(false);
  });

  it('survives a heal that lost its race (rule 5)', () => {
    const layout = settled();
    const read = layout.file;
    layout.push('P', 'p').push('Q', 'q').push('R', 'r').wait(minute);
    const stale = tools.craneAppend('N', 'n').edit(read);
    layout.record(stale, layout.judgeOnly(stale, 'in-place'));
    // Another foreign write before the heal was published, made from the unhealed file.
    layout.foreign(tools.craneAppend('O', 'o'), stale);
    expectAll(layout, ['P', 'p'], ['Q', 'q'], ['R', 'r'], ['N', 'n'], ['O', 'o'], ['A', 'a']);
  });

  it('includes what this process published beside another holder of the lock', () => {
    const layout = settled();
    const [theirs] = new SharedLayout().push('P', 'p').file;
    const { past } = layout;
    const branch = {
      base: past.versions.length - 1,
      delta: { added: theirs === undefined ? [] : [theirs], removed: [] },
    };
    const judgement = layout.judgeOnly(layout.file, 'rename', layout.nowMs, [branch]);
    expect(judgement.heal).toEqual({ added: [theirs], removed: [] });
  });
});

function kinds({ notes }: Judgement): readonly string[] {
  return notes.map((note) => note.kind);
}
