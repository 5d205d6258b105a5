// index.json as other tools write it: nothing is lost by our rewrite, and nothing is made of what is no index.
import { describe, expect, it } from 'vitest';
import {
  emptyIndexDocument,
  IndexUnreadableError,
  printIndexDocument,
} from '../../../../src/layout/index/index-document.ts';
import { parseIndexDocument } from '../../../../src/layout/index/index-parse.ts';

const parse = (text: string | Buffer) => parseIndexDocument(Buffer.from(text), undefined);
const rewritten = (text: string) => printIndexDocument(parse(text)).bytes.toString();

const image = '{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:0","size":1}';

describe('a rewrite keeps', () => {
  it('unknown members before and after, and the order of all', () => {
    const text = `{"x":{"keep":"me"},"schemaVersion":2,"manifests":[${image}],"annotations":{"b":"1","a":"2"},"y":[]}`;
    expect(rewritten(text)).toBe(
      `{"x":{"keep":"me"},"schemaVersion":2,"manifests":[\n${image}\n],"annotations":{"b":"1","a":"2"},"y":[]}\n`,
    );
  });

  it('numbers that JavaScript cannot hold, escapes, and spaces within lines', () => {
    const odd = '{"size":12345678901234567890,"x":1.10,"y":"\\u00e9\\/\\ud83d", "z" : -0}';
    const text = `{"big":1e999,"manifests":[${odd}]}`;
    expect(rewritten(text)).toBe(`{"big":1e999,"manifests":[\n${odd}\n]}\n`);
  });

  it('entries that are no descriptors', () => {
    expect(rewritten('{"manifests":[null,5,"x",[{}],{}]}')).toBe('{"manifests":[\nnull,\n5,\n"x",\n[{}],\n{}\n]}\n');
  });

  it('characters beyond ASCII byte for byte', () => {
    const text = `{"é\u2028":"日本","manifests":[\n{"a":"😀"}\n]}\n`;
    expect(rewritten(text)).toBe(text);
  });
});

describe('parseIndexDocument', () => {
  it.each(['{"schemaVersion":2,"manifests":null}', '{"schemaVersion":2}', '{}', '{"manifests":[]}'])(
    'takes %s for an index without entries',
    (text) => {
      expect(parse(text).entries).toEqual([]);
    },
  );

  it.each(['{"name":"site","main":"index.js"}', '[]', '{"manifests":{}}'])(
    'takes %s for another kind of file',
    (text) => {
      expect(() => parse(text)).toThrow(IndexUnreadableError);
    },
  );

  it('reads CRLF and indentation', () => {
    const pretty = JSON.stringify({ schemaVersion: 2, manifests: [JSON.parse(image)] }, null, 4).replaceAll(
      '\n',
      '\r\n',
    );
    expect(parse(pretty).entries.map(({ line }) => line)).toEqual([image]);
    expect(rewritten(pretty)).toBe(`{"schemaVersion":2,"manifests":[\n${image}\n]}\n`);
  });

  it('drops what follows the first value: the rest of a longer file that was written over', () => {
    expect(rewritten(`{"manifests":[${image}]}"}]}`)).toBe(`{"manifests":[\n${image}\n]}\n`);
  });

  it('takes the last of several "manifests", as every JSON reader does, and keeps the others', () => {
    const other = '{"digest":"sha256:1"}';
    const document = parse(`{"manifests":[${other}],"x":1,"manifests":[${image}],"y":2}`);
    expect(document.entries.map(({ line }) => line)).toEqual([image]);
    const again = JSON.parse(printIndexDocument({ ...document, entries: [] }).bytes.toString());
    expect(again).toEqual({ manifests: [], x: 1, y: 2 });
  });

  it('knows its own form by the bytes', () => {
    expect(parse(`{"manifests":[\n${image}\n]}\n`).inOurForm).toBe(true);
    expect(parse(`{"manifests":[\n${image}\n]}`).inOurForm).toBe(false);
    expect(parse(`{"manifests":[${image}]}`).inOurForm).toBe(false);
    expect(parse(`{"manifests":[\r\n${image}\r\n]}\r\n`).inOurForm).toBe(false);
  });

  it('gives the very document that is known for the same bytes', () => {
    for (const text of [`{"manifests":[\n${image}\n]}\n`, `{"manifests": [${image}]}`]) {
      const known = parse(text);
      expect(parseIndexDocument(Buffer.from(text), known)).toBe(known);
    }
  });

  it('reads a file that is known and in which somebody broke a line', () => {
    const known = parse(`{"manifests":[\n${image},\n{"x":[1,{}]}\n]}\n`);
    for (const broken of ['{"x":[1,\n{}]}', '{"x":[{},\n{}]}', '{"x":\r[1,{}]}']) {
      const bytes = Buffer.from(`{"manifests":[\n${image},\n${broken}\n]}\n`);
      const [incremental, whole] = [parseIndexDocument(bytes, known), parseIndexDocument(bytes, undefined)];
      expect(incremental.bytes).toEqual(whole.bytes);
      expect(incremental.entries.map(({ line }) => line)).toEqual(whole.entries.map(({ line }) => line));
    }
  });

  it.each([
    '',
    '\n',
    '{',
    '[]',
    'null',
    '{"manifests":[',
    '{"manifests":[]',
    `{"manifests":[${image}`,
    `{"manifests":[${image},]}`,
    '{"manifests":[{"digest":"sha256:0]}',
    '{"manifests":{}}',
    '{"manifests":"x"}',
    '{"manifests":5}',
    '{"manifests":}',
    '{"manifests":[{"size":1 2}]}',
    '{"manifests":[{"size":1\n2}]}',
    '{"manifests":[{"size":01}]}',
    '{"manifests":[{digest:1}]}',
    '{"x":1 2,"manifests":[]}',
    '{"x":1\n2,"manifests":[]}',
    '{"x":tru,"manifests":[]}',
    '{"manifests":[],"x":nul}',
    '{"x":{"y":,},"manifests":[]}',
    '\ufeff{"manifests":[]}',
    '{"manifests":[{"a":"\n"}]}',
  ])('finds %j unreadable', (text) => {
    expect(() => parse(text)).toThrow(IndexUnreadableError);
  });

  it('finds bytes that are not UTF-8 unreadable: written back they would be others', () => {
    const [before, after] = [`{"manifests":[\n{"x":"`, `"},\n${image}\n]}\n`];
    const known = parse(before + after);
    for (const bad of [[0xff], [0xc3], [0xe9], [0xf0, 0x9f, 0x98]]) {
      const bytes = Buffer.concat([Buffer.from(before), Buffer.from(bad), Buffer.from(after)]);
      expect(() => parseIndexDocument(bytes, undefined)).toThrow(IndexUnreadableError);
      expect(() => parseIndexDocument(bytes, known)).toThrow(IndexUnreadableError);
    }
  });
});

describe('printIndexDocument', () => {
  it('prints a new index one descriptor a line, with its media type', () => {
    const entries = parse(`{"manifests":[${image},{}]}`).entries;
    expect(printIndexDocument({ ...emptyIndexDocument, entries }).bytes.toString()).toBe(
      `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[\n${image},\n{}\n]}\n`,
    );
    expect(JSON.parse(printIndexDocument(emptyIndexDocument).bytes.toString())).toMatchObject({
      schemaVersion: 2,
      manifests: [],
    });
  });
});
