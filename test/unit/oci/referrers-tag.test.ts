// The tag under which a referrers response is looked for.
import { describe, expect, it } from 'vitest';
import { parseDigest } from '../../../src/oci/digest.ts';
import { isTag } from '../../../src/oci/reference.ts';
import { isReferrersTag, referrersTagOf } from '../../../src/oci/referrers-tag.ts';

describe('referrersTagOf', () => {
  it('joins algorithm and encoded part by a dash, cut to 64 characters', () => {
    expect(referrersTagOf(parseDigest(`sha256:${'a'.repeat(64)}`))).toBe(`sha256-${'a'.repeat(64)}`);
    const long = referrersTagOf(parseDigest(`sha512:${'a'.repeat(64)}${'b'.repeat(64)}`));
    expect(long).toBe(`sha512-${'a'.repeat(64)}`);
    expect(isTag(long)).toBe(true);
    expect(isReferrersTag(long)).toBe(true);
  });
});

describe('isReferrersTag', () => {
  it.each(['v1', `sha256-${'a'.repeat(63)}`, `sha256-${'a'.repeat(64)}.sig`, `sha384-${'a'.repeat(64)}`, 'sha256-'])(
    'is false of %s',
    (tag) => {
      expect(isReferrersTag(tag)).toBe(false);
    },
  );
});
