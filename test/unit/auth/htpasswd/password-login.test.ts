// Logging in: what is checked and how often, how guesses are slowed, and that nobody can lock anybody else out by them.
import { describe, expect, it } from 'vitest';
import type { Account } from '../../../../src/auth/accounts.ts';
import { BadCredentialsError } from '../../../../src/auth/bad-credentials-error.ts';
import { nobodysHash, type PasswordHash } from '../../../../src/auth/htpasswd/password-hash.ts';
import { PasswordLogin } from '../../../../src/auth/htpasswd/password-login.ts';
import type { User } from '../../../../src/auth/htpasswd/user-file.ts';
import { delayAfter } from '../../../../src/auth/htpasswd/wrong-passwords.ts';
import { anonymous } from '../../../../src/auth/principal.ts';
import { RegistryError } from '../../../../src/oci/error-code.ts';
import { TestClock } from '../../../support/test-clock.ts';

const nobody = nobodysHash(10);

/** A hash that says what it is a hash of: checks take as long as the test wants. */
function hashOf(password: string): PasswordHash {
  return `hash of ${password}` as PasswordHash;
}

function userOf(name: string, password: string): User {
  const principal = { ...anonymous, name, kind: 'user', shown: 'basic' } as const;
  return { account: { principal, generation: password, endsAtMs: undefined }, hash: hashOf(password) };
}

interface Waiting {
  readonly password: string;
  readonly hash: PasswordHash;
  answer(): void;
}

function loginOf(passwords: Readonly<Record<string, string>>) {
  const users = new Map(Object.entries(passwords).map(([name, password]) => [name, userOf(name, password)]));
  const checked: string[] = [];
  const delays: number[] = [];
  const waiting: Waiting[] = [];
  let isHeld = false;
  let releaseDelays: () => void = () => {};
  let delaysEnd: Promise<void> | undefined;
  const clock = new TestClock();
  const login = new PasswordLogin({
    users: { find: (name) => users.get(name), nobody },
    clock,
    isPasswordOf: (hash, password) => {
      checked.push(`${hash === nobody ? 'nobody' : hash} = ${password}`);
      const outcome = hash === hashOf(password);
      if (!isHeld) return Promise.resolve(outcome);
      return new Promise((resolve) => waiting.push({ password, hash, answer: () => resolve(outcome) }));
    },
    wait: async (ms) => {
      delays.push(ms);
      await delaysEnd;
    },
  });
  return {
    ...{ login, users, checked, delays, waiting, clock },
    holdChecks: () => {
      isHeld = true;
    },
    holdDelays: () => {
      delaysEnd = new Promise((resolve) => {
        releaseDelays = resolve;
      });
    },
    releaseDelays: () => releaseDelays(),
    check: async (name: string, password: string, address = '192.0.2.1') => login.check(name, password, address),
  };
}

/** What came of an attempt, in a word. */
async function outcomeOf(attempt: Promise<Account>): Promise<string> {
  return attempt.then(
    ({ principal }) => principal.name ?? 'anonymous',
    (error: unknown) => {
      if (error instanceof BadCredentialsError) return 'wrong';
      return error instanceof RegistryError ? error.code : String(error);
    },
  );
}

const soon = () => new Promise((resolve) => setImmediate(resolve));

