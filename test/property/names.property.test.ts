// Names, tags, references and digests: what the grammar makes is accepted and comes out as it went in, and nothing else is.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutKeys, poolKey } from '../../src/layout/files/keys.ts';
import { algorithmOf, digestOf, encodedOf, isDigest, isDigestLike, parseDigest } from '../../src/oci/digest.ts';
import {
  isRepositoryName,
  isTag,
  parsePulledReference,
  parseReference,
  parseRepositoryName,
} from '../../src/oci/reference.ts';
import { isReferrersTag, referrersTagOf } from '../../src/oci/referrers-tag.ts';

const lower = 'abcdefghijklmnopqrstuvwxyz0123456789';
const alphaNumeric = fc.string({ unit: fc.constantFrom(...lower), minLength: 1, maxLength: 5 });
const separator = fc.constantFrom('.', '_', '__', '-', '--', '-----');
const component = fc
  .tuple(alphaNumeric, fc.array(fc.tuple(separator, alphaNumeric), { maxLength: 2 }))
  .map(([first, rest]) => first + rest.flat().join(''))
  .filter((each) => !['blobs', 'index.json', 'oci-layout'].includes(each));
const name = fc.array(component, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));

const tagLetters = `${lower}ABCDEFGHIJKLMNOPQRSTUVWXYZ_`;
const tag = fc
  .tuple(fc.constantFrom(...tagLetters), fc.string({ unit: fc.constantFrom(...tagLetters, '.', '-'), maxLength: 127 }))
  .map((parts) => parts.join(''));

const digest = fc
  .tuple(fc.uint8Array(), fc.constantFrom('sha256' as const, 'sha512' as const))
  .map(([bytes, algorithm]) => digestOf(bytes, algorithm));

/** Strings made of what the grammars are made of, so that some are nearly right. */
const nearly = fc.string({ unit: fc.constantFrom(...lower, ...'ABF.__--//::+@ \n\0%é'), maxLength: 80 });

/** The grammar as the spec prints it, beside ours. */
const specName = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
const specTag = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

describe('names', () => {
  it('of the grammar are accepted', () => {
    fc.assert(
      fc.property(name, (each) => {
        expect(parseRepositoryName(each)).toBe(each);
      }),
    );
  });

  it('are those that the spec describes, but for reserved components', () => {
    fc.assert(
      fc.property(fc.oneof(nearly, name), (each) => {
        const isReserved = /(^|\/)(blobs|index\.json|oci-layout)(\/|$)/.test(each);
        expect(isRepositoryName(each)).toBe(specName.test(each) && !isReserved);
      }),
      { numRuns: 2_000 },
    );
  });

  it('lead to files below the root, no two names to the same', () => {
    fc.assert(
      fc.property(name, name, digest, (one, other, of) => {
        const keysOf = (each: string) => {
          const keys = layoutKeys(parseRepositoryName(each));
          return [keys.index, keys.ociLayout, keys.journal, keys.blob(of), ...keys.foreignLocks];
        };
        for (const key of [...keysOf(one), poolKey(of)]) expect(key).toMatch(/^[^/]+(\/[^/]+)*$/);
        for (const key of keysOf(one)) expect(key.split('/').includes('..')).toBe(false);
        if (one !== other) expect(keysOf(one).filter((key) => keysOf(other).includes(key))).toEqual([]);
      }),
    );
  });
});

describe('tags', () => {
  it('are those that the spec describes', () => {
    fc.assert(
      fc.property(fc.oneof(tag, nearly), (each) => {
        expect(isTag(each)).toBe(specTag.test(each));
      }),
      { numRuns: 2_000 },
    );
  });

  it('and digests are told apart by the colon alone', () => {
    fc.assert(
      fc.property(tag, digest, (one, other) => {
        for (const parse of [parseReference, parsePulledReference]) {
          expect(parse(one)).toEqual({ kind: 'tag', tag: one });
          expect(parse(other)).toEqual({ kind: 'digest', digest: other });
        }
      }),
    );
  });
});

describe('digests', () => {
  it('come out as they went in, whole and in parts', () => {
    fc.assert(
      fc.property(digest, (each) => {
        expect(parseDigest(each)).toBe(each);
        expect(`${algorithmOf(each)}:${encodedOf(each)}`).toBe(each);
        expect(isDigestLike(each)).toBe(true);
      }),
    );
  });

  it('are nothing that differs in one character', () => {
    fc.assert(
      fc.property(digest, fc.nat(), fc.constantFrom('', 'g', 'A', ':', '/', ' ', '\n', '00'), (each, at, put) => {
        const position = at % each.length;
        fc.pre(each[position] !== put);
        const changed = each.slice(0, position) + put + each.slice(position + 1);
        expect(isDigest(changed)).toBe(false);
      }),
    );
  });

  it('of a subject make a tag that is known for a referrers tag', () => {
    fc.assert(
      fc.property(digest, tag, (subject, other) => {
        expect(isReferrersTag(referrersTagOf(subject))).toBe(true);
        expect(isTag(referrersTagOf(subject))).toBe(true);
        if (isReferrersTag(other)) expect(other).toMatch(/^sha(256|512)-[0-9a-f]{64}$/);
      }),
    );
  });
});
