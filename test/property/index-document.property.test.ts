// index.json against models: what is printed is read back, and reading only what differs comes to the same as reading everything.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type IndexDocument, IndexUnreadableError, printIndexDocument } from '../../src/layout/index/index-document.ts';
import { parseIndexDocument } from '../../src/layout/index/index-parse.ts';
import { element, inOurForm, line, members } from '../support/arbitrary/index-lines.ts';

function whole(bytes: Buffer): IndexDocument {
  return parseIndexDocument(bytes, undefined);
}

function readable(read: () => IndexDocument): IndexDocument | 'unreadable' {
  try {
    return read();
  } catch (error) {
    if (error instanceof IndexUnreadableError) return 'unreadable';
    throw error;
  }
}

function textOf(document: IndexDocument | 'unreadable') {
  if (document === 'unreadable') return document;
  const { head, tail, entries, inOurForm, bytes } = document;
  return { head, tail, lines: entries.map((each) => each.line), inOurForm, bytes: bytes.toString('latin1') };
}

const text = fc.tuple(members, fc.array(line, { maxLength: 12 }), members);
const ourForm = text.map(([head, lines, tail]) => inOurForm(head, lines, tail));

describe('parseIndexDocument', () => {
  it('reads back what was printed', () => {
    fc.assert(
      fc.property(members, fc.array(element), members, (head, lines, tail) => {
        const read = whole(Buffer.from(inOurForm(head, lines, tail)));
        expect(read.entries.map((each) => each.line)).toEqual(lines);
        const printed = printIndexDocument(read);
        expect(textOf(whole(printed.bytes))).toEqual(textOf(printed));
      }),
      { numRuns: 300 },
    );
  });

  it('loses no value of a file in any form', () => {
    const json = fc.tuple(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue()));
    const spacing = fc.constantFrom(undefined, 1, 3, '\t');
    fc.assert(
      fc.property(json, spacing, ([rest, manifests], space) => {
        const value = { ...rest, manifests };
        const printed = printIndexDocument(whole(Buffer.from(JSON.stringify(value, null, space))));
        expect(JSON.parse(printed.bytes.toString())).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 300 },
    );
  });

  it('is the same for a changed file whether or not the file before is known: lines added, changed, removed', () => {
    const edit = fc.record({
      at: fc.nat({ max: 12 }),
      remove: fc.nat({ max: 4 }),
      add: fc.array(line, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(text, fc.array(edit, { maxLength: 3 }), ([head, lines, tail], edits) => {
        const known = whole(Buffer.from(inOurForm(head, lines, tail)));
        const changed = [...lines];
        for (const { at, remove, add } of edits) changed.splice(at, remove, ...add);
        const bytes = Buffer.from(inOurForm(head, changed, tail));
        expect(textOf(parseIndexDocument(bytes, known))).toEqual(textOf(whole(bytes)));
      }),
      { numRuns: 500 },
    );
  });

  it('shares the entries of lines that stayed', () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1 }), line, fc.nat(), (lines, added, position) => {
        const known = whole(Buffer.from(inOurForm([], lines, [])));
        const changed = lines.toSpliced(position % lines.length, 0, added);
        const { entries } = parseIndexDocument(Buffer.from(inOurForm([], changed, [])), known);
        const parsed = entries.filter((each) => !known.entries.includes(each));
        // The line before the last loses or gains its comma with what follows it.
        expect(parsed.length).toBeLessThanOrEqual(2);
      }),
    );
  });

  it('is the same for any bytes put anywhere into a file that is known', () => {
    const garbage = fc.oneof(
      fc.constantFrom(
        '\n',
        ',',
        ',\n',
        '\r',
        ' ',
        '}',
        ']',
        '{',
        '"',
        ']}\n',
        '{}',
        '{},\n',
        '\n{}',
        ',\n{}',
        '\\',
        '\ufeff',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    const bytes = fc.oneof(
      garbage.map((each) => Buffer.from(each)),
      fc.constantFrom([0xff], [0xc3], [0xf0, 0x9f, 0x98]).map((each) => Buffer.from(each)),
    );
    fc.assert(
      fc.property(ourForm, bytes, fc.nat(), fc.nat({ max: 40 }), (form, added, position, removed) => {
        const known = whole(Buffer.from(form));
        const at = position % (known.bytes.length + 1);
        const changed = Buffer.concat([known.bytes.subarray(0, at), added, known.bytes.subarray(at + removed)]);
        const incremental = readable(() => parseIndexDocument(changed, known));
        expect(textOf(incremental)).toEqual(textOf(readable(() => whole(changed))));
      }),
      { numRuns: 1_000 },
    );
  });

  it('never takes the beginning of a file for the file', () => {
    fc.assert(
      fc.property(ourForm, fc.nat(), (form, length) => {
        const bytes = Buffer.from(form.trimEnd());
        const known = whole(bytes);
        const cut = bytes.subarray(0, length % bytes.length);
        for (const before of [undefined, known]) {
          expect(readable(() => parseIndexDocument(cut, before))).toBe('unreadable');
        }
      }),
      { numRuns: 300 },
    );
  });
});