describe('a right password', () => {
  it('is checked once in a minute, then known at once', async () => {
    const { login, check, checked, clock, delays } = loginOf({ anna: 'right' });
    expect((await check('anna', 'right')).principal.name).toBe('anna');
    expect(login.check('anna', 'right', '192.0.2.2')).not.toBeInstanceOf(Promise);
    clock.advance(59_000);
    expect(login.check('anna', 'right', '192.0.2.1')).not.toBeInstanceOf(Promise);
    clock.advance(61_000);
    expect(login.check('anna', 'right', '192.0.2.1')).toBeInstanceOf(Promise);
    await soon();
    expect(checked).toEqual(['hash of right = right', 'hash of right = right']);
    expect(delays).toEqual([]);
  });

  it('is checked against what the file says in the end, also where that is what it said at first', async () => {
    const { login, users, waiting, holdChecks } = loginOf({ anna: 'secret' });
    holdChecks();
    const attempt = outcomeOf(Promise.resolve(login.check('anna', 'secret', '192.0.2.1')));
    for (const next of ['other', 'secret', 'secret']) {
      await expect.poll(() => waiting.length).toBe(1);
      users.set('anna', userOf('anna', next));
      waiting.shift()?.answer();
    }
    expect(await attempt).toBe('anna');
  });

  it('is no longer known as soon as it changed, or its user is gone', async () => {
    const { login, check, users } = loginOf({ anna: 'right' });
    await check('anna', 'right');
    users.set('anna', userOf('anna', 'changed'));
    expect(await outcomeOf(check('anna', 'right'))).toBe('wrong');
    expect((await check('anna', 'changed')).principal.name).toBe('anna');
    users.delete('anna');
    expect(await outcomeOf(check('anna', 'changed'))).toBe('wrong');
    users.set('bert', userOf('bert', 'changed'));
    expect(login.check('bert', 'changed', '192.0.2.1')).toBeInstanceOf(Promise);
  });

  it('is judged by what the file says when the check has ended', async () => {
    const { check, users, holdChecks, waiting } = loginOf({ anna: 'old', bert: 'old' });
    holdChecks();
    const [anna, bert] = [check('anna', 'new'), check('bert', 'old')];
    users.set('anna', userOf('anna', 'new'));
    users.delete('bert');
    const outcomes = Promise.all([outcomeOf(anna), outcomeOf(bert)]);
    for (let count = 0; count < 4; count += 1) {
      await soon();
      waiting.shift()?.answer();
    }
    expect(await outcomes).toEqual(['anna', 'wrong']);
  });

  it('is checked once when many show it at the same time, from wherever', async () => {
    const { check, checked } = loginOf({ anna: 'right' });
    const all = Array.from({ length: 300 }, (_, at) => check('anna', 'right', `192.0.2.${at % 100}`));
    expect(new Set((await Promise.all(all)).map(({ principal }) => principal.name))).toEqual(new Set(['anna']));
    expect(checked).toEqual(['hash of right = right']);
  });

  it('is not waited for behind the guesses of others, whatever they guess', async () => {
    const { check, holdChecks, waiting, checked } = loginOf({ anna: 'right' });
    holdChecks();
    const guesses = Array.from({ length: 200 }, (_, at) => outcomeOf(check(`user-${at}`, 'guess', '198.51.100.1')));
    const anna = outcomeOf(check('anna', 'right'));
    waiting.shift()?.answer();
    await soon();
    waiting.shift()?.answer();
    // Its turn comes after at most one check of each other address, and the one under way.
    while (checked.length < 3) await soon();
    expect(checked.slice(0, 3)).toContain('hash of right = right');
    while (!(await Promise.race([anna.then(() => true), soon().then(() => false)]))) waiting.shift()?.answer();
    expect(await anna).toBe('anna');
    expect(guesses).toHaveLength(200);
  });

  it('is not locked out by whoever guesses it: not elsewhere, and not at the same address once it was right', async () => {
    const { check, holdDelays, clock } = loginOf({ anna: 'right' });
    await check('anna', 'right', '192.0.2.1');
    clock.advance(3_600_000);
    holdDelays();
    for (const address of ['192.0.2.1', '198.51.100.1']) {
      for (let at = 0; at < 4; at += 1) void outcomeOf(check('anna', `guess ${at}`, address));
      await soon();
      expect(await outcomeOf(check('anna', 'guess too many', address))).toBe('TOOMANYREQUESTS');
    }
    expect(await outcomeOf(check('anna', 'right', '192.0.2.1'))).toBe('anna');
    expect(await outcomeOf(check('anna', 'right', '192.0.2.9'))).toBe('anna');
  });
});

