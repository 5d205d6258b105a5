// Files that two programs left which wrote in place at the same time: what no command of any tool explains takes nothing away.
import { describe, expect, it } from 'vitest';
import { healPolicy } from '../../../../src/layout/healing/heal-policy.ts';
import { type EntryKey, type IndexedEntry, isNamed, nameOfKey } from '../../../../src/layout/index/entry-key.ts';
import { digestNamed, entry, type ForeignEdit, tools } from '../../../support/foreign-tools.ts';
import { SharedLayout } from '../../../support/shared-layout.ts';

const minute = 60_000;

/** Thirty young tags, older than any tool takes from reading to writing. */
function thirtyTags(layout = new SharedLayout()): SharedLayout {
  for (let push = 0; push < 30; push += 1) layout.push(`P${push}`, `p${push}`).wait(100);
  return layout.wait(3 * healPolicy.graceMs['in-place']);
}

/** So that what came before them is not simply missing from an old copy. */
function later(layout: SharedLayout): SharedLayout {
  for (let push = 0; push < 6; push += 1) layout.push(`L${push}`, `l${push}`);
  return layout;
}

function expectAll(layout: SharedLayout, ...expected: readonly (readonly [content: string, tag?: string])[]): void {
  expect(expected.filter(([content, tag]) => !layout.has(content, tag))).toEqual([]);
}

const thirty = Array.from({ length: 30 }, (_, at) => [`P${at}`, `p${at}`] as const);

function torn(edit: ForeignEdit['edit'], arrived: ForeignEdit['arrived'] = 'in-place'): ForeignEdit {
  return { name: 'two writers at once', arrived, edit };
}

describe('a mixture of what two programs wrote in place', () => {
  const mixtures: readonly (readonly [string, ForeignEdit['edit']])[] = [
    ['lacks a stretch, repeats another and adds a tag', (m) => [...m.slice(0, 15), ...m.slice(10, 15), ...m.slice(25)]],
    ['lacks the second half', (m) => m.slice(0, 15)],
    ['keeps three', (m) => m.slice(0, 3)],
    ['lacks every second entry', (m) => m.filter((_, at) => at % 2 === 0)],
  ];

  it.each(mixtures)('that %s takes nothing away, and what is new in it is kept', (_, mix) => {
    for (const arrived of ['in-place', 'rename'] as const) {
      const layout = thirtyTags();
      layout.foreign(
        torn((m) => [...mix(m), entry('N', { tag: 'n' })], arrived),
        layout.file,
      );
      expectAll(layout, ...thirty, ['N', 'n']);
    }
  });

  it('that adds nothing takes nothing away either, and it is said', () => {
    const layout = thirtyTags();
    const judgement = layout.foreign(
      torn((m) => m.filter((_, at) => at % 2 === 0)),
      layout.file,
    );
    expectAll(layout, ...thirty);
    expect(judgement.notes).toContainEqual(expect.objectContaining({ kind: 'torn', added: 0 }));
  });

  it.each([
    ['a tag', entry('N', { tag: 'n' })],
    ['a referrer', entry('N', { subject: 'P1' })],
  ])('that lacks a single young tag beside %s that is new takes nothing away', (_, added) => {
    const layout = thirtyTags();
    layout.foreign(
      torn((m) => [...m.slice(0, 7), ...m.slice(8), added]),
      layout.file,
    );
    expectAll(layout, ...thirty, ['N']);
  });

  it('moves no tag, and keeps what it would have moved there', () => {
    const layout = thirtyTags();
    const moved = [entry('P3', { tag: 'p1' }), entry('N', { tag: 'p2' })];
    layout.foreign(
      torn((m) => [m[0], ...moved, ...m.slice(20)].filter((each) => each !== undefined)),
      layout.file,
    );
    expectAll(layout, ...thirty, ['N']);
    expect(layout.tag('p1')).toBe(digestNamed('P1'));
    expect(layout.tag('p2')).toBe(digestNamed('P2'));
  });

  it('loses an entry without a digest, beside which others are missing', () => {
    const layout = thirtyTags();
    const [half] = [entry('', { tag: 'half' })].map((each) => ({ ...each, key: '\n=half' as EntryKey, digest: '' }));
    layout.foreign(
      torn((m) => [...m.slice(1), ...(half === undefined ? [] : [half])]),
      layout.file,
    );
    expectAll(layout, ...thirty);
    expect(layout.file.filter(({ digest }) => digest === '')).toEqual([]);
  });

  it.each([
    ['type', { mediaType: 'application/vnd.ocinifest.v1+json' }],
    ['size', { size: 17 }],
  ])('whose seam goes through an entry, so that it says another %s, has it written again', (_, spoilt) => {
    const layout = thirtyTags();
    const spoil = (each: IndexedEntry): IndexedEntry =>
      nameOfKey(each.key) === 'p5' ? { ...each, line: JSON.stringify({ ...JSON.parse(each.line), ...spoilt }) } : each;
    const before = layout.file.find(({ key }) => nameOfKey(key) === 'p5');
    const { heal } = layout.foreign(
      torn((m) => [...m.map(spoil), entry('N', { tag: 'n' })]),
      layout.file,
    );
    expect(heal.removed).toEqual([before?.key]);
    expect(layout.file.filter(({ key }) => nameOfKey(key) === 'p5')).toEqual([before]);
    expectAll(layout, ...thirty, ['N', 'n']);
  });

  it('loses an entry with half a digest, which other tools refuse the layout for', () => {
    const layout = thirtyTags();
    const digest = 'sha256:e8d26d03d79ee76c1bdccee03450282d06c44c3';
    layout.foreign(
      torn((m) => [...m, { key: digest as EntryKey, digest, line: `{"digest":"${digest}"}` }]),
      layout.file,
    );
    expectAll(layout, ...thirty);
    expect(layout.file.map((each) => each.digest)).not.toContain(digest);
  });

  it('brings nothing back that we deleted', () => {
    const layout = thirtyTags();
    const before = layout.file;
    layout.deleteManifest('P7').wait(minute);
    layout.foreign(
      torn(() => [...before.slice(5, 12), ...before.slice(20), entry('N', { tag: 'n' })]),
      layout.file,
    );
    expect(layout.has('P7')).toBe(false);
    expectAll(layout, ...thirty.filter(([content]) => content !== 'P7'), ['N', 'n']);
  });
});

