// Who may do what by which rule: the union of all that match, groups, robots, and the names of users that mean nothing else.
import { describe, expect, it } from 'vitest';
import type { Action } from '../../../src/auth/policy.ts';
import { anonymous, type Principal } from '../../../src/auth/principal.ts';
import type { RepositoryName } from '../../../src/oci/reference.ts';
import { rulesOf, type WrittenRule } from '../../http/support/guarded-app.ts';

const user = (name: string, groups: readonly string[] = []): Principal => ({
  ...anonymous,
  ...{ name, groups, kind: 'user', shown: 'basic' },
});

const rules: readonly WrittenRule[] = [
  { repositories: 'team/*', who: 'group:dev', may: ['pull', 'push'] },
  { repositories: ['team/app', 'lib/**'], who: ['ann', 'group:ops'], may: 'delete' },
  { repositories: '**', who: 'authenticated', may: 'pull' },
  { repositories: 'public/**', who: 'anonymous', may: 'pull' },
];
const groups = { dev: ['ann', 'bob'] };

const judged = (principal: Principal, action: Action, repository: string, written = rules) =>
  rulesOf(written, { ann: ['dev'], bob: groups.dev.includes('bob') ? ['dev'] : [] }).judge(principal, {
    action,
    repository: repository as RepositoryName,
  });

describe('a user', () => {
  it.each([
    ['ann', 'push', 'team/app', 'rule 1'],
    ['ann', 'delete', 'team/app', 'rule 2'],
    ['ann', 'pull', 'other', 'rule 3'],
    ['bob', 'delete', 'team/app', undefined],
    ['bob', 'push', 'team/deep/app', undefined],
    ['bob', 'push', 'team', undefined],
    ['ann', 'delete', 'lib/very/deep', 'rule 2'],
    ['eve', 'push', 'team/app', undefined],
    ['eve', 'pull', 'public/os', 'rule 3'],
  ] as const)('%s may %s %s: %s', (name, action, repository, rule) => {
    const { allowed, rule: by } = judged(user(name), action, repository);
    expect([allowed, by]).toEqual([rule !== undefined, rule ?? 'no rule allows it']);
  });

  it('is in the groups that its issuer says as well', () => {
    expect(judged(user('carol', ['ops']), 'delete', 'team/app').allowed).toBe(true);
    expect(judged(user('carol', ['op']), 'delete', 'team/app').allowed).toBe(false);
  });

  it('may everything where there are no rules, and nobody else anything', () => {
    const all = rulesOf(undefined);
    const repository = 'a' as RepositoryName;
    for (const action of ['pull', 'push', 'delete', 'catalog'] as const) {
      expect(all.judge(user('ann'), { action, repository }).allowed).toBe(true);
      expect(all.judge(anonymous, { action, repository }).allowed).toBe(false);
    }
    expect(all.protection(user('ann'), 'push', repository)).toBe(undefined);
  });

  it('may nothing where the list of rules is empty', () => {
    expect(judged(user('ann'), 'pull', 'team/app', []).allowed).toBe(false);
  });
});

describe('a robot', () => {
  const robot: Principal = {
    ...user('ann', ['ops']),
    kind: 'robot',
    grant: { repositories: ['team/*'], may: ['pull'] },
  };

  it('may what its token says and what anybody may, and not what a user or a group of its name may', () => {
    expect(judged(robot, 'pull', 'team/app')).toEqual({ allowed: true, rule: 'the token ann' });
    expect(judged(robot, 'push', 'team/app').allowed).toBe(false);
    expect(judged(robot, 'delete', 'team/app').allowed).toBe(false);
    expect(judged(robot, 'pull', 'public/os')).toEqual({ allowed: true, rule: 'rule 4' });
  });

  it('has nothing beside its token where there are no rules', () => {
    const everything = rulesOf(undefined);
    const may = (name: string) =>
      everything.judge(robot, { action: 'pull', repository: name as RepositoryName }).allowed;
    expect([may('team/app'), may('other')]).toEqual([true, false]);
  });
});

it('anonymous is asked for credentials where no rule is for it, and at the version check in any case', () => {
  expect(judged(anonymous, 'pull', 'public/deep/os')).toEqual({ allowed: true, rule: 'rule 4' });
  expect(judged(anonymous, 'pull', 'team/app').allowed).toBe(false);
  expect(judged(anonymous, 'ping', 'team/app').allowed).toBe(false);
  expect(judged({ ...anonymous, shown: 'bearer' }, 'ping', 'team/app').allowed).toBe(true);
});

it('what was forgotten of many names is judged anew', () => {
  const held = rulesOf(rules);
  const ann = user('ann');
  const may = (name: string) => held.judge(ann, { action: 'delete', repository: name as RepositoryName }).allowed;
  for (let at = 0; at < 45_000; at += 1) expect(may(`other/${at}`)).toBe(false);
  expect([may('lib/x'), may('lib/x'), may('other/1')]).toEqual([true, true, false]);
});

describe('metrics', () => {
  const see = (principal: Principal, written?: readonly WrittenRule[]) =>
    rulesOf(written).judge(principal, { action: 'metrics', repository: undefined });

  it('are of the whole server: whatever repositories a rule is about, but for admin', () => {
    const written = [
      { repositories: 'team/*', who: 'ann', may: 'metrics' },
      { repositories: 'team/**', who: 'bob', may: 'admin' },
      { repositories: '**', who: 'eve', may: 'admin' },
    ];
    expect(see(user('ann'), written)).toEqual({ allowed: true, rule: 'rule 1' });
    expect(see(user('bob'), written)).toEqual({ allowed: false, rule: 'no rule lets see metrics' });
    expect(see(user('eve'), written)).toEqual({ allowed: true, rule: 'rule 3' });
  });

  it('are for users where there are no rules, and for a robot that was made for them', () => {
    expect(see(user('ann')).allowed).toBe(true);
    expect(see(anonymous).allowed).toBe(false);
    const robot = (may: 'pull' | 'metrics'): Principal => ({
      ...{ ...user('scraper'), kind: 'robot' },
      grant: { repositories: ['none'], may: [may] },
    });
    expect(see(robot('metrics')).allowed).toBe(true);
    expect(see(robot('pull')).allowed).toBe(false);
  });
});
