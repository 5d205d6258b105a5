// What pushes and deletes write into index.json (docs/layouts.md#entries-that-moorage-writes), entry by entry.
import { describe, expect, it } from 'vitest';
import { applyEdit, type IndexEdit } from '../../../../src/layout/changes/index-edit.ts';
import { IndexDraft } from '../../../../src/layout/index/index-draft.ts';
import { parseIndexDocument } from '../../../../src/layout/index/index-parse.ts';
import { LayoutIndex } from '../../../../src/layout/index/layout-index.ts';
import { LayoutNames } from '../../../../src/layout/names/repository-names.ts';
import { annotationKeys } from '../../../../src/oci/annotations.ts';
import { mediaTypes } from '../../../../src/oci/media-type.ts';
import { parseTag } from '../../../../src/oci/reference.ts';
import { type Content, factsIn, imageManifest, referrerOf } from '../../../support/content.ts';
import { defaultRules } from '../../../support/rules.ts';

const { refName, created, containerdSubject } = annotationKeys;
const now = Date.parse('2026-11-21T10:00:00Z');
const at = '2026-11-21T10:00:00Z';
const earlier = '2026-01-02T03:04:05Z';

const image = imageManifest({ annotations: { n: '1' } });
const other = imageManifest({ annotations: { n: '2' } });

const names = new LayoutNames('team/app', { ...defaultRules, unnamed: 'hidden' }).of('');

function put(content: Content, ...tags: string[]): IndexEdit {
  return {
    kind: 'put',
    how: 'push',
    facts: factsIn(content),
    bytes: content.bytes,
    absent: [],
    tags: tags.map(parseTag),
    names,
  };
}

function entryOf({ descriptor }: Content, annotations: Record<string, string>, extra: object = {}) {
  const { mediaType, digest, size } = descriptor;
  return { mediaType, digest, size, ...extra, annotations };
}

/** The entries after the edits, on top of the given ones. */
function entriesAfter(edits: readonly IndexEdit[], before: readonly object[] = []): readonly unknown[] {
  const document = parseIndexDocument(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: before })), undefined);
  const draft = new IndexDraft(LayoutIndex.of(document));
  for (const edit of edits) applyEdit(draft, edit, now);
  return draft.finish().entries.map(({ line }) => JSON.parse(line));
}

describe('a push', () => {
  it('by tag writes one entry with the bare tag and the time', () => {
    expect(entriesAfter([put(image, 'v1')])).toEqual([entryOf(image, { [refName]: 'v1', [created]: at })]);
  });

  it('by digest writes one entry with the time only', () => {
    expect(entriesAfter([put(image)])).toEqual([entryOf(image, { [created]: at })]);
  });

  it('with several tags writes an entry for each', () => {
    expect(entriesAfter([put(image, 'v1', 'v2')])).toEqual(
      ['v1', 'v2'].map((tag) => entryOf(image, { [refName]: tag, [created]: at })),
    );
  });

  it('of what is there already under that tag changes nothing', () => {
    const before = [entryOf(image, { [refName]: 'v1', [created]: earlier }, { 'x-vendor': 1 })];
    expect(entriesAfter([put(image, 'v1'), put(image)], before)).toEqual(before);
  });

  it('that tags an untagged manifest takes the place of its plain entry', () => {
    expect(entriesAfter([put(image, 'v1')], [entryOf(image, { [created]: earlier })])).toEqual([
      entryOf(image, { [refName]: 'v1', [created]: at }),
    ]);
  });

  it('that tags an untagged manifest leaves an entry that says more', () => {
    const platform = { platform: { os: 'linux' } };
    expect(entriesAfter([put(image, 'v1')], [entryOf(image, {}, platform)])).toEqual([
      entryOf(image, { [refName]: 'v1', [created]: at }),
      entryOf(image, {}, platform),
    ]);
  });

  it('that moves a tag leaves the old manifest untagged, with the time of its push', () => {
    const before = [entryOf(image, { [refName]: 'v1', [created]: earlier })];
    expect(entriesAfter([put(other, 'v1')], before)).toEqual([
      entryOf(other, { [refName]: 'v1', [created]: at }),
      entryOf(image, { [created]: earlier }),
    ]);
  });

  it('that moves a tag adds nothing when another tag names the old manifest', () => {
    const before = ['v1', 'v2'].map((tag) => entryOf(image, { [refName]: tag, [created]: earlier }));
    expect(entriesAfter([put(other, 'v1')], before)).toEqual([
      entryOf(image, { [refName]: 'v2', [created]: earlier }),
      entryOf(other, { [refName]: 'v1', [created]: at }),
    ]);
  });

  it('that moves a tag which another tool wrote keeps every field of the entry', () => {
    const before = [entryOf(image, { [refName]: 'v1', 'x.example': 'é' }, { 'x-vendor': { keep: ['me'] } })];
    expect(entriesAfter([put(other, 'v1')], before)[1]).toEqual(
      entryOf(image, { 'x.example': 'é', [created]: at }, { 'x-vendor': { keep: ['me'] } }),
    );
  });

  it('of a tag that is there twice leaves one entry with that name', () => {
    const before = [image, other].map((each) => entryOf(each, { [refName]: 'v1' }));
    expect(entriesAfter([put(other, 'v1')], before)).toEqual([
      entryOf(other, { [refName]: 'v1', [created]: at }),
      entryOf(image, { [created]: at }),
    ]);
  });

  it('of a referrer names its subject and its type for containerd, docker and buildx', () => {
    const sbom = referrerOf(image, 'application/vnd.example.sbom.v1', { 'com.example.kind': 'sbom' });
    expect(entriesAfter([put(sbom)])).toEqual([
      entryOf(
        sbom,
        { [containerdSubject]: image.digest, [created]: at },
        { artifactType: 'application/vnd.example.sbom.v1' },
      ),
    ]);
  });

  it('never copies annotations of the manifest: a name among them would be a phantom tag', () => {
    const phantom = imageManifest({ annotations: { [refName]: 'phantom', 'io.containerd.image.name': 'a/b:phantom' } });
    expect(entriesAfter([put(phantom)])).toEqual([entryOf(phantom, { [created]: at })]);
  });

  it('lists a manifest under its own type when it is there under another, which nobody could pull', () => {
    const before = [{ ...entryOf(image, {}), mediaType: 'application/xml' }];
    expect(entriesAfter([put(image)], before)).toEqual([...before, entryOf(image, { [created]: at })]);
  });
});