describe('a mixture after another one', () => {
  it('is not taken for an edit of the damaged file that was healed', () => {
    const layout = thirtyTags();
    layout.foreign(
      torn((m) => [...m.slice(0, 3), entry('N', { tag: 'n' })]),
      layout.file,
    );
    layout.wait(minute).foreign(
      torn((m) => m.filter((_, at) => at % 2 === 0)),
      layout.file,
    );
    expectAll(layout, ...thirty, ['N', 'n']);
  });

  it('does not cost a tag whose name a tool took from it for another entry', () => {
    const layout = thirtyTags();
    const damaged = [...layout.file.slice(0, 20), entry('P3', { tag: 'p1' }), entry('N', { tag: 'n' })];
    layout.foreign(
      torn(() => damaged),
      layout.file,
    );
    expectAll(layout, ...thirty, ['N', 'n']);
    // oras keeps the last of two entries of one name.
    const saved = damaged.filter(({ key, digest }) => nameOfKey(key) !== 'p1' || digest === digestNamed('P3'));
    for (const content of ['O', 'Q']) {
      layout.foreign(
        torn(() => [...saved, entry(content, { tag: content.toLowerCase() })]),
        layout.file,
      );
      layout.wait(minute);
      expect(layout.tag('p1')).toBe(digestNamed('P1'));
      expectAll(layout, ...thirty, ['N', 'n'], [content, content.toLowerCase()]);
    }
  });

  it('leaves room for a tool that reads the damaged file before it is healed', () => {
    const layout = thirtyTags();
    const damaged = [...layout.file.slice(0, 3), entry('N', { tag: 'n' })];
    layout.record(damaged, layout.judgeOnly(damaged, 'in-place'));
    layout.foreign(tools.skopeoCopy('O', 'o'), damaged);
    expectAll(layout, ...thirty, ['N', 'n'], ['O', 'o']);
  });
});

describe('what is no mixture', () => {
  it('a delete by digest takes all names of its manifest, however many', () => {
    const layout = thirtyTags();
    for (let name = 0; name < 20; name += 1) layout.push('S', `s${name}`);
    later(layout).wait(minute).foreign(tools.orasDelete('S'), layout.file);
    expect(layout.has('S')).toBe(false);
    expectAll(layout, ...thirty);
  });

  it('a delete and a copy are both honoured when a look came between them, or when the tag is old', () => {
    const layout = thirtyTags();
    layout.foreign(tools.skopeoDelete('p4'), layout.file);
    layout.foreign(tools.skopeoCopy('N', 'n'), layout.file);
    expect(layout.tag('p4')).toBeUndefined();
    layout.wait(2 * healPolicy.windowMs);
    const deleted = tools.skopeoDelete('p5').edit(layout.file);
    layout.foreign(tools.skopeoCopy('O', 'o'), deleted);
    expect(layout.tag('p5')).toBeUndefined();
    expectAll(layout, ['N', 'n'], ['O', 'o'], ['P6', 'p6']);
  });

  it('what a tag leaves behind beside a delete is no addition', () => {
    const layout = thirtyTags();
    layout.foreign(
      torn((m) => [...tools.skopeoDelete('p4').edit(m), entry('P4')]),
      layout.file,
    );
    expect(layout.tag('p4')).toBeUndefined();
    expect(layout.has('P4')).toBe(true);
  });

  it('a tag that is moved, an image listed twice, and untagged entries that go, are edits', () => {
    const layout = new SharedLayout();
    for (let push = 0; push < 12; push += 1) layout.push(`U${push}`);
    thirtyTags(layout).foreign(
      torn((m) => [...m.filter(({ key }) => isNamed(key) && nameOfKey(key) !== 'p9'), entry('P3', { tag: 'p9' })]),
      layout.file,
    );
    expect(layout.tag('p9')).toBe(digestNamed('P3'));
    expect(layout.has('U3')).toBe(false);
  });

  it('many old tags may go: for an hour after our last write the file is looked at, then hours of commands are one edit', () => {
    const layout = thirtyTags();
    layout.wait(2 * healPolicy.windowMs).foreign(
      torn((m) => [...m.slice(20), entry('N', { tag: 'n' })]),
      layout.file,
    );
    expect(layout.has('P3')).toBe(false);
    expectAll(layout, ['P25', 'p25'], ['N', 'n']);
  });

  it('entries in the form of another tool, without what it does not know, are the same', () => {
    const layout = thirtyTags();
    const judgement = layout.foreign(tools.orasAttach('N'), layout.file);
    expect(judgement.heal).toEqual({ added: [], removed: [] });
  });

  it('an entry without a digest stays where nothing is missing', () => {
    const layout = thirtyTags();
    const odd = { key: '\n=odd' as EntryKey, digest: '', line: '{"size":1}' };
    layout.foreign(
      torn((m) => [...m, odd]),
      layout.file,
    );
    expect(layout.file).toContainEqual(odd);
  });
});
