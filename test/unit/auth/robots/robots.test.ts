// Robots: what is kept of them, and that what their files say holds at the very moment.
import { appendFileSync, chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Account } from '../../../../src/auth/accounts.ts';
import { BadCredentialsError } from '../../../../src/auth/bad-credentials-error.ts';
import { nobodysHash } from '../../../../src/auth/htpasswd/password-hash.ts';
import { LocalAccounts } from '../../../../src/auth/local-accounts.ts';
import type { Grant } from '../../../../src/auth/principal.ts';
import { RobotDirectory } from '../../../../src/auth/robots/robot-directory.ts';
import { isRobotName, newRobot, parseRobot, writtenRobot } from '../../../../src/auth/robots/robot-record.ts';
import { Robots } from '../../../../src/auth/robots/robots.ts';
import { PrivateDirectory } from '../../../../src/storage/filesystem/private-directory.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { TestClock } from '../../../support/test-clock.ts';

const grant: Grant = { repositories: ['team/*'], may: ['pull', 'push'] };
const robotOf = (name: string, expiresAtMs?: number) =>
  newRobot({ name, grant, createdAtMs: Date.parse('2026-01-02T03:04:05Z'), expiresAtMs });

async function robotsOnDisk() {
  const path = join(await temporaryDirectory(), 'tokens');
  const directory = new RobotDirectory(new PrivateDirectory(path));
  const clock = new TestClock();
  const said: string[] = [];
  const say = (message: string, details: object) => said.push(`${message}: ${JSON.stringify(details)}`);
  const robots = new Robots(directory, clock, { info: say, slow: say, warn: say });
  return { path, directory, clock, said, robots };
}

describe('the record of a robot', () => {
  it('has no secret in it, and is read as it was written', () => {
    const { record, secret } = robotOf('ci', Date.parse('2027-01-01T00:00:00Z'));
    expect(secret).toMatch(/^moorage_[0-9a-f]{12}_[\w-]{43}$/);
    const text = writtenRobot(record);
    expect(text).not.toContain(secret.slice(-43));
    expect(parseRobot('ci', text)).toEqual(record);
    const endless = robotOf('ci').record;
    expect(parseRobot('ci', writtenRobot(endless))).toEqual(endless);
    expect(robotOf('ci').secret).not.toBe(secret);
  });

  it.each([
    ['name', 'other'],
    ['secretHash', undefined],
    ['secretHash', 'abc'],
    ['secretHash', 7],
    ['id', undefined],
    ['repositories', 'team/*'],
    ['repositories', ['Team *']],
    ['may', ['pull', 'fly']],
    ['may', undefined],
    ['createdAt', 'yesterday'],
    ['expiresAt', 'never'],
    ['expiresAt', null],
    ['expiresAt', 5],
  ])('is none with %s %j', (key, value) => {
    const { record } = robotOf('ci', 0);
    const text = JSON.stringify({ ...(JSON.parse(writtenRobot(record)) as object), [key]: value });
    expect(parseRobot('ci', text)).toBeUndefined();
  });

  it.each(['', '[]', 'null', '{', '{"name":"ci"}'])('is not %j', (text) => {
    expect(parseRobot('ci', text)).toBeUndefined();
  });

  it('is kept under a name that every file system takes', () => {
    for (const name of ['ci', 'CI.2', 'team-a@x+y_z', 'a'.repeat(128)]) expect(isRobotName(name)).toBe(true);
    for (const name of ['', '.ci', '-ci', 'a/b', 'a:b', 'a b', '..', 'a\0', 'ä', 'a'.repeat(129)]) {
      expect(isRobotName(name)).toBe(false);
    }
  });
});

