// Edits of index.json against a model of two collections, and against each other: deltas mean the same on any newer index.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tagOf } from '../../src/layout/index/entry-name.ts';
import { emptyIndexDocument } from '../../src/layout/index/index-document.ts';
import { parseIndexEntry } from '../../src/layout/index/index-entry.ts';
import { parseIndexDocument } from '../../src/layout/index/index-parse.ts';
import { type JsonMember, membersOf } from '../../src/layout/index/json-span.ts';
import { LayoutIndex } from '../../src/layout/index/layout-index.ts';
import { isDigest } from '../../src/oci/digest.ts';
import { isTag, parseTag } from '../../src/oci/reference.ts';
import { afterBatch, type ClientEdit, edit, ModelIndex } from '../support/arbitrary/index-edits.ts';
import { inOurForm, line, members } from '../support/arbitrary/index-lines.ts';

const empty = () => LayoutIndex.of(emptyIndexDocument);
const batches = fc.array(fc.array(edit, { maxLength: 5 }), { maxLength: 8 });

const readAgain = (index: LayoutIndex) =>
  LayoutIndex.of(parseIndexDocument(Buffer.from(index.document.bytes), undefined));
const linesOf = (index: LayoutIndex) => index.entries.map((each) => each.line);

/** Every answer that a snapshot can give about what is in it. */
function answersOf(index: LayoutIndex) {
  const entries = index.entries;
  const names = index.tags();
  const digests = [...new Set(entries.map((each) => each.digest))].filter((each) => each !== undefined);
  const lines = (each: readonly { line: string }[]) => each.map((entry) => entry.line).sort();
  return {
    tags: index.tags(),
    named: names.map((name) => [name, lines(index.tagged(parseTag(name)))]),
    listed: digests.map((each) => [each, lines(index.listed(each))]),
    responses: digests.map((each) => [each, lines(index.responsesFor(each))]),
  };
}

