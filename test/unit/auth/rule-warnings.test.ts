// What is odd about rules and groups, in words for an operator.
import { expect, it } from 'vitest';
import { oddAccess, oddGroups } from '../../../src/auth/rights/rule-warnings.ts';

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
