// Paging parameters and the Link header.
import { describe, expect, it } from 'vitest';
import { nextLink, parsePage } from '../../../src/http/page-query.ts';

describe('parsePage', () => {
  it('takes a count and a position, both optional', () => {
    expect(parsePage({})).toEqual({});
    expect(parsePage({ n: '2', last: 'v1', ns: 'docker.io' })).toEqual({ limit: 2, after: 'v1' });
    expect(parsePage({ n: '0' })).toEqual({ limit: 0 });
    expect(parsePage({ n: '1000000000' })).toEqual({ limit: 1_000_000_000 });
    expect(parsePage({ n: '99999999999999999999999' })).toEqual({ limit: Number.MAX_SAFE_INTEGER });
    expect(parsePage({ last: '' })).toEqual({});
    expect(parsePage({ n: ['3', '4'] })).toEqual({ limit: 3 });
  });

  it.each(['-1', 'abc', '1.5', '', ' 1', '1e3', '+1', '0x10'])('refuses n=%j with 400', (n) => {
    expect(() => parsePage({ n })).toThrow(expect.objectContaining({ code: 'UNSUPPORTED', status: 400 }));
  });
});

describe('nextLink', () => {
  it('leaves out what is undefined, repeats lists and encodes values', () => {
    expect(nextLink('/v2/a/b/tags/list', { n: undefined, last: 'a+b&c' })).toBe(
      '</v2/a/b/tags/list?last=a%2Bb%26c>; rel="next"',
    );
    expect(nextLink('/v2/a/referrers/d', { artifactType: ['x', 'y'], last: 'z' })).toBe(
      '</v2/a/referrers/d?artifactType=x&artifactType=y&last=z>; rel="next"',
    );
    expect(nextLink('/v2/_catalog', { n: 2, last: 'b' })).toBe('</v2/_catalog?n=2&last=b>; rel="next"');
  });
});
