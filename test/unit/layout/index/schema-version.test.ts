// An index without a schemaVersion gets one with our next write.
import { describe, expect, it } from 'vitest';
import { IndexDraft } from '../../../../src/layout/index/index-draft.ts';
import { parseIndexEntry } from '../../../../src/layout/index/index-entry.ts';
import { parseIndexDocument } from '../../../../src/layout/index/index-parse.ts';
import { LayoutIndex } from '../../../../src/layout/index/layout-index.ts';
import { wrongSchemaVersion } from '../../../../src/layout/index/schema-version.ts';

const added = parseIndexEntry('{"digest":"sha256:x","size":1}');

function written(text: string): string {
  const draft = new IndexDraft(LayoutIndex.of(parseIndexDocument(Buffer.from(text), undefined)));
  draft.add(added);
  return draft.finish().document.bytes.toString();
}

const entry = `\n${added.line}\n`;

describe('the next write', () => {
  it.each([
    ['without one', '{"manifests":[]}', `{"schemaVersion":2,"manifests":[${entry}]}\n`],
    ['without anything', '{}', `{"schemaVersion":2,"manifests":[${entry}]}\n`],
    ['with 0', '{"schemaVersion":0,"manifests":[]}', `{"schemaVersion":2,"manifests":[${entry}]}\n`],
    ['with null', '{"a":1,"schemaVersion":null,"manifests":[]}', `{"schemaVersion":2,"a":1,"manifests":[${entry}]}\n`],
    [
      'with 0 at its end',
      '{"manifests":[],"annotations":{"a":"1"},"schemaVersion":0,"b":1e400}',
      `{"schemaVersion":2,"manifests":[${entry}],"annotations":{"a":"1"},"b":1e400}\n`,
    ],
    ['with 0 alone at its end', '{"manifests":[],"schemaVersion":0}', `{"schemaVersion":2,"manifests":[${entry}]}\n`],
  ])('completes an index %s', (_, before, after) => {
    expect(written(before)).toBe(after);
    expect(wrongSchemaVersion(parseIndexDocument(Buffer.from(after), undefined))).toBeUndefined();
  });

  it.each([
    ['at its end', '{"manifests":[],"schemaVersion":2}', `{"manifests":[${entry}],"schemaVersion":2}\n`],
    ['of another version', '{"schemaVersion":3,"manifests":[]}', `{"schemaVersion":3,"manifests":[${entry}]}\n`],
  ])('leaves one %s as it is', (_, before, after) => {
    expect(written(before)).toBe(after);
  });
});

it('what is wrong is told', () => {
  const wrong = (text: string) => wrongSchemaVersion(parseIndexDocument(Buffer.from(text), undefined));
  expect(wrong('{"manifests":[]}')).toBe('missing');
  expect(wrong('{"manifests":[],"schemaVersion":"2"}')).toBe('"2"');
  expect(wrong('{"schemaVersion":2,"manifests":[]}')).toBeUndefined();
});
