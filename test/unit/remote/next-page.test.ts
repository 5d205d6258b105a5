// Link headers as registries write them.
import { describe, expect, it } from 'vitest';
import { nextPage } from '../../../src/remote/next-page.ts';

const current = new URL('https://registry.example.com/v2/_catalog?n=2');

describe('nextPage', () => {
  it.each([
    ['</v2/_catalog?n=2&last=b>; rel="next"', '/v2/_catalog?n=2&last=b'],
    ['<?last=b>;rel=next', '/v2/_catalog?last=b'],
    ['<_catalog?last=b>; rel="next"', '/v2/_catalog?last=b'],
    ['</first>; rel="first", </second>; title="a, b"; rel="next"', '/second'],
    ['</x>; rel="prev next"', '/x'],
    ['</x>; title=y; REL=NEXT', '/x'],
    // Another host or scheme: a proxy's own, or somebody's who wants our token.
    ['<http://internal:5000/v2/_catalog?last=b>; rel="next"', '/v2/_catalog?last=b'],
    ['<//evil.example/v2/_catalog?last=b>; rel="next"', '/v2/_catalog?last=b'],
  ])('%s', (header, expected) => {
    expect(nextPage(header, current)?.href).toBe(`https://registry.example.com${expected}`);
  });

  it.each([null, '', '</x>', '</x>; rel="prev"', '</x>; rel="nextpage"', '/x; rel="next"', '<http://[>; rel="next"'])(
    '%s is none',
    (header) => {
      expect(nextPage(header, current)).toBeUndefined();
    },
  );
});
