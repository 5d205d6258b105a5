// What a tag means and what a new entry of it carries, in files of every style (docs/layouts.md#names).
import { describe, expect, it } from 'vitest';
import { applyEdit, type IndexEdit } from '../../../../src/layout/changes/index-edit.ts';
import { IndexDraft } from '../../../../src/layout/index/index-draft.ts';
import { parseIndexDocument } from '../../../../src/layout/index/index-parse.ts';
import { LayoutIndex } from '../../../../src/layout/index/layout-index.ts';
import type { NameRules } from '../../../../src/layout/names/name-rules.ts';
import { LayoutNames } from '../../../../src/layout/names/repository-names.ts';
import { annotationKeys } from '../../../../src/oci/annotations.ts';
import { parseTag } from '../../../../src/oci/reference.ts';
import { type Content, factsIn, imageManifest } from '../../../support/content.ts';
import { defaultRules } from '../../../support/rules.ts';

const { refName, imageName, baseName, created } = annotationKeys;
const imageOf = (n: string) => imageManifest({ annotations: { n } });
const nowMs = Date.parse('2026-11-21T10:00:00Z');
const [one, two, pushed] = [imageOf('1'), imageOf('2'), imageOf('3')];

type Entry = Readonly<Record<string, unknown>>;
const named = ({ descriptor }: Content, annotations: Record<string, string>, extra: Entry = {}): Entry => ({
  ...descriptor,
  ...extra,
  annotations,
});
const bare = (content: Content, tag: string, extra?: Entry) => named(content, { [refName]: tag }, extra);

function indexOf(entries: readonly Entry[]): LayoutIndex {
  return LayoutIndex.of(
    parseIndexDocument(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: entries })), undefined),
  );
}

const layoutWith = (rules: Partial<NameRules> = {}) => new LayoutNames('shelf/own', { ...defaultRules, ...rules });

function entriesAfter(
  entries: readonly Entry[],
  edit: (names: ReturnType<LayoutNames['of']>) => IndexEdit,
  rules: Partial<NameRules> = {},
): readonly Entry[] {
  const draft = new IndexDraft(indexOf(entries));
  applyEdit(draft, edit(layoutWith(rules).of('')), nowMs);
  return draft.finish().entries.map(({ line }) => JSON.parse(line) as Entry);
}

const push =
  (tag: string) =>
  (names: ReturnType<LayoutNames['of']>): IndexEdit => {
    return {
      kind: 'put',
      how: 'push',
      facts: factsIn(pushed),
      bytes: pushed.bytes,
      absent: [],
      tags: [parseTag(tag)],
      names,
    };
  };
const untag =
  (tag: string) =>
  (names: ReturnType<LayoutNames['of']>): IndexEdit => ({ kind: 'untag', how: 'delete', tag: parseTag(tag), names });

describe('a tag that is listed twice', () => {
  const twice = [bare(one, 'v1'), bare(two, 'v1')];

  it.each([
    ['last', two],
    ['first', one],
  ] as const)('means the %s entry where the operator says so', (duplicates, content) => {
    expect(layoutWith({ duplicates }).of('').entryOf(indexOf(twice), parseTag('v1'))?.digest).toBe(content.digest);
  });

  it('is one tag', () => {
    expect(layoutWith().of('').tags(indexOf(twice)) ?? indexOf(twice).tags()).toEqual(['v1']);
  });

  it('is named by one entry after a push, and what it meant is there without a name', () => {
    const entries = entriesAfter(twice, push('v1'));
    expect(
      entries.filter(({ annotations }) => (annotations as Entry)[refName] === 'v1').map(({ digest }) => digest),
    ).toEqual([pushed.digest]);
    expect(new Set(entries.map(({ digest }) => digest))).toEqual(new Set([one.digest, two.digest, pushed.digest]));
  });

  it('is gone after it was deleted', () => {
    const entries = entriesAfter(twice, untag('v1'));
    expect(entries.map(({ annotations }) => (annotations as Entry)[refName])).toEqual([undefined, undefined]);
  });

  it('means what we can serve beside what we cannot, which is kept without the name when the tag moves', () => {
    const strange = {
      mediaType: one.descriptor.mediaType,
      digest: 'blake3:abc',
      size: 1,
      annotations: { [refName]: 'v1' },
    };
    expect(
      layoutWith()
        .of('')
        .entryOf(indexOf([bare(one, 'v1'), strange]), parseTag('v1'))?.digest,
    ).toBe(one.digest);
    for (const edit of [push('v1'), untag('v1')]) {
      expect(entriesAfter([bare(one, 'v1'), strange], edit)).toContainEqual({
        ...strange,
        annotations: { [created]: '2026-11-21T10:00:00Z' },
      });
    }
  });
});

