// What is odd about rules and groups, in words for an operator.
import { expect, it } from 'vitest';
import { accessRuleOf } from '../../../src/auth/rights/access-rule.ts';
import { oddAccess, oddGroups } from '../../../src/auth/rights/rule-warnings.ts';
import { accessRules } from '../../../src/config/access-rules.ts';

const known = { users: new Set(['anna', 'bob']), groups: new Set(['dev']) };
const anybody = { users: undefined, groups: undefined };

it('tells of an empty list of rules, which lets no user in, and not of an absent one', () => {
  expect(oddAccess([], known)).toEqual(['access has no rules: no user may do anything']);
  expect(oddAccess(undefined, known)).toEqual([]);
});

it('tells of names in groups that no user has, unless others may say who there is', () => {
  const groups = new Map([
    ['dev', ['anna', 'ana']],
    ['ops', ['bob']],
  ]);
  expect(oddGroups(groups, known)).toEqual(['the group dev names a user that is not there: ana']);
  expect(oddGroups(groups, anybody)).toEqual([]);
});

it('tells of patterns that no repository can have', () => {
  const rules = accessRules.parse([
    { repositories: ['Team/*', 'team/*', 'a/'], who: 'anna', may: 'pull' },
    { repositories: '**', who: 'anna', may: 'pull', immutable: 'V*' },
  ]);
  expect(oddAccess(rules.map(accessRuleOf), known)).toEqual([
    "access rule 1 has a pattern that is no repository's: Team/*",
    "access rule 1 has a pattern that is no repository's: a/",
  ]);
});

it('tells of what everybody may change, and not of what everybody may see', () => {
  const rules = accessRules.parse([
    { who: 'anonymous', may: 'pull, metrics' },
    { who: 'anonymous', may: 'pull, push' },
  ]);
  expect(oddAccess(rules.map(accessRuleOf), known)).toEqual([
    'access rule 2 lets everybody pull, push, without a password',
  ]);
});
