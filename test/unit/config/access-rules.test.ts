// The rules of `access` as they are written, and what is said of wrong ones.
import { describe, expect, it } from 'vitest';
import { rights } from '../../../src/auth/principal.ts';
import { accessRules } from '../../../src/config/access-rules.ts';

const problemsOf = (written: unknown) => accessRules.safeParse(written).error?.issues.map(({ message }) => message);

describe('the rules of access', () => {
  it('are a list, in JSON in the environment, with one or several of everything', () => {
    const written = [
      { repositories: ['team/*', 'lib'], who: ['ann', 'group:dev'], may: ['pull', 'push'], immutable: 'v*' },
      { who: 'anonymous', may: 'pull, delete' },
    ];
    const parsed = accessRules.parse(JSON.stringify(written));
    expect(parsed).toEqual(accessRules.parse(written));
    expect(parsed.map(({ repositories, who, may }) => [repositories.map(({ text }) => text), who, may])).toEqual([
      [
        ['team/*', 'lib'],
        ['ann', 'group:dev'],
        ['pull', 'push'],
      ],
      [['**'], ['anonymous'], ['pull', 'delete']],
    ]);
  });

  it('may say only which tags stay', () => {
    expect(accessRules.parse([{ repositories: 'a', immutable: ['v*', 'stable'] }])[0]).toMatchObject({
      who: [],
      may: [],
    });
  });

  it('know every right', () => {
    expect(accessRules.parse([{ who: 'ann', may: [...rights] }])[0]?.may).toEqual(rights);
  });

  it.each([
    ['ann: pull', 'is not a list of rules; see docs/access.md'],
    [
      [{ who: 'ann', may: 'read' }],
      'has a problem in rule 1, may: is not one of pull, push, delete, create, metrics, admin',
    ],
    [
      [{ who: 'a\tb', may: 'pull' }],
      'has a problem in rule 1, who: is not a user, group:NAME, anonymous or authenticated',
    ],
    [
      [{ who: 'group:', may: 'pull' }],
      'has a problem in rule 1, who: is not a user, group:NAME, anonymous or authenticated',
    ],
    [[{ who: 'ann' }], 'has a problem in rule 1, who: who and may go together: who may do what?'],
    [[{ may: 'pull' }], 'has a problem in rule 1, who: who and may go together: who may do what?'],
    [
      [{ repositories: 'a' }],
      'has a problem in rule 1: it says neither who may do something, nor which tags are immutable',
    ],
    [
      [{ who: 'ann', may: 'pull', repository: 'a' }],
      'has a problem in rule 1: "repository" is not a key of a rule; known: repositories, who, may, immutable',
    ],
    [
      [{ repositories: 'a b', who: 'ann', may: 'pull' }],
      'has a problem in rule 1, repositories: "a b" is no pattern of names; write e.g. team/*, ** or pr-*',
    ],
  ])('%j: %s', (written, problem) => {
    expect(problemsOf(written)).toEqual([problem]);
  });

  it('are all looked at', () => {
    expect(problemsOf([{ who: 'ann', may: 'pull' }, { who: 'ann' }, 'x'])).toEqual([
      'has a problem in rule 2, who: who and may go together: who may do what?',
      'has a problem in rule 3: is not a rule with keys',
    ]);
  });
});