describe('a deleted tag', () => {
  const untag = (tag: string): IndexEdit => ({ kind: 'untag', how: 'delete', tag: parseTag(tag), names });

  it('leaves the manifest untagged', () => {
    const before = [entryOf(image, { [refName]: 'v1' }, { 'x-vendor': 1 })];
    expect(entriesAfter([untag('v1')], before)).toEqual([entryOf(image, { [created]: at }, { 'x-vendor': 1 })]);
  });

  it('leaves nothing where another tag names the manifest', () => {
    const before = ['v1', 'v2'].map((tag) => entryOf(image, { [refName]: tag }));
    expect(entriesAfter([untag('v1')], before)).toEqual([before[1]]);
  });

  it('that is there twice is gone altogether, and both manifests stay', () => {
    const before = [image, other].map((each) => entryOf(each, { [refName]: 'v1' }));
    expect(entriesAfter([untag('v1')], before)).toEqual([image, other].map((each) => entryOf(each, { [created]: at })));
  });

  it('that is not there is MANIFEST_UNKNOWN, and the draft stays as it was', () => {
    const draft = new IndexDraft(LayoutIndex.of(parseIndexDocument(Buffer.from('{}'), undefined)));
    expect(() => applyEdit(draft, untag('v1'), now)).toThrow(
      expect.objectContaining({ code: 'MANIFEST_UNKNOWN', status: 404 }),
    );
    expect(draft.changed).toBe(false);
  });
});

describe('a deleted manifest', () => {
  const remove = ({ digest }: Content): IndexEdit => ({
    kind: 'remove',
    how: 'delete',
    mediaType: '',
    size: 0,
    digest,
    subject: undefined,
    names,
  });

  it('takes all its tags along, and no other entry', () => {
    const before = [
      entryOf(image, { [refName]: 'v1' }),
      entryOf(other, { [refName]: 'v2' }),
      entryOf(image, { [refName]: 'v3' }, { 'x-vendor': 1 }),
      entryOf(image, {}),
    ];
    expect(entriesAfter([remove(image)], before)).toEqual([before[1]]);
  });

  it('is withdrawn unless it is pushed again in the same batch', () => {
    const draft = new IndexDraft(LayoutIndex.of(parseIndexDocument(Buffer.from('{}'), undefined)));
    for (const edit of [put(image, 'v1'), put(other), remove(image), remove(other), put(other)]) {
      applyEdit(draft, edit, now);
    }
    expect([...draft.withdrawn]).toEqual([image.digest]);
    expect(draft.finish().entries.map(({ digest }) => digest)).toEqual([other.digest]);
  });
});

describe('the order of entries', () => {
  it('is images, untagged, referrers, responses; what others wrote keeps its place', () => {
    const sbom = referrerOf(image, 'application/vnd.example.sbom.v1');
    const response = { ...entryOf(other, { [refName]: `sha256-${'0'.repeat(64)}` }), mediaType: mediaTypes.imageIndex };
    const foreign = entryOf(imageManifest({ annotations: { n: 'foreign' } }), { [refName]: 'last' });
    expect(entriesAfter([put(sbom), put(other), put(image, 'v1')], [response, foreign])).toEqual([
      response,
      foreign,
      entryOf(image, { [refName]: 'v1', [created]: at }),
      entryOf(other, { [created]: at }),
      expect.objectContaining({ digest: sbom.digest }),
    ]);
  });
});
