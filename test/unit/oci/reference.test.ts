// The grammar of names, tags and references (SPEC 1.1), and the answer that each kind of bad one gets.
import { describe, expect, it } from 'vitest';
import {
  isRepositoryName,
  isTag,
  parsePulledReference,
  parseReference,
  parseRepositoryName,
  parseTag,
} from '../../../src/oci/reference.ts';

const digest = `sha256:${'0'.repeat(64)}`;

describe('parseRepositoryName', () => {
  it.each([
    'a',
    '0',
    'team/app',
    'a.b_c__d-e---f',
    'a/b/c/d/e/f/g/h',
    'manifests',
    'tags/list',
    'a/manifests/b',
    'uploads',
    'referrers/x',
    'blobs2',
    'oci-layout2/index',
    `${'a'.repeat(255)}`,
    `${'a/'.repeat(127)}a`,
  ])('accepts %s', (text) => {
    expect(parseRepositoryName(text)).toBe(text);
  });

  it.each([
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    '.',
    '..',
    '../a',
    'a/../b',
    'a/..',
    '.moorage',
    'a/.moorage/uploads',
    '_a',
    'a_',
    'a___b',
    'a..b',
    'a.-b',
    'a-',
    '-a',
    'A',
    'team/App',
    'a b',
    'a\0b',
    'a\n',
    '\na',
    'a%2Fb',
    'a\\b',
    'a:b',
    'a@b',
    'é',
    'ａ',
    'blobs',
    'a/blobs',
    'blobs/a',
    'a/blobs/sha256',
    'index.json',
    'a/index.json',
    'oci-layout',
    'a/oci-layout/b',
    'a'.repeat(256),
    `${'a/'.repeat(128)}a`,
  ])('refuses %j with NAME_INVALID, 400', (text) => {
    expect(isRepositoryName(text)).toBe(false);
    expect(() => parseRepositoryName(text)).toThrow(expect.objectContaining({ code: 'NAME_INVALID', status: 400 }));
  });

  it('says what is wrong: the length, a reserved component, or the grammar', () => {
    expect(() => parseRepositoryName('a'.repeat(256))).toThrow(/longer than 255/);
    expect(() => parseRepositoryName('a/blobs/b')).toThrow(/"blobs" is reserved/);
    expect(() => parseRepositoryName('A')).toThrow(/lower-case/);
  });

  it('answers whatever the text: an expression that backtracks would not come to an end', () => {
    for (const text of [`${'a_'.repeat(100_000)}!`, `${'a-'.repeat(127)}!`, `${'a/'.repeat(127)}!`, '-'.repeat(255)]) {
      expect(isRepositoryName(text)).toBe(false);
    }
  });
});

describe('parseTag', () => {
  it.each([
    'a',
    'A',
    '0',
    '_',
    '_x',
    'v1.',
    'a..b',
    'v1.0-rc_1',
    'latest',
    'z'.repeat(128),
    `sha256-${'0'.repeat(64)}`,
  ])('accepts %s', (text) => {
    expect(parseTag(text)).toBe(text);
  });

  it.each(['', '.', '.a', '-a', 'a:b', 'a/b', 'a b', 'a+b', 'a@b', 'é', 'a\n', 'a\0', 'z'.repeat(129), '..'])(
    'refuses %j with MANIFEST_INVALID, 400',
    (text) => {
      expect(isTag(text)).toBe(false);
      expect(() => parseTag(text)).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID', status: 400 }));
    },
  );
});

describe('a reference', () => {
  it('is a digest exactly when it has a colon', () => {
    for (const parse of [parseReference, parsePulledReference]) {
      expect(parse('v1')).toEqual({ kind: 'tag', tag: 'v1' });
      expect(parse(digest)).toEqual({ kind: 'digest', digest });
      expect(() => parse('sha256:baddigeststring')).toThrow(expect.objectContaining({ code: 'DIGEST_INVALID' }));
      expect(() => parse(':')).toThrow(expect.objectContaining({ code: 'DIGEST_INVALID' }));
    }
  });

  it('that cannot be a tag is a bad push and an unknown manifest', () => {
    expect(() => parseReference('.INVALID_MANIFEST_NAME')).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID', status: 400 }),
    );
    expect(() => parsePulledReference('.INVALID_MANIFEST_NAME')).toThrow(
      expect.objectContaining({ code: 'MANIFEST_UNKNOWN', status: 404 }),
    );
  });
});