describe('what another tool wrote into an entry', () => {
  const vendor = { 'x-vendor': { a: 1 }, platform: { os: 'linux', architecture: 'amd64' } };

  it('stays when its tag moves, also where another entry lists the manifest', () => {
    const entries = [bare(one, 'v1', vendor), bare(one, 'v2')];
    for (const edit of [push('v1'), untag('v1')]) {
      expect(entriesAfter(entries, edit)).toContainEqual({
        ...one.descriptor,
        ...vendor,
        annotations: { [created]: '2026-11-21T10:00:00Z' },
      });
    }
  });

  it('is not repeated where another entry says the same, and nothing is left of an entry that says no more than its name', () => {
    const entries = [bare(one, 'v1', vendor), bare(one, 'v2', vendor), bare(two, 'v3'), bare(two, 'v4')];
    expect(entriesAfter(entries, untag('v1'))).toHaveLength(3);
    expect(entriesAfter(entries, untag('v3'))).toHaveLength(3);
  });
});

describe('the only image, without a name', () => {
  const unnamed = [{ ...one.descriptor }];

  it.each(['v1', 'latest'])('is latest in writing after a push of %s, or was', (tag) => {
    const entries = entriesAfter(unnamed, push(tag));
    const names = entries.map(({ digest, annotations }) => [digest, (annotations as Entry)[refName]]);
    expect(names.sort()).toEqual(
      [
        [one.digest, tag === 'latest' ? undefined : 'latest'],
        [pushed.digest, tag],
      ].sort(),
    );
  });

  it('is not latest any more once that was deleted', () => {
    const entries = entriesAfter(unnamed, untag('latest'));
    expect(layoutWith().of('').tags(indexOf(entries))).toEqual([]);
  });

  it('does not become latest when all others go', () => {
    const entries = entriesAfter([...unnamed, bare(two, 'v1')], (names) => ({
      kind: 'remove',
      how: 'delete',
      mediaType: '',
      size: 0,
      digest: two.digest,
      subject: undefined,
      names,
    }));
    expect(entries).toHaveLength(1);
    expect(layoutWith().of('').tags(indexOf(entries))).toEqual([]);
  });

  it('keeps without a name where the operator wants none', () => {
    expect(entriesAfter(unnamed, push('v1'), { unnamed: 'hidden' })).toContainEqual(one.descriptor);
  });
});

describe('a push into full names', () => {
  it.each([
    ['ref-name', [named(one, { [refName]: 'acme/app:v1' })], { [refName]: 'acme/app:v9' }],
    [
      'image-name',
      [named(one, { [imageName]: 'acme/app:v1', [refName]: 'v1' })],
      { [imageName]: 'acme/app:v9', [refName]: 'v9' },
    ],
    [
      'Docker Hub as crane spells it',
      [named(one, { [refName]: 'index.docker.io/acme/app:v1' })],
      { [refName]: 'index.docker.io/acme/app:v9' },
    ],
    [
      'both names, as hauler writes them',
      [named(one, { [imageName]: 'index.docker.io/acme/app:v1', [refName]: 'acme/app:v1' })],
      { [imageName]: 'index.docker.io/acme/app:v9', [refName]: 'acme/app:v9' },
    ],
    [
      'the name of the base image, as zarf wrote it, together with what it writes today',
      [named(one, { [baseName]: 'docker.io/acme/app:v1' })],
      { [refName]: 'docker.io/acme/app:v9', [baseName]: 'docker.io/acme/app:v9' },
    ],
    ['bare tags beside them', [named(one, { [refName]: 'acme/app:v1' }), bare(two, 'v2')], { [refName]: 'v9' }],
  ])('keeps the style: %s', (_, entries, annotations) => {
    expect(entriesAfter(entries, push('v9'))).toContainEqual({
      ...pushed.descriptor,
      annotations: { ...annotations, [created]: '2026-11-21T10:00:00Z' },
    });
  });

  it('over one of them leaves no other entry of that name', () => {
    const entries = entriesAfter([named(one, { [imageName]: 'acme/app:v1', [refName]: 'v1' })], push('v1'));
    expect(entries.filter(({ annotations }) => (annotations as Entry)[imageName] !== undefined)).toHaveLength(1);
    expect(entries.map(({ digest }) => digest).sort()).toEqual([one.digest, pushed.digest].sort());
  });
});

