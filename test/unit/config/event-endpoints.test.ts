// The setting `events`: what is wrong with it is said, endpoint by endpoint.
import { describe, expect, it } from 'vitest';
import { eventEndpoints } from '../../../src/config/event-endpoints.ts';

const good = { name: 'ci', url: 'https://ci.example/hook' };

function problemsOf(written: unknown): readonly string[] {
  return eventEndpoints.safeParse(written).error?.issues.map(({ message }) => message) ?? [];
}

describe('endpoints of events', () => {
  it('have defaults for everything but a name and a URL', () => {
    expect(eventEndpoints.parse([good])).toEqual([
      {
        ...good,
        types: ['push', 'delete', 'tag', 'mount', 'collection'],
        repositories: [expect.objectContaining({ text: '**' })],
        format: 'cloudevents',
        timeout: 10_000,
        giveUpAfter: 86_400_000,
      },
    ]);
  });

  it.each<[string, unknown, string]>([
    ['a name of directories', { ...good, name: '../up' }, 'is not a name of 1 to 63 lower-case letters'],
    ['no URL', { ...good, url: 'ci.example/hook' }, 'is no URL; write https://... or http://...'],
    ['another scheme', { ...good, url: 'file:///etc/passwd' }, 'is no URL; write https://... or http://...'],
    ['a password in it', { ...good, url: 'https://anna:secret@ci.example/' }, 'has a password in it'],
    ['a type that is none', { ...good, types: 'push, pull' }, '"pull" is no type of event; known: push, delete, tag'],
    ['a format that is none', { ...good, format: 'slack' }, 'is not one of cloudevents, distribution'],
    ['a pattern that is none', { ...good, repositories: 'team app' }, '"team app" is no pattern of names'],
    ['no time', { ...good, timeout: '0s' }, 'is too short; at least 0.1s'],
    ['a key that is none', { ...good, secret: 'in the open' }, '"secret" is not a key of a rule; known: name, url'],
  ])('are refused with %s', (_what, endpoint, said) => {
    const [problem = '', ...more] = problemsOf([good, endpoint]).filter((each) => !each.includes('one name'));
    expect(problem).toMatch(/^has a problem in endpoint 2/);
    expect([problem, ...more].join('\n')).toContain(said);
  });

  it('have each a name of their own', () => {
    expect(problemsOf([good, { ...good, url: 'https://other.example/' }])).toEqual(['gives two endpoints one name']);
  });

  it('are a list', () => {
    expect(problemsOf('https://ci.example/hook')).toEqual(['is not a list of endpoints; see docs/events.md']);
  });
});
