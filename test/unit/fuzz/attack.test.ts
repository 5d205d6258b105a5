// What the fuzz calls a finding: each kind of answer that must never come.
import { describe, expect, it } from 'vitest';
import { type Attack, violationOf } from '../../fuzz/attack.ts';
import { markOf, outsideMark } from '../../fuzz/site.ts';

const attack = (user: string | undefined, meant: Partial<Attack['meant']> = {}): Attack => ({
  bytes: Buffer.alloc(0),
  isHead: false,
  shownBy: user,
  meant: { user, action: 'pull', repository: 'team/app', mustBeLetIn: true, ...meant },
});
const answer = (status: number, body = '') => ({ status, head: `HTTP/1.1 ${status} x`, body: Buffer.from(body) });

describe('a finding', () => {
  it.each([
    ['an error of the server', attack('puller'), answer(500), /^status 500/],
    ['what is no HTTP', attack('puller'), answer(0), /^no HTTP/],
    [
      'content without a right',
      attack('stranger'),
      answer(404, markOf('team/app')),
      /^an answer to stranger has content of team\/app$/,
    ],
    [
      'content for nobody',
      attack(undefined),
      answer(401, markOf('vault/keys')),
      /^an answer to anybody has content of vault\/keys$/,
    ],
    ['what lies outside', attack('puller'), answer(200, outsideMark), /outside of the root/],
    ['a password', attack('puller'), answer(400, 'planted-password-of-puller'), /has a password/],
    ['a trace', attack('puller'), answer(400, 'Error\n    at x (/a/b.js:1:2)'), /has a trace/],
    [
      'a push without a right',
      attack('puller', { action: 'push' }),
      answer(202),
      /let in without a right to push in team\/app/,
    ],
    ['a delete without a right', attack('creator', { action: 'delete' }), answer(404), undefined],
    ['a right that is refused', attack('puller'), answer(401), /refused a right to pull in team\/app/],
    ['a full quota', attack('pusher', { action: 'push' }), answer(403, 'the quota of x'), undefined],
    ['a right that something odd keeps', attack('puller', { mustBeLetIn: false }), answer(403), undefined],
    ['an answer as it should be', attack('puller'), answer(200, markOf('team/app')), undefined],
    ['an unknown coding', attack('puller'), answer(501), undefined],
  ])('%s', (_what, asked, answered, finding) => {
    const found = violationOf(asked, answered);
    if (finding === undefined) expect(found).toBe(undefined);
    else expect(found).toMatch(finding);
  });
});