describe('a robot', () => {
  it('logs in with its secret, with the rights that it was made with', async () => {
    const { directory, robots } = await robotsOnDisk();
    const { record, secret } = robotOf('ci');
    expect(await directory.create(record)).toBe(true);
    const account = robots.check('ci', secret);
    expect(account).toEqual({
      principal: { name: 'ci', kind: 'robot', groups: [], shown: 'basic', scope: undefined, grant },
      generation: record.id,
      endsAtMs: undefined,
    });
    // The same object: rights are remembered by it.
    expect(robots.check('ci', secret)).toBe(account);
    expect(robots.find('ci')).toBe(account);
  });

  it('is nobody with another secret, under another name, or when its file is another’s', async () => {
    const { path, directory, robots } = await robotsOnDisk();
    const [{ record, secret }, other] = [robotOf('ci'), robotOf('other')];
    await directory.create(record);
    await directory.create(other.record);
    for (const [name, password] of [
      ['ci', other.secret],
      ['ci', `${secret}x`],
      ['ci', secret.slice(0, -1)],
      ['ci', ''],
      ['ci', record.secretHash],
      ['CI', secret],
      ['nobody', secret],
      ['../tokens/ci', secret],
    ] as const) {
      expect(robots.check(name, password)).toBeUndefined();
    }
    writeFileSync(join(path, 'mallory.json'), readFileSync(join(path, 'ci.json')), { mode: 0o600 });
    expect(robots.check('mallory', secret)).toBeUndefined();
  });

  it('is out with the next request when it is revoked, and its secret stays worthless when it is made again', async () => {
    const { directory, robots } = await robotsOnDisk();
    const [old, made] = [robotOf('ci'), robotOf('ci')];
    await directory.create(old.record);
    expect(robots.check('ci', old.secret)).toBeDefined();
    expect(await directory.remove('ci')).toBe(true);
    expect(robots.check('ci', old.secret)).toBeUndefined();
    expect(robots.find('ci')).toBeUndefined();
    expect(await directory.remove('ci')).toBe(false);
    await directory.create(made.record);
    expect(robots.check('ci', old.secret)).toBeUndefined();
    expect(robots.check('ci', made.secret)?.generation).not.toBe(old.record.id);
  });

  it('is not made over one that there is', async () => {
    const { directory, robots } = await robotsOnDisk();
    const first = robotOf('ci');
    await directory.create(first.record);
    expect(await directory.create(robotOf('ci').record)).toBe(false);
    expect(robots.check('ci', first.secret)).toBeDefined();
    expect(directory.names()).toEqual(['ci']);
  });

  it('ends when its time is over', async () => {
    const { directory, robots, clock } = await robotsOnDisk();
    const { record, secret } = robotOf('ci', clock.now() + 60_000);
    await directory.create(record);
    expect(robots.check('ci', secret)?.endsAtMs).toBe(record.expiresAtMs);
    clock.advance(61_000);
    expect(() => robots.check('ci', secret)).toThrow(BadCredentialsError);
    expect(robots.check('ci', `${secret}x`)).toBeUndefined();
  });

  it('is not taken from a file that is damaged, a link, or open to others; that is said once', async () => {
    const { path, directory, robots, said } = await robotsOnDisk();
    const { record, secret } = robotOf('ci');
    await directory.create(record);
    appendFileSync(join(path, 'ci.json'), 'x');
    for (let count = 0; count < 2; count += 1) expect(robots.check('ci', secret)).toBeUndefined();
    expect(said).toEqual([expect.stringMatching(/ci\.json is damaged: revoke the token, and create it again/)]);
    writeFileSync(join(path, 'ci.json'), writtenRobot(record));
    expect(robots.check('ci', secret)).toBeDefined();
    chmodSync(join(path, 'ci.json'), 0o660);
    expect(robots.check('ci', secret)).toBeUndefined();
    expect(said[1]).toContain('can be read or written by others (mode 0660)');
    symlinkSync('ci.json', join(path, 'link.json'));
    expect(robots.check('link', secret)).toBeUndefined();
    mkdirSync(join(path, 'directory.json'));
    expect(robots.check('directory', secret)).toBeUndefined();
    expect(said.join()).not.toContain(record.secretHash);
  });
});

describe('accounts', () => {
  const anna: Account = {
    principal: { name: 'anna', kind: 'user', groups: [], shown: 'basic', scope: undefined, grant: undefined },
    generation: '1',
    endsAtMs: undefined,
  };
  const hash = nobodysHash(10);
  const users = {
    file: { find: (name: string) => (name === 'anna' ? { account: anna, hash } : undefined) },
    login: { check: () => anna },
  };

  it('are those of robots and users, each by its kind', async () => {
    const { directory, robots } = await robotsOnDisk();
    const { record, secret } = robotOf('ci');
    await directory.create(record);
    const accounts = new LocalAccounts(users, robots);
    expect(await accounts.check('ci', secret, 'here')).toMatchObject({ principal: { kind: 'robot' } });
    expect(accounts.check('anna', 'secret', 'here')).toBe(anna);
    expect(accounts.find('robot', 'ci')).toMatchObject({ generation: record.id });
    expect(accounts.find('user', 'anna')).toBe(anna);
    for (const [kind, name] of [
      ['user', 'ci'],
      ['robot', 'anna'],
      ['external', 'anna'],
      ['certificate', 'anna'],
    ] as const) {
      expect(accounts.find(kind, name)).toBeUndefined();
    }
  });

  it('are nobody’s where there is neither a file of users nor a root', () => {
    const accounts = new LocalAccounts(undefined, undefined);
    expect(() => accounts.check('anna', 'secret', 'here')).toThrow(BadCredentialsError);
    expect(accounts.find('user', 'anna')).toBeUndefined();
    expect(accounts.find('robot', 'ci')).toBeUndefined();
  });
});
