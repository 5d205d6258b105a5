// One descriptor of index.json: what is understood of it, and edits that lose nothing else.
import { describe, expect, it } from 'vitest';
import { annotated, newIndexEntry, parseIndexEntry } from '../../../../src/layout/index/index-entry.ts';
import { annotationKeys } from '../../../../src/oci/annotations.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { mediaTypes } from '../../../../src/oci/media-type.ts';

const digest = digestOf(Buffer.from('a'));
const other = digestOf(Buffer.from('b'));
const { refName, created, containerdSubject, olaregSubject, proposedSubject } = annotationKeys;

const entryWith = (fields: object) => parseIndexEntry(JSON.stringify({ digest, ...fields }));
const annotatedWith = (annotations: object) => entryWith({ annotations });

describe('parseIndexEntry', () => {
  it('understands a descriptor', () => {
    const entry = entryWith({
      mediaType: mediaTypes.imageManifest,
      size: 5,
      annotations: { [refName]: 'v1', [created]: '2026-01-02T03:04:05Z', [containerdSubject]: other },
    });
    expect(entry).toMatchObject({
      digest,
      mediaType: mediaTypes.imageManifest,
      size: 5,
      name: { kind: 'tag', tag: 'v1' },
      isNamed: true,
      createdAt: '2026-01-02T03:04:05Z',
      subject: other,
      responseFor: undefined,
      rank: 0,
      facts: undefined,
    });
  });

  it.each(['{}', '{"digest":5}', '{"digest":"sha384:abc"}', '{"digest":"sha256:ABC"}', 'null', '[]', '"x"', '5'])(
    'keeps %s without a digest to serve',
    (line) => {
      expect(parseIndexEntry(line)).toMatchObject({ line, digest: undefined, isNamed: false, rank: 1 });
    },
  );

  it('takes nothing for what it is not', () => {
    const entry = entryWith({ mediaType: 5, size: '5', annotations: { [refName]: 5, [created]: null, a: {} } });
    expect(entry).toMatchObject({ mediaType: undefined, size: -1, isNamed: false, createdAt: undefined });
    for (const annotations of [null, [], 'x', 5, [refName]]) {
      expect(entryWith({ annotations })).toMatchObject({ isNamed: false, subject: undefined });
    }
    expect(annotatedWith({ [containerdSubject]: 'sha256:x', [olaregSubject]: '' })).toMatchObject({
      subject: undefined,
      responseFor: undefined,
    });
  });

  it('knows the response of a subject by the annotation of olareg, and by the one of PR 1171', () => {
    expect(annotatedWith({ [olaregSubject]: other }).responseFor).toBe(other);
    expect(annotatedWith({ [proposedSubject]: other }).responseFor).toBe(other);
  });

  it('counts the bytes of a line, not its characters', () => {
    expect(parseIndexEntry('{"x":"é日😀"}').lineBytes).toBe(Buffer.byteLength('{"x":"é日😀"}'));
  });

  it('ranks images first, then untagged, then referrers, then responses', () => {
    expect(annotatedWith({ [refName]: 'v1' }).rank).toBe(0);
    expect(annotatedWith({ [refName]: 'host/repo:v1' }).rank).toBe(0);
    expect(annotatedWith({ [refName]: 'v1', [containerdSubject]: other }).rank).toBe(0);
    expect(annotatedWith({}).rank).toBe(1);
    expect(annotatedWith({ [containerdSubject]: other }).rank).toBe(2);
    expect(annotatedWith({ [refName]: `sha256-${'0'.repeat(64)}` }).rank).toBe(3);
    expect(annotatedWith({ [olaregSubject]: other }).rank).toBe(3);
  });

  it('is plain when a tagged entry of the same digest would say all of it', () => {
    expect(annotatedWith({}).plain).toBe(true);
    expect(annotatedWith({ [created]: 'x', [containerdSubject]: other }).plain).toBe(true);
    expect(entryWith({ mediaType: 'a/b', size: 1, artifactType: 'a/b' }).plain).toBe(true);
    expect(entryWith({ platform: { os: 'linux' } }).plain).toBe(false);
    expect(entryWith({ 'x-vendor': 1 }).plain).toBe(false);
    expect(annotatedWith({ 'x.example': '1' }).plain).toBe(false);
    expect(annotatedWith({ [refName]: 'v1' }).plain).toBe(false);
    expect(annotatedWith({ [olaregSubject]: other }).plain).toBe(false);
  });
});

describe('newIndexEntry', () => {
  it('leaves out what is undefined, and writes fields in the order of every tool', () => {
    const { line } = newIndexEntry({
      mediaType: mediaTypes.imageManifest,
      digest,
      size: 5,
      artifactType: undefined,
      annotations: { [refName]: undefined, [created]: '2026-01-02T03:04:05Z' },
    });
    expect(line).toBe(
      `{"mediaType":"${mediaTypes.imageManifest}","digest":"${digest}","size":5,"annotations":{"${created}":"2026-01-02T03:04:05Z"}}`,
    );
  });
});

describe('annotated', () => {
  it('sets and removes annotations and leaves every other byte as it is', () => {
    const line = `{"x":12345678901234567890,"annotations":{"a":"\\u0061","${refName}":"v1","b": 1.10},"digest":"${digest}","z":{"y":1, "y":2}}`;
    expect(annotated(parseIndexEntry(line), { [refName]: undefined, [created]: 'now' }).line).toBe(
      `{"x":12345678901234567890,"annotations":{"a":"\\u0061","b":1.10,"${created}":"now"},"digest":"${digest}","z":{"y":1, "y":2}}`,
    );
  });

  it('changes a value where it stands', () => {
    const entry = annotatedWith({ [refName]: 'v1', a: '1' });
    const changed = annotated(entry, { [refName]: 'v2' });
    expect(JSON.parse(changed.line)).toEqual({ digest, annotations: { [refName]: 'v2', a: '1' } });
    expect(changed.name).toEqual({ kind: 'tag', tag: 'v2' });
  });

  it('makes annotations where there are none', () => {
    for (const fields of [{}, { annotations: null }, { annotations: 'x' }, { annotations: {} }]) {
      const changed = annotated(entryWith(fields), { [created]: 'now' });
      expect(JSON.parse(changed.line)).toEqual({ digest, annotations: { [created]: 'now' } });
    }
  });

  it('keeps what is known of the manifest', () => {
    const entry = annotatedWith({ [refName]: 'v1' });
    entry.facts = 'none';
    expect(annotated(entry, { [refName]: undefined }).facts).toBe('none');
  });

  it('leaves alone what is no descriptor', () => {
    const entry = parseIndexEntry('[1]');
    expect(annotated(entry, { a: 'b' })).toBe(entry);
  });
});