describe('an entry with several names', () => {
  const several = [named(one, { [refName]: 'docker.io/acme/app:v1,docker.io/acme/app:v2' })];
  const namesAfterIn = (entries: readonly Entry[], edit: ReturnType<typeof push>) =>
    entriesAfter(entries, edit).map(({ digest, annotations }) => [digest, (annotations as Entry)[refName]]);
  const namesAfter = (edit: ReturnType<typeof push>) => namesAfterIn(several, edit);

  it('keeps the others when one is pushed', () => {
    expect(namesAfter(push('v1'))).toEqual([
      [one.digest, 'docker.io/acme/app:v2'],
      [pushed.digest, 'docker.io/acme/app:v1'],
    ]);
  });

  it('keeps the others when one is deleted', () => {
    expect(namesAfter(untag('v2'))).toEqual([[one.digest, 'docker.io/acme/app:v1']]);
  });

  it('beside a tag: each name has its own tag then', () => {
    const beside = [named(one, { [imageName]: 'docker.io/a/b:v1,docker.io/a/b:v2', [refName]: 'v1' })];
    expect(entriesAfter(beside, untag('v1'))).toEqual([
      { ...one.descriptor, annotations: { [imageName]: 'docker.io/a/b:v2', [refName]: 'v2' } },
    ]);
  });

  it('and one of them listed again: what was meant is meant after another push', () => {
    const last = named(two, { [refName]: 'docker.io/acme/app:v1' });
    expect(namesAfterIn([...several, last], push('v3'))).toEqual([
      [one.digest, 'docker.io/acme/app:v2'],
      [two.digest, 'docker.io/acme/app:v1'],
      [pushed.digest, 'docker.io/acme/app:v3'],
    ]);
  });

  it('keeps the digest that stands for a tag', () => {
    const entries = [named(one, { [refName]: `docker.io/acme/app@${one.digest},docker.io/acme/app:v2` })];
    expect(namesAfterIn(entries, untag('v2'))).toEqual([[one.digest, `docker.io/acme/app@${one.digest}`]]);
  });

  it('is not deleted from one repository while it is called so in another', () => {
    const entries = [named(one, { [refName]: 'docker.io/acme/app:v1,docker.io/acme/tool:v1' })];
    const names = layoutWith().of('acme/app' as never);
    const remove: IndexEdit = {
      kind: 'remove',
      how: 'delete',
      digest: one.digest,
      mediaType: '',
      size: 0,
      subject: undefined,
      names,
    };
    expect(() => applyEdit(new IndexDraft(indexOf(entries)), remove, nowMs)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED' }),
    );
  });
});

it('the only image, listed twice without a name, is one entry after a push', () => {
  const unnamed = { ...one.descriptor };
  expect(entriesAfter([unnamed, unnamed], push('v1')).map(({ digest }) => digest)).toEqual([one.digest, pushed.digest]);
});

it('a hundred thousand images do not keep a push of another one waiting', () => {
  const entries = Array.from({ length: 100_000 }, (_, at) =>
    named(one, { [refName]: `docker.io/library/app${at}:v1` }),
  );
  const names = layoutWith().of('library/new' as never);
  const draft = new IndexDraft(indexOf(entries));
  expect(names.annotationsFor(draft, parseTag('v1'))).toEqual({ [refName]: 'docker.io/library/new:v1' });
});

it('a tag that another program listed thirty thousand times is moved in one walk', () => {
  const entries = Array.from({ length: 30_000 }, () => bare(one, 'v1'));
  expect(entriesAfter(entries, push('v1')).map(({ digest }) => digest)).toEqual([pushed.digest, one.digest]);
});
