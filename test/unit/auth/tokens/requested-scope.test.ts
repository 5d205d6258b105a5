// Scopes as clients write them, and what of them is granted.
import { describe, expect, it } from 'vitest';
import { catalogScope, metricsScope, scopeText } from '../../../../src/auth/granted-scope.ts';
import { type Authentication, GuardedPolicy } from '../../../../src/auth/guarded-policy.ts';
import { anonymous, type Principal } from '../../../../src/auth/principal.ts';
import { grantedOf, parseScopes } from '../../../../src/auth/tokens/requested-scope.ts';
import { rulesOf } from '../../../http/support/guarded-app.ts';

const textOf = (...values: string[]) => parseScopes(values).map(scopeText);

describe('scopes', () => {
  it.each([
    [['repository:a/b:pull'], ['repository:a/b:pull']],
    [['repository:a/b:push,pull'], ['repository:a/b:pull,push']],
    [['repository:a/b:*'], ['repository:a/b:pull,push,delete']],
    [
      ['repository:a:pull', 'repository:b:pull'],
      ['repository:a:pull', 'repository:b:pull'],
    ],
    [['repository:a:pull repository:b:pull'], ['repository:a:pull', 'repository:b:pull']],
    [['repository:a:pull', 'repository:a:push'], ['repository:a:pull,push']],
    [['repository(plugin):a:pull'], ['repository:a:pull']],
    [['registry:catalog:*'], ['registry:catalog:*']],
    [['registry:blobs:pull'], ['registry:blobs:pull']],
    [['registry:catalog:* repository:a:pull'], ['repository:a:pull', 'registry:catalog:*']],
  ])('%j ask for %j', (values, asked) => {
    expect(textOf(...values)).toEqual(asked);
  });

  it.each([
    '',
    ' ',
    ':',
    '::',
    'repository',
    'repository:a',
    'repository::pull',
    'repository:a:',
    'repository:a:PULL',
    'repository:a:admin',
    'repository:A:pull',
    'repository:../a:pull',
    'repository:a/blobs:pull',
    'repository:a*:pull',
    'repository:**:*',
    'repository:host:5000/a:pull',
    'REPOSITORY:a:pull',
    'registry:catalog:pull',
    'registry:other:*',
    'registry:blobs:push',
    'image:a:pull',
    `repository:${'a'.repeat(256)}:pull`,
  ])('%j asks for nothing that there is', (value) => {
    expect(textOf(value)).toEqual([]);
    expect(textOf(value, 'repository:ok:pull')).toEqual(['repository:ok:pull']);
  });

  it('are bounded in number and length', () => {
    const many = Array.from({ length: 1_000 }, (_, at) => `repository:n${at}:pull`);
    expect(textOf(many.join(' '))).toEqual(many.slice(0, 64));
    const long = Array.from({ length: 64 }, (_, at) => `repository:${'n'.repeat(200)}${at}:pull`);
    expect(textOf(...long)).toHaveLength(20);
    expect(textOf(...Array.from({ length: 1_000 }, () => 'repository:a:pull'))).toEqual(['repository:a:pull']);
  });
});

const ann: Principal = { ...anonymous, name: 'ann', kind: 'user', shown: 'basic' };
const authentication: Authentication = { authenticate: () => anonymous };

function policyWith(...rules: readonly [repositories: string, who: string, may: readonly string[]][]) {
  const written = rules.map(([repositories, who, may]) => ({ repositories, who, may }));
  return new GuardedPolicy(authentication, rulesOf(rules.length === 0 ? undefined : written));
}

const everything = ['repository:team/app:*', 'repository:other/app:*', 'registry:catalog:*'];
const grantedText = (policy: GuardedPolicy, principal: Principal, asked = everything) =>
  grantedOf(policy, principal, parseScopes(asked)).map(scopeText);

describe('what is granted', () => {
  it('is nothing to anonymous without rules, and all to users', () => {
    expect(grantedText(policyWith(), anonymous)).toEqual([]);
    expect(grantedText(policyWith(), ann)).toEqual([
      'repository:team/app:pull,push,delete',
      'repository:other/app:pull,push,delete',
      scopeText(catalogScope),
    ]);
  });

  it('is what is asked and what is held, and nothing else', () => {
    const policy = policyWith(['team/*', 'ann', ['pull', 'push']], ['**', 'anonymous', ['pull']]);
    expect(grantedText(policy, ann)).toEqual([
      'repository:team/app:pull,push',
      'repository:other/app:pull',
      scopeText(catalogScope),
    ]);
    expect(grantedText(policy, ann, ['repository:team/app:push'])).toEqual(['repository:team/app:push']);
    expect(grantedText(policy, anonymous)).toEqual([
      'repository:team/app:pull',
      'repository:other/app:pull',
      scopeText(catalogScope),
    ]);
  });

  it('is a push also for who may only create, and everything for who may administrate', () => {
    const policy = policyWith(['team/*', 'ann', ['create']], ['other/*', 'ann', ['admin']]);
    expect(grantedText(policy, ann)).toEqual([
      'repository:team/app:push',
      'repository:other/app:pull,push,delete',
      scopeText(catalogScope),
    ]);
  });

  it('is the metrics for who may see them', () => {
    const asked = [scopeText(metricsScope)];
    const policy = policyWith(['team/*', 'ann', ['metrics']]);
    expect(grantedText(policy, ann, asked)).toEqual(asked);
    expect(grantedText(policyWith(['team/*', 'ann', ['admin']]), ann, asked)).toEqual([]);
    expect(grantedText(policy, anonymous, asked)).toEqual([]);
  });

  it('is by what somebody holds, not by the token that they show', () => {
    const narrow: Principal = { ...ann, shown: 'bearer', scope: [] };
    expect(grantedText(policyWith(), narrow, ['repository:a:pull'])).toEqual(['repository:a:pull']);
  });
});