describe('a draft', () => {
  it('comes to what the model comes to, batch after batch, and so does what is read back from its bytes', () => {
    fc.assert(
      fc.property(batches, (all) => {
        const model = new ModelIndex();
        let index = empty();
        for (const batch of all) {
          const after = afterBatch(index, batch);
          expect(after.accepted).toEqual(batch.map((each) => model.apply(each)));
          index = after.index;
          expect(index.tags()).toEqual([...model.tags.keys()].sort());
          for (const [name, of] of model.tags)
            expect(index.tagged(parseTag(name)).map(({ digest }) => digest)).toEqual([of]);
          expect(new Set(index.entries.map(({ digest }) => digest))).toEqual(model.listed);
          for (const each of after.withdrawn) expect(model.listed.has(each)).toBe(false);
          expect(answersOf(readAgain(index))).toEqual(answersOf(index));
          expect(linesOf(readAgain(index))).toEqual(linesOf(index));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('lists a manifest once for each tag, else once', () => {
    fc.assert(
      fc.property(batches, (all) => {
        const index = all.reduce((before, batch) => afterBatch(before, batch).index, empty());
        for (const digest of new Set(index.entries.flatMap((each) => each.digest ?? []))) {
          const listed = index.listed(digest);
          const named = listed.filter((each) => each.isNamed);
          expect(listed.length).toBe(Math.max(1, named.length));
        }
      }),
    );
  });

  it('does not care how edits are shared out to batches', () => {
    fc.assert(
      fc.property(batches, (all) => {
        const inBatches = all.reduce((before, batch) => afterBatch(before, batch).index, empty());
        const oneByOne = all.flat().reduce((before, each) => afterBatch(before, [each]).index, empty());
        expect(linesOf(inBatches).sort()).toEqual(linesOf(oneByOne).sort());
        expect(inBatches.tags()).toEqual(oneByOne.tags());
      }),
      { numRuns: 150 },
    );
  });

  it('comes to the same in any order when edits meet in no tag and no digest', () => {
    const touches = (each: ClientEdit): readonly string[] => {
      if (each.kind === 'untag') return [each.tag];
      return each.kind === 'remove' ? [each.digest] : [each.facts.descriptor.digest, ...each.tags];
    };
    fc.assert(
      fc.property(batches, edit, edit, (before, one, other) => {
        const index = before.reduce((each, batch) => afterBatch(each, batch).index, empty());
        // A tag that moves or goes touches the manifest it leaves as well.
        const left = (each: ClientEdit) =>
          touches(each).flatMap((name) =>
            (isTag(name) ? index.tagged(name) : []).flatMap(({ digest }) => digest ?? []),
          );
        const meets = [...touches(one), ...left(one)].some((each) =>
          [...touches(other), ...left(other)].includes(each),
        );
        fc.pre(!meets);
        const [here, there] = [afterBatch(index, [one, other]), afterBatch(index, [other, one])];
        expect(linesOf(here.index).sort()).toEqual(linesOf(there.index).sort());
        expect(here.withdrawn).toEqual(there.withdrawn);
      }),
      { numRuns: 150 },
    );
  });

  it('keeps every entry and member of another tool that the edits do not name, in its order', () => {
    const foreign = fc.tuple(members, fc.array(line, { maxLength: 8 }), members);
    fc.assert(
      fc.property(foreign, fc.array(edit, { minLength: 1, maxLength: 4 }), ([head, lines, tail], edits) => {
        const index = LayoutIndex.of(parseIndexDocument(Buffer.from(inOurForm(head, lines, tail)), undefined));
        const after = afterBatch(index, edits).index;
        const tags = new Set(
          edits.flatMap((each) => (each.kind === 'put' ? each.tags : each.kind === 'untag' ? [each.tag] : [])),
        );
        const digests = new Set(
          edits.flatMap((each) =>
            each.kind === 'put' ? [each.facts.descriptor.digest] : each.kind === 'remove' ? [each.digest] : [],
          ),
        );
        const untouched = (each: string) => {
          const { digest, name } = parseIndexEntry(each);
          return !(digest !== undefined && digests.has(digest)) && ![...tags].some((tag) => tag === tagOf(name));
        };
        const kept = lines.filter(untouched);
        const foreignNow = linesOf(after).filter((each) => kept.includes(each));
        expect(foreignNow).toEqual(kept);
        expect(membersAround(after)).toEqual(membersAround(index));
      }),
      { numRuns: 200 },
    );
  });

  it('never loses a manifest of another tool unless it is deleted: a tag that moves leaves it listed', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), fc.array(edit, { maxLength: 5 }), (lines, edits) => {
        const index = LayoutIndex.of(parseIndexDocument(Buffer.from(inOurForm([], lines, [])), undefined));
        const after = afterBatch(index, edits).index;
        const removed = new Set(edits.flatMap((each) => (each.kind === 'remove' ? [each.digest] : [])));
        const before = index.entries.flatMap(({ digest }) => digest ?? []).filter((each) => !removed.has(each));
        for (const digest of before.filter(isDigest)) expect(after.listed(digest)).not.toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('derives the snapshot that is read from its bytes, also on top of what others wrote', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), batches, (lines, all) => {
        let index = LayoutIndex.of(parseIndexDocument(Buffer.from(inOurForm([], lines, [])), undefined));
        for (const batch of all) {
          index = afterBatch(index, batch).index;
          expect(answersOf(readAgain(index))).toEqual(answersOf(index));
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('LayoutIndex.reread', () => {
  it('gives the snapshot that a full read gives, whatever another tool did to the lines', () => {
    const list = fc.array(line, { maxLength: 10 });
    const splice = fc.record({ at: fc.nat({ max: 10 }), remove: fc.nat({ max: 10 }), add: list });
    fc.assert(
      fc.property(list, fc.array(splice, { maxLength: 3 }), (lines, splices) => {
        const index = LayoutIndex.of(parseIndexDocument(Buffer.from(inOurForm([], lines, [])), undefined));
        const changed = splices.reduce((each, { at, remove, add }) => each.toSpliced(at, remove, ...add), lines);
        const document = parseIndexDocument(Buffer.from(inOurForm([], changed, [])), index.document);
        expect(answersOf(index.reread(document))).toEqual(answersOf(LayoutIndex.of(document)));
      }),
      { numRuns: 200 },
    );
  });
});

/** But for a schemaVersion: one that is missing is written. */
function membersAround({ document: { head, tail } }: LayoutIndex): readonly JsonMember[] {
  return membersOf(`${head}${tail}`).filter(({ name }) => name !== 'schemaVersion');
}
