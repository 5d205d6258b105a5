// The snapshot of index.json: what it answers, and what it hands on to the next one.
import { describe, expect, it } from 'vitest';
import { parseIndexDocument } from '../../../../src/layout/index/index-parse.ts';
import { LayoutIndex } from '../../../../src/layout/index/layout-index.ts';
import { annotationKeys } from '../../../../src/oci/annotations.ts';
import { parseTag } from '../../../../src/oci/reference.ts';
import { imageManifest } from '../../../support/content.ts';

const images = Array.from({ length: 4 }, (_, at) => imageManifest({ annotations: { n: `${at}` } }));
const entryOf = (at: number, name?: string) => ({
  ...images[at]?.descriptor,
  annotations: name === undefined ? {} : { [annotationKeys.refName]: name },
});
const documentOf = (entries: readonly object[], space?: number) =>
  parseIndexDocument(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: entries }, null, space)), undefined);

describe('LayoutIndex', () => {
  const index = LayoutIndex.of(documentOf([entryOf(0, 'v1'), entryOf(1, 'v1'), entryOf(0), entryOf(2, 'host/a:v2')]));

  it('answers by tag, by digest and by what has no name', () => {
    expect(index.tagged(parseTag('v1')).map(({ digest }) => digest)).toEqual([images[0]?.digest, images[1]?.digest]);
    expect(index.tagged(parseTag('absent'))).toEqual([]);
    const digest = images[0]?.digest;
    if (digest === undefined) throw new Error('no image');
    expect(index.listed(digest)).toHaveLength(2);
    expect(index.untagged(digest).map(({ isNamed }) => isNamed)).toEqual([false]);
  });

  it('lists bare tags, each once, in byte order', () => {
    const names = ['b', 'a', 'B', 'b', 'x/y', '-bad', '_'].map((name) => entryOf(0, name));
    expect(LayoutIndex.of(documentOf(names)).tags()).toEqual(['B', '_', 'a', 'b'].map(parseTag));
  });
});

describe('LayoutIndex.reread', () => {
  it('is the same snapshot for the same document', () => {
    const index = LayoutIndex.of(documentOf([entryOf(0)]));
    expect(index.reread(index.document)).toBe(index);
  });

  it('means by a name what the file means, wherever another tool puts a second entry of it', () => {
    const inLines = (entries: readonly object[]) =>
      Buffer.from(
        `{"schemaVersion":2,"manifests":[\n${entries.map((entry) => JSON.stringify(entry)).join(',\n')}\n]}\n`,
      );
    for (const name of ['v1', 'host/a:v2']) {
      const before = [entryOf(0, name), entryOf(1, 'other')];
      const known = parseIndexDocument(inLines(before), undefined);
      for (let at = 0; at <= before.length; at += 1) {
        const bytes = inLines(before.toSpliced(at, 0, entryOf(2, name)));
        const reread = LayoutIndex.of(known).reread(parseIndexDocument(bytes, known));
        const fresh = LayoutIndex.of(parseIndexDocument(bytes, undefined));
        const meant = (index: LayoutIndex) =>
          [...index.tagged(parseTag('v1')), ...index.fullNames].map(({ digest }) => digest);
        expect(meant(reread)).toEqual(meant(fresh));
      }
    }
  });

  it.each([3, 600])('keeps what is known of %i manifests when another tool writes them in its own form', (count) => {
    const entries = Array.from({ length: count }, (_, at) => entryOf(at % 4, `v${at}`));
    const index = LayoutIndex.of(documentOf(entries));
    for (const entry of index.entries) entry.facts = 'none';
    const theirs = [...entries.toReversed(), { ...entryOf(0, 'other'), mediaType: 'application/xml' }];
    const reread = index.reread(documentOf(theirs, 2));
    expect(reread.entries.map(({ facts }) => facts)).toEqual([...entries.map(() => 'none'), undefined]);
  });
});
