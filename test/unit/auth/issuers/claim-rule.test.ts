// Claims of an issuer's token, and who they make its holder.
import { describe, expect, it } from 'vitest';
import { type ClaimRule, userOf } from '../../../../src/auth/issuers/claim-rule.ts';
import { issuerRules } from '../../../../src/config/issuer-rules.ts';

function rules(...users: readonly object[]): readonly ClaimRule[] {
  return issuerRules.parse([{ issuer: 'https://issuer.example', audience: 'moorage', users }])[0]?.users ?? [];
}

const github = {
  sub: 'repo:acme/app:ref:refs/heads/main',
  repository: 'acme/app',
  repository_owner: 'acme',
  ref: 'refs/heads/main',
  ref_protected: 'true',
  run_attempt: 2,
};
const kubernetes = {
  sub: 'system:serviceaccount:builds:pusher',
  'kubernetes.io': { namespace: 'builds', serviceaccount: { name: 'pusher' } },
};

describe('the user of claims', () => {
  it('is of the first rule that they match, with its groups alone', () => {
    const written = rules(
      { claims: { repository: 'acme/other' }, user: 'other', groups: ['others'] },
      { claims: { repository: 'acme/*', ref: 'refs/heads/*' }, user: 'ci/{repository}', groups: ['ci'] },
      { claims: { repository: '*' }, user: 'stranger', groups: ['strangers', 'admins'] },
    );
    expect(userOf(written, github)).toEqual({ name: 'ci/acme/app', groups: ['ci'] });
    expect(userOf(written, { ...github, ref: 'refs/tags/v1' })).toEqual({
      name: 'stranger',
      groups: ['strangers', 'admins'],
    });
    expect(userOf(written, { ...github, groups: ['admins'], repository: 'acme/other' })).toEqual({
      name: 'other',
      groups: ['others'],
    });
  });

  it.each([
    [{ repository: 'acme/*' }, true],
    [{ repository: 'acme' }, false],
    [{ repository: 'acme/app2' }, false],
    [{ repository: '*' }, true],
    [{ repository: ['x/*', 'acme/a*p'] }, true],
    [{ repository: 'acme/a?p' }, false],
    [{ repository: 'ACME/app' }, false],
    [{ sub: 'repo:acme/app:ref:*' }, true],
    [{ sub: 'repo:acme/*:ref:refs/heads/main' }, true],
    [{ sub: 'repo:*:ref:refs/heads/main' }, true],
    [{ sub: 'repo:other/*:ref:refs/heads/main' }, false],
    [{ run_attempt: 2 }, true],
    [{ run_attempt: '3' }, false],
    [{ ref_protected: true }, true],
    [{ repository: 'acme/*', absent: '*' }, false],
    [{ constructor: '*' }, false],
    [{ __proto__x: '*' }, false],
  ])('%j matches: %s', (claims, isMatch) => {
    expect('name' in userOf(rules({ claims, user: 'ci' }), github)).toBe(isMatch);
  });

  it('may be made of what lies in an object, and of one element of a list', () => {
    const nested = rules({
      claims: { 'kubernetes.io/namespace': 'builds' },
      user: 'k8s/{kubernetes.io/namespace}/{kubernetes.io/serviceaccount/name}',
    });
    expect(userOf(nested, kubernetes)).toMatchObject({ name: 'k8s/builds/pusher' });
    expect(userOf(rules({ claims: { groups: 'dev' }, user: 'x' }), { groups: ['ops', 'dev'] })).toHaveProperty('name');
    expect(userOf(rules({ claims: { groups: 'dev' }, user: 'x' }), { groups: ['ops'] })).toHaveProperty('reason');
  });

  it.each([
    '',
    'a:b',
    'a\nb',
    'a\u202eb',
    ' a',
    'x'.repeat(256),
    'anonymous',
    'authenticated',
    ['one', 'two'],
    [],
    { name: 'x' },
    null,
    'x'.repeat(5_000),
  ])('is nobody where the claim is %j, which could be no user of a file', (actor) => {
    const written = rules({ claims: { sub: '*' }, user: '{actor}' });
    expect(userOf(written, { ...github, actor })).toHaveProperty('reason');
  });

  it('never takes braces in a claim for another claim', () => {
    const written = rules({ claims: { sub: '*' }, user: '{actor}' });
    expect(userOf(written, { ...github, actor: '{repository}$&$1' })).toMatchObject({ name: '{repository}$&$1' });
  });
});