describe('a wrong password', () => {
  it('waits longer each time, for that user from that address, and is forgotten after a quarter of an hour', async () => {
    const { check, delays, clock } = loginOf({ anna: 'right', bert: 'right' });
    for (let at = 0; at < 7; at += 1) await outcomeOf(check('anna', 'wrong'));
    expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
    delays.length = 0;
    await outcomeOf(check('anna', 'wrong', '198.51.100.1'));
    await outcomeOf(check('bert', 'wrong'));
    clock.advance(16 * 60_000);
    await outcomeOf(check('anna', 'wrong'));
    expect(delays).toEqual([250, 250, 250]);
    expect(delayAfter(1_000_000)).toBe(5_000);
  });

  it('looks the same where nobody has the name: as many checks, as long a delay', async () => {
    const { check, delays, checked } = loginOf({ anna: 'right' });
    for (const name of ['anna', 'nobody']) {
      for (let at = 0; at < 3; at += 1) expect(await outcomeOf(check(name, 'wrong'))).toBe('wrong');
    }
    expect(delays).toEqual([250, 500, 1_000, 250, 500, 1_000]);
    expect(checked.map((each) => each.replace(/^.* = /, ''))).toEqual(Array.from({ length: 6 }, () => 'wrong'));
    expect(checked.slice(3)).toEqual(Array.from({ length: 3 }, () => 'nobody = wrong'));
  });

  it('is checked and answered once while the same one is under way', async () => {
    const { check, checked, delays } = loginOf({ anna: 'right' });
    const all = await Promise.all(Array.from({ length: 50 }, () => outcomeOf(check('anna', 'wrong'))));
    expect(new Set(all)).toEqual(new Set(['wrong']));
    expect(checked).toHaveLength(1);
    expect(delays).toEqual([250]);
  });

  it('may be four different ones of a user, and 256 of an address, until they are answered', async () => {
    const { check, holdDelays, releaseDelays } = loginOf({ anna: 'right' });
    holdDelays();
    const first = Array.from({ length: 4 }, (_, at) => outcomeOf(check('anna', `wrong ${at}`)));
    expect(await outcomeOf(check('anna', 'one more'))).toBe('TOOMANYREQUESTS');
    const others = Array.from({ length: 252 }, (_, at) => outcomeOf(check(`user ${at}`, 'wrong')));
    expect(await outcomeOf(check('user 252', 'wrong'))).toBe('TOOMANYREQUESTS');
    expect(await outcomeOf(check('anna', 'right', '198.51.100.1'))).toBe('anna');
    releaseDelays();
    expect(new Set(await Promise.all([...first, ...others]))).toEqual(new Set(['wrong']));
    expect(await outcomeOf(check('anna', 'right'))).toBe('anna');
  });

  it('is an empty one, whatever a file says', async () => {
    const { check } = loginOf({ anna: '' });
    expect(await outcomeOf(check('anna', ''))).toBe('wrong');
  });

  it('says when to try again', async () => {
    const { check, holdDelays } = loginOf({ anna: 'right' });
    holdDelays();
    for (let at = 0; at < 4; at += 1) void outcomeOf(check('anna', `wrong ${at}`));
    const refusal = await check('anna', 'one more').catch((error: unknown) => error);
    expect(refusal).toMatchObject({ status: 429, headers: { 'Retry-After': '1' } });
  });
});

it('that no password can be checked is no wrong password', async () => {
  const users = { find: () => userOf('anna', 'right'), nobody };
  const login = new PasswordLogin({
    users,
    clock: new TestClock(),
    isPasswordOf: async () => {
      throw new Error('the thread ended');
    },
  });
  expect(await outcomeOf(Promise.resolve(login.check('anna', 'right', '192.0.2.1')))).toBe('UNAVAILABLE');
});
