// Quotas as they are written.
import { expect, it } from 'vitest';
import { quotaRules } from '../../../src/config/quota-rules.ts';

it('a quota is a prefix with a size, in the file or as JSON', () => {
  const written = { team: '50GiB', '/': '1KiB' };
  const parsed = [
    { prefix: 'team', bytes: 50 * 1024 ** 3 },
    { prefix: '', bytes: 1024 },
  ];
  expect(quotaRules.parse(written)).toEqual(parsed);
  expect(quotaRules.parse(JSON.stringify(written))).toEqual(parsed);
});

it.each([
  [{ Team: '1GiB' }, 'has a prefix that begins no name of a repository: "Team"; / is all of them'],
  [{ team: 'much' }, 'has no size for team; write e.g. 50GiB'],
  [{ team: null }, 'has no size for team; write e.g. 50GiB'],
  ['team 50GiB', 'is not a section of prefixes with sizes; write e.g. {team: 50GiB, /: 200GiB}'],
  [[1], 'is not a section of prefixes with sizes; write e.g. {team: 50GiB, /: 200GiB}'],
])('%j is none: %s', (written, problem) => {
  expect(quotaRules.safeParse(written).error?.issues.map(({ message }) => message)).toEqual([problem]);
});
