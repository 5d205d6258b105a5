// Rules of access as an operator writes them: what the server does by them, and what `moorage access test` says of them.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hash } from 'bcryptjs';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { runMoorage, startMoorage } from './moorage-process.ts';

const rules = `
auth:
  htpasswd: users
  groups: {dev: [bob]}
access:
  - {repositories: "team/*", who: [alice, group:dev], may: [pull, push], immutable: "v*"}
  - {repositories: "public/**", who: anonymous, may: pull}
  - {repositories: "**", who: group:ops, may: create}
  - {who: group:watch, may: metrics}
`;

async function written(settings = rules) {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, 'moorage.yaml'), settings);
  const users = ['alice', 'bob'].map(async (name) => `${name}:${await hash(`${name}-secret`, 4)}\n`);
  await writeFile(join(directory, 'users'), (await Promise.all(users)).join(''));
  return directory;
}

describe('moorage access test', () => {
  it.each([
    ['bob push team/app', 0, 'bob may push team/app: rule 1 (team/*: alice, group:dev may pull, push)'],
    [
      'bob push team/app:v1',
      0,
      'bob may push team/app:v1: rule 1 (team/*: alice, group:dev may pull, push); once the tag is there it stays, since tags v* are immutable here',
    ],
    ['bob create team/app:new', 0, 'bob may create team/app:new: rule 1 (team/*: alice, group:dev may pull, push)'],
    ['bob push team/deep/app', 1, 'bob may not push team/deep/app: no rule allows it'],
    ['anonymous pull public/a/b', 0, 'anonymous may pull public/a/b: rule 2 (public/**: anonymous may pull)'],
    ['alice pull public/a/b', 0, 'alice may pull public/a/b: rule 2 (public/**: anonymous may pull)'],
    ['eve metrics', 1, 'eve may not see metrics: no rule lets see metrics'],
    ['carol metrics --group watch', 0, 'carol may see metrics: rule 4 (**: group:watch may metrics)'],
    ['eve admin public/a', 1, 'eve may not administer public/a: no rule allows it'],
    [
      'carol create a:b --group ops',
      0,
      'carol may create a:b: rule 3 (**: group:ops may create); once the tag is there it stays, since tags may only be created',
    ],
  ])('%s', { timeout: 60_000 }, async (question, code, answer) => {
    const directory = await written();
    const args = ['access', 'test', ...question.split(' '), '--config', 'moorage.yaml'];
    const stderr = question.startsWith('eve') ? 'moorage: there is no user eve in users\n' : '';
    expect(await runMoorage(args, { directory })).toMatchObject({ code, stdout: `${answer}\n`, stderr });
  });

  it.each([
    ['a read b', 'moorage: ACTION: "read" is none; write one of pull, push, delete, create, metrics, admin\n'],
    ['a pull', 'moorage: NAME: is missing: pull what?\n'],
    ['a pull B', 'moorage: NAME: "B" is no name of a repository\n'],
    ['a pull b:c:d', 'moorage: NAME: "c:d" is no tag\n'],
  ])('%s is a wrong command line', async (question, stderr) => {
    expect(await runMoorage(['access', 'test', ...question.split(' ')])).toMatchObject({ code: 2, stdout: '', stderr });
  });

  it.each([
    [[], 'moorage: access is followed by test. See moorage --help\n'],
    [['tst'], 'moorage: access is followed by test, and not by "tst". See moorage --help\n'],
  ])('is named: access %j', async (words, stderr) => {
    expect(await runMoorage(['access', ...words])).toMatchObject({ code: 2, stdout: '', stderr });
  });
});

it('a server follows the rules, and says what is odd about them', { timeout: 60_000 }, async () => {
  const directory = await written(rules.replace('alice, group', 'alcie, group').replace('[bob]', '[bob, rob]'));
  const server = await startMoorage(['--config', 'moorage.yaml', '--port', '0'], { directory });
  const { url } = await server.ready();
  const statusOf = async (path: string, user?: string, method = 'GET') => {
    const authorization = user && `Basic ${Buffer.from(`${user}:${user}-secret`).toString('base64')}`;
    const answer = await fetch(url + path, { method, headers: authorization ? { authorization } : {} });
    await answer.body?.cancel();
    return answer.status;
  };
  expect(await statusOf('/v2/')).toBe(401);
  expect(await statusOf('/v2/', 'bob')).toBe(200);
  expect(await statusOf('/v2/team/app/blobs/uploads/', 'bob', 'POST')).toBe(202);
  expect(await statusOf('/v2/team/app/blobs/uploads/', 'alice', 'POST')).toBe(403);
  expect(await statusOf('/v2/public/a/tags/list')).toBe(404);
  expect(await statusOf('/v2/secret/a/tags/list')).toBe(401);
  expect(server.stderr).toContain('access rule 1 names a user that is not there: alcie');
  expect(server.stderr).toContain('access rule 3 names a group that is not there: ops');
  expect(server.stderr).toContain('access rule 3 lets push without pull');
  expect(server.stderr).toContain('the group dev names a user that is not there: rob');
});

it.each([
  [
    'access: [{who: bob, may: [pul]}]',
    'access: [{"who":"bob","may":["pul"]}] has a problem in rule 1, may: is not one of',
  ],
  ['access: bob', 'access: "bob" is not a list of rules; see docs/access.md'],
])('does not start with %s', async (settings, problem) => {
  const directory = await written(settings);
  const { code, stdout, stderr } = await runMoorage(['--config', 'moorage.yaml', '--port', '0'], { directory });
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(problem);
});
