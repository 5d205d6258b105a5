// The users of a file that changes: what is known of them, and what is said when the file is broken.
import { renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { costOf } from '../../../../src/auth/htpasswd/password-hash.ts';
import { UserFile, UserFileError } from '../../../../src/auth/htpasswd/user-file.ts';
import { WatchedFile } from '../../../../src/storage/filesystem/watched-file.ts';
import type { Log } from '../../../../src/storage/log.ts';
import { sharedFile } from '../../../support/shared-reads.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { TestClock } from '../../../support/test-clock.ts';

const hashOf = (letter: string, cost = '10') => `$2y$${cost}$${letter.repeat(53)}`;

async function userFile(text: string) {
  const path = join(await temporaryDirectory(), 'users');
  const clock = new TestClock();
  const said: string[] = [];
  const read: string[][] = [];
  const say = (message: string, details: object) => said.push(`${message}: ${JSON.stringify(details)}`);
  const log: Log = { info: say, slow: say, warn: say };
  writeFileSync(path, text);
  const users = new UserFile(new WatchedFile(path, { maxBytes: 10_000, clock }), {
    log,
    onRead: (names) => read.push([...names]),
  });
  const change = (changed: string) => {
    writeFileSync(`${path}.draft`, changed);
    renameSync(`${path}.draft`, path);
    clock.advance(10_000);
  };
  return { path, users, said, read, change, clock };
}

describe('the users of a file', () => {
  it('are accounts, whose groups are those of rules', async () => {
    const { users } = await userFile(`anna:${hashOf('a')}\nbert:${hashOf('b')}`);
    expect(users.find('anna')?.account).toEqual({
      principal: {
        name: 'anna',
        kind: 'user',
        groups: [],
        shown: 'basic',
        scope: undefined,
        grant: undefined,
      },
      generation: expect.stringMatching(/^[\w-]{22}$/),
      endsAtMs: undefined,
    });
    expect(users.find('bert')?.account.principal.name).toBe('bert');
    expect(users.find('cora')).toBeUndefined();
    expect(users.find('__proto__')).toBeUndefined();
  });

  it('come, go and change with the file; who did not change is the same', async () => {
    const { users, change, said } = await userFile(`anna:${hashOf('a')}\nbert:${hashOf('b')}`);
    const [anna, bert] = [users.find('anna'), users.find('bert')];
    change(`anna:${hashOf('a')}\nbert:${hashOf('c')}\ncora:${hashOf('d')}`);
    expect(users.find('anna')).toBe(anna);
    expect(users.find('cora')?.account.principal.name).toBe('cora');
    expect(users.find('bert')?.account.generation).not.toBe(bert?.account.generation);
    change(`anna:${hashOf('a')}\nbert:${hashOf('b')}`);
    expect(users.find('bert')?.account.generation).toBe(bert?.account.generation);
    expect(users.find('cora')).toBeUndefined();
    expect(said.every((line) => line.startsWith('users read again'))).toBe(true);
  });

  it('stay as they were while the file is broken or gone, which is said once for each version of it', async () => {
    const { path, users, change, said, clock } = await userFile(`anna:${hashOf('a')}`);
    const anna = users.find('anna');
    change(`anna:${hashOf('b')}\nbert:$apr1$SECRET`);
    for (let count = 0; count < 3; count += 1) {
      expect(users.find('anna')).toBe(anna);
      clock.advance(10_000);
    }
    expect(said).toEqual([expect.stringMatching(/^users stay as they were.*, line 2: the password of .*MD5/)]);
    expect(said.join()).not.toContain('SECRET');
    unlinkSync(path);
    clock.advance(10_000);
    expect(users.find('anna')).toBe(anna);
    clock.advance(10_000);
    expect(users.find('anna')).toBe(anna);
    expect(said[1]).toMatch(/users: there is no such file; .*moorage user add NAME/);
    expect(said).toHaveLength(2);
    change(`anna:${hashOf('b')}`);
    expect(users.find('anna')?.hash).toBe(hashOf('b'));
  });

  it('are not begun with when the file is broken or not there', async () => {
    await expect(userFile('anna:secret')).rejects.toThrow(UserFileError);
    await expect(userFile('anna:secret')).rejects.toThrow(/users, line 1: .* is not hashed; only bcrypt/);
    const absent = new WatchedFile(join(await temporaryDirectory(), 'none'), { maxBytes: 1 });
    const log: Log = { info: () => {}, slow: () => {}, warn: () => {} };
    expect(() => new UserFile(absent, { log, onRead: () => {} })).toThrow(
      /none: there is no such file; "moorage user add NAME"/,
    );
  });

  it('have a hash beside them that is nobody’s, at the cost of most of them', async () => {
    const { users, change, said } = await userFile('');
    expect(said).toEqual([expect.stringContaining('there are no users: nobody can log in with a password')]);
    expect(costOf(users.nobody)).toBe(10);
    change(`a:${hashOf('a', '12')}\nb:${hashOf('a', '12')}\nc:${hashOf('a', '05')}`);
    expect(users.find('nobody')).toBeUndefined();
    expect(costOf(users.nobody)).toBe(12);
    const { nobody } = users;
    change(`a:${hashOf('a', '12')}`);
    expect(users.find('a')).toBeDefined();
    expect(users.nobody).toBe(nobody);
  });
});

describe('the users of a file that several processes read', () => {
  async function severalReaders(text: string) {
    const { path, write, sharing } = await sharedFile('users', text);
    const log: Log = { info: () => {}, slow: () => {}, warn: () => {} };
    const reader = () => {
      const clock = new TestClock();
      const watched = new WatchedFile(path, { maxBytes: 10_000, clock });
      const users = new UserFile(watched, { log, onRead: () => {}, sharing: sharing() });
      const look = (name: string) => {
        clock.advance(10_000);
        return users.find(name) !== undefined;
      };
      return { users, look };
    };
    return { write, one: reader(), two: reader() };
  }

  it('are gone for one that saw it only when it was broken', async () => {
    const { write, one, two } = await severalReaders(`anna:${hashOf('a')}\nbert:${hashOf('b')}`);
    await write(`bert:${hashOf('b')}`);
    expect(one.look('anna')).toBe(false);
    await write('broken');
    expect([two.look('anna'), two.look('bert')]).toEqual([false, true]);
    expect([one.look('anna'), one.look('bert')]).toEqual([false, true]);
  });

  it('are never those of an earlier version', async () => {
    const { write, one, two } = await severalReaders(`anna:${hashOf('a')}`);
    await write(`anna:${hashOf('a')}\nbert:${hashOf('b')}`);
    expect(one.look('bert')).toBe(true);
    await write(`anna:${hashOf('a')}`);
    expect(two.look('bert')).toBe(false);
    expect(one.look('bert')).toBe(false);
    expect(two.users.find('bert')).toBeUndefined();
  });
});
