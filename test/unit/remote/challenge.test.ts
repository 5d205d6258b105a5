// WWW-Authenticate as registries write it.
import { describe, expect, it } from 'vitest';
import { parseChallenges } from '../../../src/remote/challenge.ts';

function parsed(header: string): [string, Record<string, string>][] {
  return parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

describe('parseChallenges', () => {
  it.each<[string, [string, Record<string, string>][]]>([
    [
      'Bearer realm="https://auth.example.com/token",service="registry",scope="repository:a/b:pull,push"',
      [['bearer', { realm: 'https://auth.example.com/token', service: 'registry', scope: 'repository:a/b:pull,push' }]],
    ],
    ['Basic realm="a \\"quoted\\" one"', [['basic', { realm: 'a "quoted" one' }]]],
    ['bEaReR Realm=x , SERVICE = y', [['bearer', { realm: 'x', service: 'y' }]]],
    [
      'Basic realm="r", Bearer realm="t",service="s"',
      [
        ['basic', { realm: 'r' }],
        ['bearer', { realm: 't', service: 's' }],
      ],
    ],
    [
      'Negotiate, Basic realm="r"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'r' }],
      ],
    ],
    ['Basic', [['basic', {}]]],
    ['', []],
    ['"nonsense', []],
    ['Bearer realm="unfinished', [['bearer', {}]]],
  ])('%s', (header, expected) => {
    expect(parsed(header)).toEqual(expected);
  });
});
