// Which names a pattern of an operator matches.
import { describe, expect, it } from 'vitest';
import { NameGlob } from '../../../src/oci/name-glob.ts';

function matches(pattern: string, name: string): boolean | undefined {
  return NameGlob.parse(pattern)?.matches(name);
}

describe('a pattern of names', () => {
  it.each([
    ['team/app', 'team/app', true],
    ['team/app', 'team/app2', false],
    ['team/*', 'team/app', true],
    ['team/*', 'team/app/sub', false],
    ['team/**', 'team/app/sub', true],
    ['team/**', 'team', false],
    ['**', 'team/app/sub', true],
    ['*', 'team', true],
    ['*', 'team/app', false],
    ['**/app', 'a/b/app', true],
    ['**/app', 'app', false],
    ['*/app', 'a/b/app', false],
    ['pr-*', 'pr-', true],
    ['pr-*', 'pr-17', true],
    ['pr-*', 'xpr-17', false],
    ['v?.?', 'v1.2', true],
    ['v?.?', 'v1.22', false],
    ['v1.2', 'v1x2', false],
    ['*.*.*', '1.2.3', true],
    ['a?b', 'a/b', false],
    ['***', 'a/b', true],
  ])('%s and %s: %s', (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected);
  });

  it.each(['', ' ', 'a b', 'team/[ab]', '(x)+', 'ä', '^v', 'x'.repeat(513)])('%j is none', (pattern) => {
    expect(NameGlob.parse(pattern)).toBeUndefined();
  });

  it('of many stars takes as long as it is', () => {
    expect(matches(`${'*a'.repeat(200)}b`, 'a'.repeat(255))).toBe(false);
    expect(matches(`${'**'.repeat(100)}${'*a'.repeat(100)}`, 'a'.repeat(255))).toBe(true);
  });
});
